"""What PyRadiomics writes beside its features: version, settings, voxels. Facts, not features.

Versions before 2.1.0 write ``general_info_Version``, later ones
``diagnostics_Versions_PyRadiomics``. Hashes and bounding boxes are left aside: whose images they
are of is not here to be compared with.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import number, text
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.measured_tables import FeaturesTable

_PREFIXES = ("diagnostics_", "general_info_")
_VERSION = ("diagnostics_Versions_PyRadiomics", "general_info_Version")
_IMAGE_TYPES = ("diagnostics_Configuration_EnabledImageTypes", "general_info_EnabledImageTypes")
_SETTINGS = ("diagnostics_Configuration_Settings", "general_info_GeneralSettings")
_LIBRARIES: Mapping[str, Sequence[str]] = {
    "numpy": ("diagnostics_Versions_Numpy", "general_info_NumpyVersion"),
    "SimpleITK": ("diagnostics_Versions_SimpleITK", "general_info_SimpleITKVersion"),
    "PyWavelets": ("diagnostics_Versions_PyWavelet", "general_info_PyWaveletVersion"),
    "python": ("diagnostics_Versions_Python",),
}
# of the mask that was measured in the end: the last step that was taken
_VOXELS = (
    "diagnostics_Mask-resegmented_VoxelNum",
    "diagnostics_Mask-interpolated_VoxelNum",
    "diagnostics_Mask-corrected_VoxelNum",
    "diagnostics_Mask-original_VoxelNum",
    "general_info_VoxelNum",
)
# which value of the mask was measured: a fact of the region
_OF_THE_REGION = ("label", "label_channel")


def is_fact(column: str) -> bool:
    """Whether a column holds a fact of the extraction."""
    return column.startswith(_PREFIXES)


def extraction_facts(declaration: FeaturesTable, read: FileTable) -> pl.DataFrame:
    """Read what the table says of the extraction of each row.

    Returns
    -------
    polars.DataFrame
        ``source_row``, ``engine_version``, ``settings`` (canonical JSON; ``{}`` where the table
        does not say them), ``library_versions`` (canonical JSON or NULL) and ``voxel_count``.
    """
    cells = read.rows.select(
        SOURCE_ROW,
        version=_first(read, _VERSION, declaration.missing),
        image_types=_first(read, _IMAGE_TYPES, declaration.missing),
        given_settings=_first(read, _SETTINGS, declaration.missing),
        voxels=_first(read, _VOXELS, declaration.missing),
        **{name: _first(read, at, declaration.missing) for name, at in _LIBRARIES.items()},
    )
    said = cells.select("image_types", "given_settings").unique()
    settings = pl.Series(
        [_settings(types, given) for types, given in said.iter_rows()], dtype=pl.String
    )
    cells = cells.join(
        said.with_columns(settings=settings),
        on=["image_types", "given_settings"],
        nulls_equal=True,
        maintain_order="left",
    )
    libraries = [_libraries(row) for row in cells.select(*_LIBRARIES).iter_rows(named=True)]
    voxels = number("voxels")
    return cells.select(
        SOURCE_ROW,
        "settings",
        # PyRadiomics 3 writes v3.0.1
        engine_version=pl.col("version").str.replace(r"^v(\d)", "$1"),
        library_versions=pl.Series(libraries, dtype=pl.String),
        voxel_count=pl.when((voxels == voxels.round()) & (voxels >= 0))
        .then(voxels)
        .cast(pl.Int64, strict=False),
    )


def take_version(rows: pl.DataFrame, declaration: FeaturesTable, gate: RowGate) -> pl.DataFrame:
    """Keep the rows whose ``engine_version`` is known and is what the cohort file says, if it does.

    The others are refused (``engine_version_unclear``).
    """
    declared = pl.lit(declaration.engine_version, pl.String)
    version = pl.col("engine_version")
    rows = gate.drop(
        rows,
        version != declared,
        "engine_version_unclear",
        pl.format("the table says {}, the cohort file {}", version, declared),
    )
    rows = rows.with_columns(engine_version=pl.coalesce(version, declared))
    detail = "no diagnostics say it, nor does the cohort file"
    return gate.drop(rows, version.is_null(), "engine_version_unclear", detail)


def _first(read: FileTable, columns: Sequence[str], missing: Sequence[str]) -> pl.Expr:
    """Cell of the first column that the table has and that has one."""
    present = [text(column, missing) for column in columns if column in read.columns]
    return pl.coalesce(present) if present else pl.lit(None, pl.String)


def _libraries(row: Mapping[str, str | None]) -> str | None:
    known = {name: version for name, version in row.items() if version is not None}
    return canonical_json(known) if known else None


def _settings(image_types: str | None, settings: str | None) -> str:
    """Write settings as given, in the form that extractions of images have."""
    known = {"image_types": _literal(image_types), "settings": _literal(settings)}
    return canonical_json({name: value for name, value in known.items() if value is not None})


def _literal(cell: str | None) -> Any:
    """Value of a Python literal; of what is none its hash, which tells it from others."""
    if cell is None:
        return None
    try:
        value = ast.literal_eval(cell)
        if isinstance(value, dict):
            value = {key: kept for key, kept in value.items() if key not in _OF_THE_REGION}
        return json.loads(json.dumps(value, allow_nan=False))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return {"sha256": text_hash(cell)}
