from pathlib import Path
from typing import Any

import pytest

from roentgene.schemas.analyses.association import Association
from roentgene.schemas.analyses.read import read_analysis
from roentgene.schemas.analyses.stability import Stability
from roentgene.schemas.errors import FileError

STABILITY = "analysis: stability\nname: raters\ncohort_id: C\ndesign: inter_rater\n"
ASSOCIATION = """
analysis: association
name: texture
cohort_id: C
timepoint: baseline
targets:
  - {block: expression, profile: rna_tpm, genes: [EGFR, TP53, EGFR]}
  - {block: mutation}
"""


def read(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "spec.yaml"
    file.write_text(text, encoding="utf-8")
    return read_analysis(file)


def test_reads_each_kind_with_its_defaults(tmp_path: Path) -> None:
    stability = read(tmp_path, STABILITY)
    assert isinstance(stability, Stability)
    assert stability.all_forms == ("ICC(A,1)",)
    assert (stability.policy.bound, stability.policy.threshold) == ("low", 0.75)
    association = read(tmp_path, ASSOCIATION)
    assert isinstance(association, Association)
    assert association.targets[0].genes == ("EGFR", "TP53")
    assert association.targets[1].genes == "all"
    assert association.underpowered_above == 0.5


def test_the_form_of_the_policy_is_always_computed(tmp_path: Path) -> None:
    asked = read(tmp_path, STABILITY + "forms: ['ICC(1,1)']\npolicy: {form: 'ICC(C,1)'}")
    assert asked.all_forms == ("ICC(1,1)", "ICC(C,1)")
    assert len(read(tmp_path, STABILITY + "forms: all").all_forms) == 6
    one_way = read(tmp_path, STABILITY + "raters_crossed: false")
    assert one_way.all_forms == ("ICC(1,1)",)


def test_order_and_repetition_in_lists_mean_nothing(tmp_path: Path) -> None:
    one = read(tmp_path, STABILITY + "regions: [B, A]\nforms: ['ICC(C,1)', 'ICC(A,1)']")
    other = read(tmp_path, STABILITY + "regions: [A, B, A]\nforms: ['ICC(A,1)', 'ICC(C,1)']")
    assert one == other


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\n", "analysis: Field required"),
        ("analysis: stabilty\n", "'stability', "),
        (STABILITY + "region: [A]", "unknown key 'region': did you mean 'regions'"),
        (STABILITY + "forms: [ICC2]", "forms"),
        (STABILITY + "n_raters: 1", "n_raters"),
        (
            STABILITY + "raters_crossed: false\nforms: ['ICC(A,1)']",
            "ICC(A,1) cannot be had with 'raters_crossed: false'",
        ),
        (
            STABILITY + "raters_crossed: false\npolicy: {form: 'ICC(C,1)'}",
            "ICC(C,1) cannot be had with 'raters_crossed: false'",
        ),
        (
            STABILITY.replace("inter_rater", "perturbation") + "forms: all",
            "ICC(A,1), ICC(C,1), ICC(A,k), ICC(C,k) cannot be had with perturbations",
        ),
        (STABILITY + "estimator: reml", "gives no interval"),
        (STABILITY + "policy: {threshold: 1.5}", "policy.threshold"),
        (STABILITY + "regions: []", "regions"),
        (STABILITY.replace("inter_rater", "test_retest"), "needs the two visits"),
        (
            STABILITY.replace("inter_rater", "test_retest") + "timepoints: [a, b]\nn_raters: 2",
            "leave 'n_raters' out",
        ),
        (STABILITY.replace("inter_rater", "intra_rater") + "raters: [A, B]", "looks at one rater"),
        (ASSOCIATION + "  - {block: expression, profile: rna_tpm}", "stand twice"),
        (ASSOCIATION.replace("profile:", "profil:"), "did you mean 'profile'"),
        (ASSOCIATION.replace("block: mutation", "block: methylation"), "targets"),
        (ASSOCIATION + "underpowered_above: 1", "underpowered_above"),
    ],
)
def test_refuses_what_is_not_meant(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileError) as error:
        read(tmp_path, text)
    assert message in str(error.value)
    assert "spec.yaml" in str(error.value)
