from pathlib import Path

import pyarrow as pa
import pytest

from roentgene.app.demo.genes import Effect
from roentgene.app.demo.score import score
from roentgene.app.demo.truth import Truth, read_truth, write_truth

FEATURE = "original_glcm_Correlation"
GENES = "expression:rna_tpm:"


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "truth.json"
    known = Truth(
        seed=3,
        carrying_regions=("ED", "WT"),
        expression={
            "A": Effect("texture_length", 0.9),
            "B": Effect("heterogeneity", -0.8),
            "C": Effect("heterogeneity", 0.7),
            "D": Effect("heterogeneity", 0.6),
        },
        mutation={"IDH1": Effect("texture_length", 0.9)},
        tested_genes={"expression": ("A", "B", "C", "D", "X", "Y"), "mutation": ("IDH1", "A")},
        responders=("P1", "P2"),
        others=("P3", "P4"),
        reader_displacement_mm={"reader_1": 0.2},
        traits={"P1": {"texture_length": 0.1}},
    )
    write_truth(path, known)
    assert read_truth(path) == known
    return path


def rows(*pairs: tuple[str, str, str, float | None]) -> pa.Table:
    """Make rows of (target, region, feature, q)."""
    return pa.table(
        {
            "target_block": [target.split(":")[0] for target, _, _, _ in pairs],
            "target": [target for target, _, _, _ in pairs],
            "region": [region for _, region, _, _ in pairs],
            "feature": [feature for _, _, feature, _ in pairs],
            "q_value": pa.array([q for _, _, _, q in pairs], pa.float64()),
        }
    )


def test_recall_and_false_discoveries_are_counted(truth: Path) -> None:
    found = score(
        truth,
        rows(
            (f"{GENES}A", "ED", FEATURE, 0.01),
            (f"{GENES}A", "WT", FEATURE, 0.02),
            (f"{GENES}B", "WT", FEATURE, 0.049),
            (f"{GENES}C", "WT", FEATURE, 0.05),  # not below the limit
            (f"{GENES}D", "WT", FEATURE, None),  # not tested
            (f"{GENES}X", "WT", FEATURE, 0.01),  # depends on nothing
            ("mutation:IDH1", "WT", FEATURE, 0.9),
        ),
    )
    assert (found.discoveries, found.false_discoveries) == (4, 1)
    assert found.false_discovery_proportion == 0.25
    assert found.expression.found == ("A", "B")
    assert found.expression.missed == ("C", "D")
    assert found.expression.recall == 0.5
    assert found.expression.false_genes == ("X",)
    assert found.mutation.missed == ("IDH1",)
    assert found.mutation.recall == 0
    assert found.response is None


def test_a_dependent_gene_is_false_where_no_trait_can_be_seen(truth: Path) -> None:
    found = score(
        truth,
        rows(
            (f"{GENES}A", "PERI", FEATURE, 0.01),
            (f"{GENES}A", "WT", "original_shape_MeshVolume", 0.01),
            (f"{GENES}B", "WT", "original_shape2D_Perimeter", 0.01),
        ),
    )
    assert (found.discoveries, found.false_discoveries) == (3, 3)
    assert found.expression.recall == 0
    assert found.expression.false_genes == ()


def test_blocks_do_not_lend_each_other_their_genes(truth: Path) -> None:
    found = score(
        truth, rows(("mutation:A", "WT", FEATURE, 0.01), ("mutation:IDH1", "WT", FEATURE, 0.01))
    )
    assert found.false_discoveries == 1
    assert found.mutation.false_genes == ("A",)
    assert found.mutation.recall == 1
    assert found.expression.recall == 0


def test_no_discovery_is_no_false_discovery(truth: Path) -> None:
    found = score(truth, rows((f"{GENES}A", "WT", FEATURE, 0.8)))
    assert found.false_discovery_proportion == 0
    assert found.lines()[0].startswith("0 pairs of feature and gene with q < 0.05")


def deltas(*changes: tuple[str, int, float | None]) -> pa.Table:
    """Make rows of (patient, day, log ratio) of the volume, among others that must not count."""
    other = [("ED", "original_shape_MeshVolume"), ("WT", "original_firstorder_Mean")]
    kinds = [("WT", "original_shape_MeshVolume"), *other]
    made = [
        {
            "patient_id": patient_id,
            "region": region,
            "feature": feature,
            "interval_days": day,
            "delta_log_ratio": change if (region, feature) not in other else 5.0,
        }
        for patient_id, day, change in changes
        for region, feature in kinds
    ]
    return pa.Table.from_pylist(made)


def test_response_is_told_by_the_volume_at_the_last_visit(truth: Path) -> None:
    found = score(
        truth,
        rows(),
        deltas(
            ("P1", 90, -0.7),
            ("P1", 42, 0.1),
            ("P2", 42, 0.2),
            ("P3", 42, -0.1),
            ("P3", 90, 0.3),
            ("P3", 180, None),
            ("P4", 42, None),
        ),
    )
    assert found.response is not None
    assert found.response.recognised == 2
    assert found.response.mistaken == ("P2",)
    assert found.response.without_delta == ("P4",)


def test_the_lines_say_what_was_missed_and_what_is_not_true(truth: Path) -> None:
    told = score(
        truth,
        rows((f"{GENES}A", "ED", FEATURE, 0.01), (f"{GENES}X", "WT", FEATURE, 0.01)),
        deltas(("P1", 90, -0.7), ("P2", 90, 0.2)),
    ).lines()
    text = "\n".join(told)
    assert "2 pairs of feature and gene with q < 0.05; 1 of them are not true (50.0%" in told[0]
    assert "1 of 4 genes that depend on texture were found; missed: B, C, D" in text
    assert "1 genes that depend on nothing" in text
    assert "response: 1 of 4 patients told right" in text
    assert "told wrong: P2" in text
    assert "without a volume change: P3, P4" in text


def test_a_missing_column_is_an_error(truth: Path) -> None:
    with pytest.raises(KeyError, match="q_value"):
        score(truth, rows().drop_columns("q_value"))
