"""A delivery of many malformed pairs: each lands under its own code, the sound ones commit."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml

from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.run import run_ingest
from roentgene.schemas.study import Profile, Study
from roentgene.schemas.words import reason_codes
from roentgene.warehouse.opening import create_warehouse, open_warehouse

#: The second reads voxels outside of the region.
PROFILES = {
    "plain": Profile(feature_classes=("firstorder",), settings={"binWidth": 25}),
    "filtering": Profile(
        image_types={"Original": {}, "LoG": {"sigma": [2.0]}},
        feature_classes=("firstorder",),
        settings={"binWidth": 25},
    ),
}
SUFFIXES = ("nii.gz", "nii", "nrrd", "mha", "vtk")
#: Measured as if nothing were wrong, for nothing is: name, suffix, origin of the mask.
SOUND = {
    **{f"sound_{suffix}": (suffix, (10.0, 20.0, 30.0)) for suffix in SUFFIXES[:-1]},
    "sound_within_tolerance": ("nrrd", (10.0, 20.0, 30.001)),
}
MEASURED = """
SELECT patient_id, profile, measurement.status, measurement.reason
FROM imaging.measurement
JOIN imaging.segmentation USING (segmentation_id)
JOIN imaging.extraction USING (extraction_id)
"""


@dataclass
class Delivered:
    """The corpus, the sound pairs beside it, and what their ingest gave."""

    corpus: ModuleType
    warehouse: Path
    cohort_file: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.warehouse) as warehouse:
            return list(warehouse.rows(sql))

    @property
    def n_quarantined(self) -> int:
        ((found,),) = self.rows("SELECT count(*) FROM ops.quarantine")
        return int(found)

    def measured(self) -> dict[str, dict[str, tuple[str, str | None]]]:
        """Status and reason by patient and profile."""
        found: dict[str, dict[str, tuple[str, str | None]]] = defaultdict(dict)
        for patient, profile, status, reason in self.rows(MEASURED):
            found[patient][profile] = (status, reason)
        return found


@pytest.fixture(scope="module")
def corpus() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        import malformed_pairs

        yield malformed_pairs


@pytest.fixture(scope="module")
def delivered(corpus: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    folder = tmp_path_factory.mktemp("malformed")
    for seed, (name, made) in enumerate(corpus.MALFORMED.items()):
        corpus.write_pair(folder, name, made, seed)
    for seed, (name, (suffix, origin)) in enumerate(SOUND.items(), start=1000):
        sound = corpus.Malformed("", suffix=suffix, geometry={"origin": origin})
        corpus.write_pair(folder, name, sound, seed)
    volumes = corpus.Malformed("", group="perfusion", image=corpus.in_four(3))
    corpus.write_pair(folder, "sound_volume", volumes, 2000)
    cohort_file = folder / "cohort.yaml"
    cohort_file.write_text(yaml.safe_dump(cohort()), encoding="utf-8")
    study = Study(name="test", profiles=PROFILES, publish=False)
    warehouse = create_warehouse(folder / "study", study).root
    run_ingest(warehouse, cohort_file, Serial())
    return Delivered(corpus, warehouse, cohort_file)


def cohort() -> dict[str, Any]:
    source = {"timepoint": "baseline", "sequence": "T1", "modality": "MR", "labels": {1: "GTV"}}
    images = [
        {
            "pattern": f"{suffix}/images/{{patient_id}}.{suffix}",
            "mask": f"{suffix}/masks/{{patient_id}}.{suffix}",
            **source,
        }
        for suffix in SUFFIXES
    ]
    perfusion = {
        "pattern": "perfusion/images/{patient_id}.nii.gz",
        "mask": "perfusion/masks/{patient_id}.nii.gz",
        "volume_index": 2,
        **source,
    }
    return {
        "cohort_id": "C",
        "title": "malformed",
        "license": "CC0",
        "day_zero": "baseline_scan",
        "images": [*images, perfusion],
        "profiles": list(PROFILES),
    }


def test_the_corpus_is_large_and_names_known_codes(corpus: ModuleType) -> None:
    assert len(corpus.MALFORMED) >= 40
    assert {made.code for made in corpus.MALFORMED.values()} <= reason_codes().keys()


def test_every_pair_is_refused_under_its_own_code_and_nothing_else_is(
    delivered: Delivered,
) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for file_path, reason_code in delivered.rows(
        "SELECT file_path, reason_code FROM ops.quarantine"
    ):
        found[Path(file_path).name.partition(".")[0]].add(reason_code)
    assert found == {name: {made.code} for name, made in delivered.corpus.MALFORMED.items()}


def test_every_measurement_says_what_became_of_it(delivered: Delivered) -> None:
    expected = {
        name: dict.fromkeys(PROFILES, (made.status, reason_of(made)))
        for name, made in delivered.corpus.MALFORMED.items()
        if made.status is not None
    }
    # what is not read does no harm
    expected["nan_outside_of_a_filtered_region"]["plain"] = ("ok", None)
    sound = dict.fromkeys(PROFILES, ("ok", None))
    assert delivered.measured() == expected | dict.fromkeys([*SOUND, "sound_volume"], sound)


def reason_of(made: Any) -> str:
    return "label_absent" if made.status == "label_absent" else str(made.code)


def test_sound_pairs_have_the_values_of_their_voxels(delivered: Delivered) -> None:
    means = dict(
        delivered.rows(
            """
            SELECT patient_id, value FROM imaging.radiomic_feature
            WHERE feature = 'original_firstorder_Mean' AND profile = 'plain'
            """
        )
    )
    inside = delivered.corpus.labels() == 1
    for seed, name in enumerate(SOUND, start=1000):
        voxels = delivered.corpus.intensities(seed)[inside]
        assert means[name] == pytest.approx(voxels.mean(dtype=np.float64)), name
    # of three volumes that are 0, 1 and 2 higher, the last was asked for
    volume = delivered.corpus.intensities(2000)[inside] + 2
    assert means["sound_volume"] == pytest.approx(volume.mean(dtype=np.float64))
    assert delivered.rows(
        "SELECT patient_id FROM imaging.series WHERE volume_index = 2 ORDER BY patient_id"
    ) == [("sound_volume",), ("volume_beyond_the_last",)]


def test_differences_of_grids_are_stored_for_whoever_was_refused(delivered: Delivered) -> None:
    found = {
        patient: numbers
        for patient, *numbers in delivered.rows(
            """
            SELECT patient_id, size_difference, spacing_difference_mm, origin_difference_mm,
              direction_difference, corner_distance_mm
            FROM imaging.measurement
            JOIN imaging.segmentation USING (segmentation_id)
            JOIN imaging.extraction USING (extraction_id)
            WHERE profile = 'plain'
            """
        )
    }
    assert found["sound_nii.gz"] == [0, 0, 0, 0, 0]
    assert found["mask_origin_5_mm_off"] == [0, 0, 5, 0, 5]
    # the last of 12 slices is 11 times half a millimetre off
    assert found["mask_spacing_other"] == [0, 0.5, 0, 0, 5.5]
    # the far corner goes from (13, 18) mm to (-13, -18) mm
    turned = pytest.approx(2 * (13**2 + 18**2) ** 0.5)
    assert found["mask_direction_flipped"] == [0, 0, 0, 2, turned]
    assert found["mask_size_one_slice_less"] == [1, 0, 0, 0, 2]
    assert found["nii_truncated"] == [None] * 5


def test_values_of_masks_can_be_asked_for(delivered: Delivered) -> None:
    inventories: dict[str, dict[int, int]] = defaultdict(dict)
    for patient, label, count in delivered.rows(
        """
        SELECT DISTINCT patient_id, label, mask_label.voxel_count
        FROM imaging.segmentation
        JOIN imaging.mask_label USING (cohort_id, source_hash)
        """
    ):
        inventories[patient][label] = count
    n_voxels = delivered.corpus.labels().size
    assert inventories["mask_label_255"] == {0: n_voxels - 125, 255: 125}
    assert inventories["mask_empty"] == {0: n_voxels}
    assert inventories["mask_full"] == {1: n_voxels}
    assert "mask_scaled_by_255" not in inventories
    assert delivered.rows(
        """
        SELECT DISTINCT n_components, largest_component_share
        FROM imaging.segmentation WHERE patient_id = 'region_in_many_pieces'
        """
    ) == [(150, pytest.approx(1 / 150))]


def test_the_gates_counted_what_they_met(delivered: Delivered) -> None:
    counted = dict(
        delivered.rows("SELECT rule, n_refused FROM ops.gate_result WHERE stage = 'image'")
    )
    met = dict(
        delivered.rows(
            "SELECT reason_code, count(*) FROM ops.quarantine WHERE stage = 'image' GROUP BY ALL"
        )
    )
    assert {rule: n for rule, n in counted.items() if n} == met


def test_no_message_says_where_the_delivery_lies(delivered: Delivered) -> None:
    details = delivered.rows("SELECT detail, file_path FROM ops.quarantine")
    assert not [row for row in details if str(delivered.cohort_file.parent) in " ".join(row)]
    assert not [detail for detail, _ in details if "\n" in detail or len(detail) > 300]


def test_the_same_delivery_again_commits_nothing(delivered: Delivered) -> None:
    again = run_ingest(delivered.warehouse, delivered.cohort_file, Serial())
    assert (again.batch_id, again.new_refusals) == (None, ())
    assert again.n_known_refusals == delivered.n_quarantined


@pytest.mark.slow
def test_a_pair_that_is_repaired_is_measured_and_its_refusal_is_over(
    delivered: Delivered, tmp_path: Path
) -> None:
    shutil.copytree(delivered.warehouse.parent, tmp_path / "copy", symlinks=True)
    folder = tmp_path / "copy"
    repaired = delivered.corpus.Malformed("")
    delivered.corpus.write_pair(folder, "mask_label_255", repaired, 3000)
    run_ingest(folder / "study", folder / "cohort.yaml", Serial())
    with open_warehouse(folder / "study") as warehouse:
        state = "SELECT state, count(*) FROM ops.quarantine GROUP BY ALL ORDER BY ALL"
        n_others = delivered.n_quarantined - 1
        assert list(warehouse.rows(state)) == [("open", n_others), ("resolved", 1)]
        measured = f"SELECT DISTINCT status FROM ({MEASURED}) WHERE patient_id = 'mask_label_255'"
        assert list(warehouse.rows(measured)) == [("ok",)]
