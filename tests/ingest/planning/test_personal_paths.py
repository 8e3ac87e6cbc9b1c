from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.planning import personal_paths
from roentgene.ingest.planning.image_sources import SourceFiles
from roentgene.ingest.planning.personal_paths import (
    StoredNames,
    hidden_name,
    personal_field,
    stored_names,
    without_personal_paths,
)
from roentgene.ingest.privacy import Privacy
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.sources.pair import Pair
from roentgene.ingest.tables.identifiers import normalise_id
from roentgene.schemas.cohort import ImageSource
from roentgene.schemas.study import AllowedText
from roentgene.warehouse.id_key import IdKey

KEY = IdKey(bytes(range(40)))
PATTERN = "{patient_id}/t1.nii.gz"


def pair(folder: Path, patient: str, **more: Any) -> Pair:
    image, mask = folder / patient / "t1.nii.gz", folder / patient / "mask.nii.gz"
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_bytes(b"image")
    mask.write_bytes(b"mask")
    return Pair(image, mask, {"patient_id": patient, "sequence": "T1"}, "visit", **more)


def source(*pairs: Pair, refused: tuple[Refusal, ...] = (), **declared: Any) -> SourceFiles:
    asked = {"pattern": PATTERN, "mask": "{patient_id}/mask.nii.gz", **declared}
    return SourceFiles(0, ImageSource.model_validate(asked), pairs, refused, {})


def cleaned(
    given: SourceFiles, folder: Path, privacy: Privacy | None = None
) -> tuple[SourceFiles, StoredNames]:
    privacy = privacy or Privacy()
    names = stored_names(
        [given], folder, lambda one, of: normalise_id(one, of.normalise, privacy.key)
    )
    return without_personal_paths(given, names, privacy), names


def test_the_examples_hold() -> None:
    assert doctest.testmod(personal_paths).failed == 0


def test_files_below_a_person_s_name_are_refused_one_by_one(tmp_path: Path) -> None:
    sound, hostile = pair(tmp_path, "P1"), pair(tmp_path, "DOE^JOHN")
    found, _ = cleaned(source(sound, hostile), tmp_path)
    assert found.pairs == (sound,)
    told = [(r.stage, r.reason_code, r.file_path) for r in found.refused]
    assert told == [("manifest", "looks_like_person", PATTERN)] * 2
    assert len({refusal.subject for refusal in found.refused}) == 2
    assert not any("DOE" in refusal.line() for refusal in found.refused)


def test_a_file_of_a_manifest_is_told_by_its_line(tmp_path: Path) -> None:
    hostile = pair(tmp_path, "DOE^JOHN", listed_in="pairs.csv", row_number=7)
    declared = {"pattern": None, "mask": None, "manifest": "pairs.csv"}
    found, _ = cleaned(source(hostile, **declared), tmp_path)
    assert {(r.file_path, r.row_number) for r in found.refused} == {("pairs.csv", 7)}


def test_refusals_of_single_files_tell_no_personal_path(tmp_path: Path) -> None:
    path = tmp_path / "DOE^JOHN" / "t1.nii.gz"
    alone = Refusal("manifest", "mask_missing", "DOE^JOHN T1", "no mask", file_path=str(path))
    sound = Refusal("manifest", "mask_missing", "P1 T1", "no mask", file_path="P1/t1.nii.gz")
    found, _ = cleaned(source(refused=(alone, sound)), tmp_path)
    assert found.refused[1] == sound
    assert found.refused[0].file_path == PATTERN
    assert "DOE" not in found.refused[0].line()


def test_paths_can_be_allowed_openly(tmp_path: Path) -> None:
    shifted = pair(tmp_path, "P1/01-01-2000")
    assert cleaned(source(shifted), tmp_path)[0].pairs == ()
    allowed = AllowedText(column="file_path", pattern=r".*/01-01-2000/.*", reason="TCIA shifts")
    assert cleaned(source(shifted), tmp_path, Privacy(allow=(allowed,)))[0].pairs == (shifted,)


def test_hashed_ids_take_the_place_of_given_ones_in_names(tmp_path: Path) -> None:
    given = pair(tmp_path, "4711")
    found, names = cleaned(source(given, normalise=["keyed_hash"]), tmp_path, Privacy(KEY))
    assert found.pairs == (given,)
    assert names(given.image) == f"{KEY.hashed('4711')}/t1.nii.gz"
    assert names(tmp_path / "other.csv") == "other.csv"


def test_a_path_whose_only_person_is_hashed_may_stay(tmp_path: Path) -> None:
    given = pair(tmp_path, "DOE^JOHN")
    found, names = cleaned(source(given, normalise=["keyed_hash"]), tmp_path, Privacy(KEY))
    assert found.pairs == (given,)
    assert "DOE" not in names(given.image)


def test_refusals_of_hashing_sources_tell_no_id(tmp_path: Path) -> None:
    alone = Refusal("manifest", "mask_missing", "4711 T1", "no mask", file_path="4711/t1.nii.gz")
    listed = Refusal("manifest", "missing_field", "4711 T1", "x", file_path="a.csv", row_number=3)
    given = source(refused=(alone, listed), normalise=["keyed_hash"])
    found, _ = cleaned(given, tmp_path, Privacy(KEY))
    assert [(r.file_path, r.row_number) for r in found.refused] == [(PATTERN, None), ("a.csv", 3)]
    assert not any("4711" in refusal.line() for refusal in found.refused)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/7/7_t1.nii", "a/H/H_t1.nii"),
        ("a/17/7.nii", "a/17/H.nii"),
        ("P7x.nii", "PHx.nii"),
        ("none.nii", "none.nii"),
    ],
)
def test_an_id_is_replaced_as_a_part_of_its_own(name: str, expected: str) -> None:
    assert hidden_name(name, "7", "H") == expected


def test_a_field_that_looks_like_a_person_is_found(tmp_path: Path) -> None:
    plain = pair(tmp_path, "P1")
    assert personal_field(plain, "P1", Privacy()) is None
    assert personal_field(plain, "X_20000101", Privacy()) == ("patient_id", "calendar date")
    read_by = Pair(plain.image, plain.mask, {**plain.fields, "rater_id": "DOE^JANE"}, "visit")
    assert personal_field(read_by, "P1", Privacy()) == ("rater_id", "person name")
    allowed = AllowedText(column="rater_id", pattern="DOE.JANE", reason="she published so")
    assert personal_field(read_by, "P1", Privacy(allow=(allowed,))) is None
