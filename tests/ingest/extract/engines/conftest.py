"""The digital phantom of IBSI 1, its reference values, and networks made byte by byte."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path

import pytest
import SimpleITK as sitk

from roentgene.ingest.extract.engines.vocabularies import describe

#: IBSI's words for its aggregation methods, as the reference values are called.
_SUFFIXES = {
    **{"BTW3": "2D_avg", "SUJT": "2D_comb", "JJUI": "2_5D_avg", "ZW7Z": "2_5D_comb"},
    **{"ITBB": "3D_avg", "IAZD": "3D_comb", "8QNN": "2D", "62GR": "2_5D", "KOBO": "3D"},
}


@dataclass(frozen=True)
class Ibsi:
    """Reference values of the digital phantom."""

    values: Mapping[str, tuple[float, float]]
    tags: Mapping[str, str]

    def tag(self, engine: str, feature: str) -> str | None:
        """What IBSI calls a feature; None where it has no reference value of it."""
        if feature in self.values:
            return feature
        word = describe(engine, feature).word
        if word is None or word.ibsi_code not in self.tags:
            return None
        stem = self.tags[word.ibsi_code]
        tag = f"{stem}_{_SUFFIXES[word.ibsi_aggregation]}" if word.ibsi_aggregation else stem
        return tag if tag in self.values else None

    def compare(self, engine: str, found: Mapping[str, float | None]) -> tuple[set[str], set[str]]:
        """Features that agree with IBSI, and those that differ."""
        tags = {feature: self.tag(engine, feature) for feature in found}
        known = {feature: tag for feature, tag in tags.items() if tag is not None}
        same = {feature for feature, tag in known.items() if self._agrees(tag, found[feature])}
        return same, set(known) - same

    def _agrees(self, tag: str, value: float | None) -> bool:
        """IBSI's rule: three significant figures, and then the tolerance."""
        reference, tolerance = self.values[tag]
        if value is None:
            return False
        digits = 2 - floor(log10(abs(reference))) if reference else 12
        return abs(round(value, digits) - reference) <= tolerance + 1e-9 * abs(reference)


@pytest.fixture(scope="session")
def ibsi(shared_data: Path) -> Ibsi:
    folder = shared_data / "reference"
    with (folder / "ibsi_1_digital_phantom.csv").open(encoding="utf-8") as file:
        values = {
            row["tag"]: (float(row["reference_value"]), float(row["tolerance"]))
            for row in csv.DictReader(file)
            if row["reference_value"]
        }
    with (folder / "ibsi_crosswalk.csv").open(encoding="utf-8") as file:
        tags = {
            row["ibsi_id"]: row["ibsi_tag"].removesuffix("_avg").removesuffix("_comb")
            for row in csv.DictReader(file)
            if row["ibsi_id"]
        }
    return Ibsi(values, {code: tag.removesuffix("_3D") for code, tag in tags.items()})


@pytest.fixture(scope="session")
def phantom(shared_data: Path) -> tuple[sitk.Image, sitk.Image]:
    """Image and mask."""
    folder = shared_data / "images" / "ibsi_digital_phantom"
    image = sitk.ReadImage(str(folder / "image" / "phantom.nii.gz"))
    return image, sitk.ReadImage(str(folder / "mask" / "mask.nii.gz"))


Network = Callable[..., Path]


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Write an ONNX file: one input, and for each output the operator that makes it of it.

    The messages are those of ``onnx.proto``; only what is needed is written.
    """

    def written(
        outputs: Mapping[str, str],
        shape: Sequence[int | str] = ("n", "c", "d", "h", "w"),
        name: str = "network.onnx",
    ) -> Path:
        graph = [
            *(
                _message(1, _text(1, "image"), _text(2, output), _text(4, operator))
                for output, operator in outputs.items()
            ),
            _text(2, "test"),
            _message(11, _value("image", shape)),
            *(_message(12, _value(output, [f"a{i}" for i in shape])) for output in outputs),
        ]
        model = [_number(1, 8), _message(7, *graph), _message(8, _text(1, ""), _number(2, 17))]
        path = tmp_path / name
        path.write_bytes(b"".join(model))
        return path

    return written


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    axes = [_message(1, _number(1, n) if isinstance(n, int) else _text(2, n)) for n in shape]
    tensor = _message(1, _number(1, 1), _message(2, *axes))  # elements of type float
    return _text(1, name) + _message(2, tensor)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _message(field: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())
