"""What PyRadiomics writes beside its features, and the extraction that comes of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables
from roentgene.schemas.canonical import canonical_json, text_hash

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

FEATURES: dict[str, Any] = {
    "kind": "features",
    "id": "ID",
    "timepoint": "baseline",
    "sequence": "T1",
    "region": "GTV",
    "rater_id": "{Reader}",
    "engine": "pyradiomics",
    "profile": "published",
}
SETTINGS = {"binWidth": 25, "label": 1, "resampledPixelSpacing": None, "sigma": (1.0, 2.0)}
TODAY = {
    "ID": "P1",
    "Reader": "a",
    "diagnostics_Versions_PyRadiomics": "v3.0.1",
    "diagnostics_Versions_Numpy": "1.26.4",
    "diagnostics_Versions_Python": "3.8.10",
    "diagnostics_Configuration_Settings": repr(SETTINGS),
    "diagnostics_Configuration_EnabledImageTypes": "{'Original': {}}",
    "diagnostics_Image-original_Hash": "ab12",
    "diagnostics_Mask-original_VoxelNum": "700",
    "diagnostics_Mask-interpolated_VoxelNum": "350",
    "diagnostics_Mask-original_BoundingBox": "(1, 2, 3, 4, 5, 6)",
    "original_firstorder_Mean": "1.5",
}
OLD = {
    "ID": "P1",
    "Reader": "a",
    "general_info_Version": "1.3.0",
    "general_info_GeneralSettings": "{'binWidth': 15}",
    "general_info_VoxelNum": "716",
    "original_firstorder_Mean": "1.5",
}


def written(*rows: Mapping[str, str], separator: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def extractions(staged: StagedTables) -> list[dict[str, Any]]:
    return staged.rows["imaging.extraction"].to_dicts()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_facts_are_those_of_the_extraction_and_no_features(stage: Stage, separator: str) -> None:
    staged = stage(written(TODAY, separator=separator), FEATURES)
    assert staged.refusals == ()
    (extraction,) = extractions(staged)
    assert extraction["engine_version"] == "3.0.1"
    known = {
        "image_types": {"Original": {}},
        "settings": {"binWidth": 25, "resampledPixelSpacing": None, "sigma": [1.0, 2.0]},
    }
    assert json.loads(extraction["settings"]) == known
    assert extraction["settings_hash"] == text_hash(canonical_json(known))
    assert json.loads(extraction["library_versions"]) == {"numpy": "1.26.4", "python": "3.8.10"}
    assert staged.rows["imaging.measurement"]["voxel_count"].to_list() == [350]
    assert staged.rows["imaging.feature_value"]["feature"].to_list() == ["original_firstorder_Mean"]


def test_facts_of_old_versions_have_other_names(stage: Stage) -> None:
    staged = stage(written(OLD), FEATURES)
    (extraction,) = extractions(staged)
    assert extraction["engine_version"] == "1.3.0"
    assert json.loads(extraction["settings"]) == {"settings": {"binWidth": 15}}
    assert staged.rows["imaging.measurement"]["voxel_count"].to_list() == [716]


@pytest.mark.parametrize("said", ["1e30", "-3", "7.5", "many"])
def test_a_count_of_voxels_that_is_none_is_not_known(stage: Stage, said: str) -> None:
    staged = stage(written(OLD | {"general_info_VoxelNum": said}), FEATURES)
    assert staged.rows["imaging.measurement"]["voxel_count"].to_list() == [None]
    assert staged.refusals == ()


def test_other_settings_are_another_extraction_and_another_label_is_not(stage: Stage) -> None:
    key = "diagnostics_Configuration_Settings"
    rows = [
        TODAY,
        TODAY | {"Reader": "b", key: repr(SETTINGS | {"label": 2})},
        TODAY | {key: repr(SETTINGS | {"binWidth": 5})},
    ]
    staged = stage(written(*rows), FEATURES)
    assert staged.refusals == ()
    assert len(extractions(staged)) == 2
    measured = staged.rows["imaging.measurement"].sort("source_row")["extraction_id"].to_list()
    assert measured[0] == measured[1] != measured[2]
    assert staged.rows["imaging.segmentation"].height == 2


@pytest.mark.parametrize(
    "cell", ["{'binWidth': open('x')}", "{'a': nan}", "(" * 10_000, "{1, 2}", "not a literal"]
)
def test_settings_that_are_no_literal_are_known_by_their_hash(stage: Stage, cell: str) -> None:
    staged = stage(written(TODAY | {"diagnostics_Configuration_Settings": cell}), FEATURES)
    (extraction,) = extractions(staged)
    assert json.loads(extraction["settings"])["settings"] == {"sha256": text_hash(cell)}


def test_a_version_must_be_known_and_be_the_declared_one(stage: Stage, told: Told) -> None:
    key = "diagnostics_Versions_PyRadiomics"
    rows = [TODAY, TODAY | {"ID": "P2", key: ""}, TODAY | {"ID": "P3", key: "2.2.0"}]
    staged = stage(written(*rows), FEATURES)
    assert told(staged) == [("engine_version_unclear", 3, None)]
    assert {row["engine_version"] for row in extractions(staged)} == {"3.0.1", "2.2.0"}
    staged = stage(written(*rows), FEATURES | {"engine_version": "3.0.1"})
    assert told(staged) == [("engine_version_unclear", 4, None)]
    assert [row["engine_version"] for row in extractions(staged)] == ["3.0.1"]
    assert staged.rows["imaging.measurement"].height == 2


def test_each_row_is_named_by_its_own_version(stage: Stage) -> None:
    feature, version = "original_shape_Sphericity", "diagnostics_Versions_PyRadiomics"
    rows = [TODAY | {feature: "0.5"}, TODAY | {"ID": "P2", version: "2.0.1", feature: "0.6"}]
    staged = stage(written(*rows), FEATURES)
    found = staged.rows["imaging.feature_value"].select("source_row", "feature", "value").rows()
    assert set(found) == {
        (2, "original_firstorder_Mean", 1.5),
        (2, feature, 0.5),
        (3, "original_firstorder_Mean", 1.5),
        (3, f"{feature}@before-2.1.0", 0.6),
    }


@pytest.mark.realdata
def test_the_old_volume_is_that_of_the_voxels(shared_data: Path) -> None:
    """The evidence of the data for ``original_shape_Volume`` being today's VoxelVolume."""
    (path,) = (shared_data / "repeatability" / "qin_prostate").glob("*.csv")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert len(rows) == 102
    for row in rows:
        x, y, z = (float(size) for size in row["general_info_ImageSpacing"].strip("()").split(","))
        volume = int(row["general_info_VoxelNum"]) * x * y * z
        assert float(row["original_shape_Volume"]) == pytest.approx(volume, rel=1e-9)
