"""The release file: what is wrong with it is said with its key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from roentgene.schemas.errors import FileError
from roentgene.schemas.release import read_release_spec
from roentgene.schemas.release_leaks import LEAKS, Leak
from roentgene.schemas.tell_tales import related_markers, tells_marker, tells_outcome

GOOD: dict[str, Any] = {
    "name": "idh",
    "title": "t",
    "patients": {"cohorts": "LGG"},
    "features": [{"region": "WT"}],
    "target": {"kind": "gene", "name": "IDH1"},
}


def write(folder: Path, **spec: Any) -> Path:
    content = {key: value for key, value in {**GOOD, **spec}.items() if value is not None}
    path = folder / "release.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_a_word_may_stand_for_a_list_of_one(tmp_path: Path) -> None:
    spec = read_release_spec(write(tmp_path))
    assert spec.patients.cohorts == ("LGG",)
    assert spec.features[0].region == ("WT",)
    assert spec.features[0].timepoint == ("*",)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"version": "1.0"}, "'1.0' is no semantic version"),
        # YAML takes it for a number
        ({"version": 1.0}, "1.0 is no semantic version"),
        ({"version": "v1.0.0"}, "no semantic version"),
        ({"name": "a/b"}, "name: "),
        ({"name": "../x"}, "name: "),
        ({"patients": {"cohorts": ["A"], "sql": "SELECT 1"}}, "one of 'cohorts', 'sql' and 'file'"),
        ({"patients": {}}, "not none"),
        ({"features": None}, "no predictors"),
        ({"feature": []}, "did you mean 'features'"),
        ({"features": [{"regions": "WT"}]}, "did you mean 'region'"),
        ({"features": [{"view": "delta_radiomics"}]}, "'measure' belongs to"),
        ({"target": {"kind": "gen", "name": "x"}}, "target"),
        ({"landmark_day": 30}, "'landmark_day' belongs to a survival target"),
        ({"anchor": "surgery", "anchor_day": 3}, "one of 'anchor' and 'anchor_day'"),
        (
            {"target": {"kind": "outcome", "name": "OS"}, "anchor_day": 3},
            "counts from its own anchor",
        ),
        ({"prepare": [{"kind": "scaling"}]}, "declare 'splits'"),
        (
            {"splits": [{"kind": "cross_validation", "split_id": "a"}] * 2},
            "split 'a' stands twice",
        ),
        ({"allow_leaks": ["everything"]}, "allow_leaks"),
        ({"clinical": [{}]}, "name 'variables'"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(
    tmp_path: Path, spec: dict[str, Any], words: str
) -> None:
    with pytest.raises(FileError) as refused:
        read_release_spec(write(tmp_path, **spec))
    assert words in refused.value.message
    assert str(tmp_path / "release.yaml") in refused.value.message


def test_the_query_of_a_file_becomes_part_of_the_spec(tmp_path: Path) -> None:
    (tmp_path / "who.sql").write_text("SELECT 1", encoding="utf-8")
    spec = read_release_spec(write(tmp_path, patients={"file": "who.sql"}))
    assert (spec.patients.sql, spec.patients.file) == ("SELECT 1", None)
    with pytest.raises(FileError, match=r"nobody\.sql cannot be read"):
        read_release_spec(write(tmp_path, patients={"file": "nobody.sql"}))


@pytest.mark.parametrize(
    ("target", "telling", "silent"),
    [
        (
            "IDH",
            [
                *("idh1_status", "IDH1/2 mutation", "IDH.codel.subtype", "IDH_mut_final"),
                *("Final pathologic diagnosis (WHO 2021)", "WHO_class", "histology"),
            ],
            ["kps", "mgmt_status", "age", "grade", "who_performance_status", "tumor_volume"],
        ),
        ("MGMT", ["mgmt_promoter_status", "MGMT index"], ["idh", "WHO 2021 class", "side"]),
        ("ER", ["ER_status_by_ihc", "PAM50"], ["kernel", "gender", "tumor_diameter"]),
        ("BRAF", ["braf_v600e", "integrated diagnosis"], ["kps"]),
    ],
)
def test_names_that_give_a_marker_away(target: str, telling: list[str], silent: list[str]) -> None:
    markers = related_markers(target)
    assert [name for name in telling if not tells_marker(name, markers)] == []
    assert [name for name in silent if tells_marker(name, markers)] == []


def test_names_that_give_an_outcome_away() -> None:
    telling = ["OS", "os_days", "OS_STATUS", "Vital status", "PFS.months", "days_to_death", "RANO"]
    silent = ["kps", "age", "ostomy", "position", "disease", "progress_note_count", "grade"]
    assert [name for name in telling if not tells_outcome(name)] == []
    assert [name for name in silent if tells_outcome(name)] == []
    assert tells_outcome("lung_metastasis_day", ("lung_metastasis",))


def test_the_example_of_the_page_is_a_release_file(tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "releases.md"
    (example,) = re.findall(
        r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    path = tmp_path / "idh.yaml"
    path.write_text(example, encoding="utf-8")
    spec = read_release_spec(path)
    blocks = (spec.features, spec.clinical, spec.dose, spec.genomic, spec.splits, spec.prepare)
    assert all(blocks)


def test_the_page_names_every_leak() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "releases.md"
    text = page.read_text(encoding="utf-8")
    assert [leak for leak in LEAKS if f"`{leak}`" not in text] == []
    assert set(LEAKS) == set(get_args(Leak))
