"""What ``cohort.yaml`` may say, and what it is told where it may not."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.schemas.cohort import Cohort, read_cohort
from roentgene.schemas.cohort_tables import MutationTable
from roentgene.schemas.errors import FileError

HEAD = {"cohort_id": "C", "title": "t", "license": "l", "day_zero": "baseline_scan"}
PAIR = {"pattern": "{patient_id}.nrrd", "mask": "{patient_id}_mask.nrrd"}
CLINICAL = {"kind": "clinical", "file": "c.csv", "id": "patient"}
EXPRESSION = {"kind": "expression", "file": "e.csv", "profile": "rna", "unit": "tpm"}
MUTATION = {"kind": "mutation", "file": "m.maf"}
DVH = {
    "kind": "dvh",
    "file": "d.csv",
    "id": "patient",
    "timepoint": "baseline",
    "engine": "e",
    "engine_version": "1",
    "profile": "clinic",
}
FEATURES = {
    "kind": "features",
    "file": "f.csv",
    "id": "patient",
    "timepoint": "baseline",
    "sequence": "CT",
    "region": "GTV",
    "engine": "e",
    "engine_version": "1",
    "profile": "original",
}


def read(folder: Path, **keys: Any) -> Cohort:
    file = folder / "cohort.yaml"
    file.write_text(yaml.safe_dump(HEAD | keys), encoding="utf-8")
    return read_cohort(file)


def refusal(folder: Path, **keys: Any) -> str:
    with pytest.raises(FileError) as caught:
        read(folder, **keys)
    message = str(caught.value)
    assert message.startswith(str(folder / "cohort.yaml"))
    return message


def test_four_keys_are_enough(tmp_path: Path) -> None:
    cohort = read(tmp_path)
    assert cohort.profiles == ("original",)
    assert {name: t.day for name, t in cohort.timepoints.items()} == {"baseline": 0}
    assert cohort.images == cohort.tables == cohort.regions == ()


@pytest.mark.parametrize("key", sorted(HEAD))
def test_the_head_is_required(tmp_path: Path, key: str) -> None:
    file = tmp_path / "cohort.yaml"
    file.write_text(yaml.safe_dump({k: v for k, v in HEAD.items() if k != key}), encoding="utf-8")
    with pytest.raises(FileError, match=f"{key}: Field required"):
        read_cohort(file)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"titel": "x"}, "unknown key 'titel': did you mean 'title'?"),
        ({"images": [{"patern": "a"}]}, "'images.0.patern': did you mean 'pattern'?"),
        ({"regions": [{"form": "A"}]}, "'regions.0.form': did you mean 'from'?"),
        ({"timepoints": {"a": {"order": 0, "dya": 1}}}, "'timepoints.a.dya': did you mean 'day'?"),
        ({"expect": {"tables": ["clinicl"]}}, "expect.tables"),
        ({"expect": {"timepoint": ["a"]}}, "'expect.timepoint': did you mean 'timepoints'?"),
        (
            {"tables": [CLINICAL | {"varables": ["age"]}]},
            "'tables.0.clinical.varables': did you mean 'variables'?",
        ),
        (
            {"tables": [CLINICAL, CLINICAL | {"patient": {"sxe": "s"}}]},
            "'tables.1.clinical.patient.sxe': did you mean 'sex'?",
        ),
        (
            {"tables": [MUTATION | {"profiled": {"pannel": "p"}}]},
            "'tables.0.mutation.profiled.pannel': did you mean 'panel'?",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_one(
    tmp_path: Path, keys: dict[str, Any], said: str
) -> None:
    assert said in refusal(tmp_path, **keys)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ({}, "give either 'pattern' with 'mask', or 'manifest'"),
        (PAIR | {"manifest": "m.csv"}, "give either 'pattern' with 'mask', or 'manifest'"),
        ({"pattern": "a", "manifest": "m"}, "give either 'pattern' with 'mask', or 'manifest'"),
        ({"pattern": "a"}, "'pattern' and 'mask' belong together"),
        ({"mask": "a"}, "'pattern' and 'mask' belong together"),
        (PAIR | {"mask_of": "visit"}, "'mask_of' is for manifests"),
        (PAIR | {"root": "scans"}, "'root' is for manifests"),
        (PAIR | {"only_rois": True}, "'only_rois' is for 'dicom'"),
        (PAIR | {"rois": {"A": "B"}}, "'rois' is for 'dicom'"),
        ({"dicom": "d", "root": "scans"}, "'root' is for manifests"),
        ({"dicom": "d", "labels": "brats_1_2_4"}, "'label_scheme' is not for 'dicom'"),
        ({"dicom": "d", "volume_index": 0}, "'volume_index' is not for 'dicom'"),
        (PAIR | {"labels": {0: "A"}}, "0 is background"),
        (PAIR | {"labels": {}}, "labels map mask values of 1 and more"),
        (PAIR | {"labels": {1: "a/b"}}, "images.0.labels.1"),
        (PAIR | {"labels": "brats"}, "'brats' is no numbering of labels; there are brats_1_2_3"),
        (
            PAIR | {"labels": {1: "A"}, "label_scheme": "brats_1_2_3"},
            "either 'labels' or 'label_scheme'",
        ),
        (
            PAIR | {"labels": "brats_1_2_4", "label_scheme": "brats_1_2_3"},
            "images.0.labels",
        ),
        (PAIR | {"repeat_no": 0}, "images.0.repeat_no"),
        (PAIR | {"normalise": ["strip_suffix"]}, "write '{strip_suffix: TEXT}'"),
        (PAIR | {"normalise": [{"upper": "x"}]}, "'upper' takes no argument"),
        (PAIR | {"normalise": [{"cut": "x"}]}, "images.0.normalise.0.rule: Input should be 'trim'"),
    ],
)
def test_images_that_cannot_be_meant(tmp_path: Path, image: dict[str, Any], said: str) -> None:
    assert said in refusal(tmp_path, images=[image])


def test_id_rules_have_a_short_form(tmp_path: Path) -> None:
    rules = ["upper", {"strip_suffix": "_11"}, {"add_prefix": 7}, {"rule": "trim"}]
    (image,) = read(tmp_path, images=[PAIR | {"normalise": rules}]).images
    assert [(rule.rule, rule.argument) for rule in image.normalise] == [
        ("upper", ""),
        ("strip_suffix", "_11"),
        ("add_prefix", "7"),
        ("trim", ""),
    ]


RULE = "give either 'union: [A, B]', 'intersection: [A, B]', or 'from: A' with at least one of"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, RULE),
        ({"from": "A"}, RULE),
        ({"ring_mm": [0, 5]}, RULE),
        ({"union": ["A"], "from": "B", "ring_mm": [0, 5]}, RULE),
        ({"union": ["A", "B"], "intersection": ["A", "B"]}, RULE),
        ({"within": "A"}, RULE),
        ({"measure": False, "without": ["A"]}, RULE),
        ({"from": "A", "ring_mm": [5, 5]}, "0 <= inner < outer"),
        ({"from": "A", "ring_mm": [-1, 5]}, "0 <= inner < outer"),
        ({"union": []}, "regions.0.union"),
        ({"intersection": ["A"]}, "regions.0.intersection"),
    ],
)
def test_a_region_has_one_rule(tmp_path: Path, rule: dict[str, Any], said: str) -> None:
    assert said in refusal(tmp_path, regions=[{"region": "R"} | rule])


def test_a_region_knows_its_parts(tmp_path: Path) -> None:
    rules = [
        {"region": "TC", "union": ["NCR", "ET"]},
        {"region": "rim", "from": "TC", "ring_mm": [0, 5], "within": "BRAIN", "without": ["ED"]},
        {"region": "both", "intersection": ["A", "B"], "largest_component": True},
        {"region": "BRAIN", "measure": False},
    ]
    regions = read(tmp_path, regions=rules).regions
    assert [r.parts for r in regions] == [("NCR", "ET"), ("TC",), ("A", "B"), ()]
    assert [r.limits for r in regions] == [(), ("BRAIN", "ED"), (), ()]
    assert [r.is_drawn for r in regions] == [False, False, False, True]


def test_a_numbering_is_named_in_the_place_of_labels(tmp_path: Path) -> None:
    short, whole, own, none = read(
        tmp_path,
        images=[
            PAIR | {"labels": "brats_1_2_3"},
            PAIR | {"label_scheme": "brats_1_2_4"},
            PAIR | {"labels": {1: "A"}},
            PAIR,
        ],
    ).images
    assert (short.numbering, whole.numbering) == ("brats_1_2_3", "brats_1_2_4")
    assert (own.numbering, none.numbering) == ({1: "A"}, None)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"kind": "mutations", "file": "f"}, "expected tags: 'clinical', 'outcome'"),
        ({"file": "f"}, "Unable to extract tag"),
        ({"kind": "clinical", "file": "f"}, "tables.0.clinical.id: Field required"),
        (EXPRESSION | {"layout": "long"}, "layout needs the column names gene, sample, value"),
        (EXPRESSION | {"layout": "long", "gene": "g", "value": "v"}, "column names sample"),
        (EXPRESSION | {"layout": "genes_in_rows"}, "needs the column names gene"),
        (EXPRESSION | {"layout": "genes_in_columns"}, "needs the column names sample"),
        (MUTATION | {"profiled": {"genes": ["IDH1"]}}, "a list of genes needs 'panel: NAME'"),
        (MUTATION | {"profiled": {"panel": "P"}}, "'genes: all' needs none"),
        (MUTATION | {"genome": "hg19"}, "Input should be 'GRCh37' or 'GRCh38'"),
        (FEATURES | {"features": []}, "tables.0.features.features"),
        (
            DVH | {"settings": {"planned": {"on": datetime.date(2019, 3, 4)}}},
            "dates never enter the warehouse",
        ),
    ],
)
def test_tables_that_cannot_be_meant(tmp_path: Path, table: dict[str, Any], said: str) -> None:
    assert said in refusal(tmp_path, tables=[table])


def test_a_maf_writes_a_dot_for_what_is_missing(tmp_path: Path) -> None:
    mutation, clinical = read(tmp_path, tables=[MUTATION, CLINICAL]).tables
    assert isinstance(mutation, MutationTable)
    assert "." in mutation.missing
    assert "." not in clinical.missing
    assert mutation.profiled is None


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"timepoints": {"a": {"order": 0}, "b": {"order": 0}}}, "two timepoints have the same"),
        ({"timepoints": {"a": {"order": -1}}}, "timepoints.a.order"),
        (
            {"regions": [{"region": "R", "union": ["A"]}, {"region": "R", "union": ["B"]}]},
            "a region is declared twice",
        ),
        ({"regions": [{"region": "R", "from": "A", "ring_mm": [0, math.inf]}]}, "finite number"),
        ({"expect": {"timepoints": ["week4", "a"]}}, "timepoints that are not declared: a, week4"),
        ({"day_zero": "birth"}, "day_zero: Input should be 'diagnosis'"),
        ({"cohort_id": "../C"}, "cohort_id: String should match"),
        ({"cohort_id": ""}, "cohort_id: String should match"),
    ],
)
def test_a_cohort_must_be_consistent(tmp_path: Path, keys: dict[str, Any], said: str) -> None:
    assert said in refusal(tmp_path, **keys)
