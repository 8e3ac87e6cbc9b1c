"""Deep features: what a network in an ONNX file makes of the crop around a region.

Each output becomes the features ``deep_<output>_<index>``, one a channel; what axes of space are
left is pooled. The network runs on the processor, in one thread.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roentgene.ingest.extract.engines import (
    AskedRegion,
    EnginePath,
    EngineResult,
    onnx_settings,
)
from roentgene.ingest.extract.engines.checking import installed, library_versions
from roentgene.ingest.extract.engines.onnx_settings import OnnxSettings
from roentgene.ingest.extract.engines.vocabularies import DEEP
from roentgene.ingest.extract.work import Extraction
from roentgene.ingest.identity import file_hash
from roentgene.schemas.errors import FileError

if TYPE_CHECKING:
    import SimpleITK as sitk
    from onnxruntime import InferenceSession

EXTRA = "onnx"
_LIBRARIES = ("numpy", "SimpleITK")
_TYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16"}


class Onnx:
    """Any network that ONNX Runtime can run, given as a file."""

    def __init__(self) -> None:
        self._sessions: dict[str, InferenceSession] = {}

    def version(self) -> str:
        """Version of ONNX Runtime."""
        return installed("onnxruntime", EXTRA)

    def library_versions(self) -> dict[str, str]:
        """Versions of Python and of the libraries that bring a region to the network."""
        return library_versions(_LIBRARIES, EXTRA)

    def located(self, settings: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
        """Find the network's file, and hash it; see :mod:`.onnx_settings`."""
        return onnx_settings.located(settings, folder)

    def identifying(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Leave the network's path out: its hash decides over values."""
        return onnx_settings.identifying(settings)

    def check_settings(
        self,
        image_types: Mapping[str, Mapping[str, Any]],
        feature_classes: tuple[str, ...] | None,
        settings: Mapping[str, Any],
    ) -> None:
        """Refuse unknown or wrong settings, and a network that they do not fit."""
        onnx_settings.check_settings(image_types, feature_classes, settings)
        asked = OnnxSettings.model_validate(dict(settings))
        session = self._session(asked)
        _input(session, asked)
        _outputs(session, asked)

    def all_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Complete settings with defaults."""
        return onnx_settings.all_settings(settings)

    def reads_whole_image(self, extraction: Extraction) -> bool:
        """Whether the crop shows more than the region, or the image's mean is taken."""
        return True

    def only_stock_because(self, extraction: Extraction) -> str | None:
        """Nothing: the engine has no fast path."""
        return None

    def extract(
        self,
        image: sitk.Image,
        regions: Sequence[AskedRegion],
        extraction: Extraction,
        path: EnginePath,
    ) -> Iterator[EngineResult | Exception]:
        """Measure regions; see :class:`roentgene.ingest.extract.engines.Engine`."""
        self.version()
        return self._measured(image, regions, OnnxSettings.model_validate(extraction.settings))

    def _measured(
        self, image: sitk.Image, regions: Sequence[AskedRegion], asked: OnnxSettings
    ) -> Iterator[EngineResult | Exception]:
        for region in regions:
            try:
                result = _measure(self._session(asked), image, region, asked)
            except Exception as error:
                yield error
            else:
                yield result

    def _session(self, asked: OnnxSettings) -> InferenceSession:
        """Load a network once a process, and only if it is still the file that was planned."""
        sha256 = asked.network_sha256 or file_hash(Path(asked.network))
        known = self._sessions.get(sha256)
        if known is None:
            known = self._sessions[sha256] = _load(Path(asked.network), sha256)
        return known


def _load(path: Path, sha256: str) -> InferenceSession:
    installed("onnxruntime", EXTRA)
    import onnxruntime

    if file_hash(path) != sha256:
        msg = f"the network {path.name} is another file than it was when the work was planned"
        raise FileError(msg, "Run the ingest again")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        msg = f"settings.network: ONNX Runtime cannot load {path.name}"
        cure = "Check that it is an ONNX file of an opset that this version of ONNX Runtime knows"
        raise FileError(msg, cure) from error


def _measure(
    session: InferenceSession, image: sitk.Image, region: AskedRegion, asked: OnnxSettings
) -> EngineResult:
    import numpy as np

    from roentgene.ingest.extract.engines.onnx_crop import as_input, crop, pooled

    cut = crop(image, region.block, asked)
    name, kind = _input(session, asked)
    names = _outputs(session, asked)
    given = session.run(names, {name: as_input(cut, asked).astype(kind)})
    values: dict[str, float | None] = {}
    for output, found in zip(names, given, strict=True):
        for index, value in enumerate(pooled(found, asked)):
            values[f"{DEEP}_{output}_{index}"] = float(value) if math.isfinite(value) else None
    return EngineResult(values, int(np.count_nonzero(cut.region)), {}, "stock")


def _input(session: InferenceSession, asked: OnnxSettings) -> tuple[str, str]:
    """Name and numpy type of the input that takes the image."""
    inputs = {node.name: node for node in session.get_inputs()}
    if asked.input is None and len(inputs) != 1:
        msg = f"the network has {len(inputs)} inputs"
        raise FileError(msg, f"Name one in settings.input: {', '.join(inputs)}")
    name = asked.input or next(iter(inputs))
    if name not in inputs or len(inputs) > 1:
        msg = f"the network cannot be run with the input {name!r} alone"
        raise FileError(msg, f"Its inputs are {', '.join(inputs)}")
    if inputs[name].type not in _TYPES:
        msg = f"the network's input {name!r} is of {inputs[name].type}"
        raise FileError(msg, f"Only {', '.join(_TYPES)} can be given")
    _fits(inputs[name].shape, asked)
    return name, _TYPES[inputs[name].type]


def _fits(shape: Sequence[Any], asked: OnnxSettings) -> None:
    """Refuse a network whose fixed axes are not those of the crop."""
    x, y, z = asked.size
    channels = asked.channels + (asked.mask == "second_channel")
    length = {"N": 1, "C": channels, "D": z, "H": y, "W": x}
    wanted = [length[axis] for axis in asked.layout]
    fits = len(shape) == len(wanted) and all(
        not isinstance(theirs, int) or theirs == ours
        for theirs, ours in zip(shape, wanted, strict=True)
    )
    if not fits:
        msg = f"the network takes {list(shape)}, and the crop is {wanted} ({asked.layout})"
        raise FileError(msg, "Change size, channels, mask or layout in the settings")


def _outputs(session: InferenceSession, asked: OnnxSettings) -> list[str]:
    """Names of the outputs that become features."""
    known = [node.name for node in session.get_outputs()]
    for name in asked.outputs or ():
        if name not in known:
            msg = f"the network has no output {name!r}"
            raise FileError(msg, f"Its outputs are {', '.join(known)}")
    return asked.outputs or known
