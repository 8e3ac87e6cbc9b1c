"""Macros: what they may read, their lock, and that a view gives whatever a macro gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roentgene.queries.contract import bound_contract, promised
from roentgene.queries.macros import (
    locked_macros,
    macro_lock,
    macros,
    parameters_of,
    read_macros,
    signature,
)
from roentgene.queries.registry import VERSIONS_SCHEMA, registry
from roentgene.schemas.errors import FileError

HEADER = "-- title: t\n-- grain: g\n-- reference: r\n-- since: 0.1.0\n"
PARAMETERS = "-- parameters: at_visit\n"
DOCUMENTED = "--\n-- What it is for.\n"
SELECT = "SELECT patient_id FROM mart_versions.patient_flow_v1 WHERE step = at_visit\n"
#: Each macro with arguments, and the same question to a view.
SAME = {
    "mart.delta_between": (
        "('t0', 't1')",
        "mart.delta_pair WHERE baseline_timepoint_id = 't0' AND timepoint_id = 't1'",
    ),
    "mart.region_features": (
        "('t0', 'T1', 'GTV', 'original')",
        "mart.patient_vector WHERE timepoint_id = 't0' AND sequence = 'T1' AND region = 'GTV' "
        "AND profile = 'original'",
    ),
    "mart.stable_features": (
        "('inter_rater', 0.75)",
        "mart.feature_stability WHERE design = 'inter_rater' AND ci95_low >= 0.75",
    ),
}


@pytest.fixture
def deployed(warehouse: Any) -> Any:
    """Rows that the questions choose among."""
    warehouse.visits({"t0": 0, "t1": 10, "t2": 20})
    for number, (timepoint, region) in enumerate(
        (t, r) for t in ("t0", "t1", "t2") for r in ("GTV", "RING")
    ):
        values = {"Contrast": 1.0 + number, "Energy": 2.0 * number}
        warehouse.measure(values, timepoint_id=timepoint, region=region)
    run = {"analysis_run_id": "r", "design": "inter_rater", "feature": "Contrast", "current": True}
    warehouse.add(
        "result.stability",
        run | {"stability_key": "a", "ci95_low": 0.8},
        run | {"stability_key": "b", "ci95_low": 0.5},
        run | {"stability_key": "c", "ci95_low": 0.9, "design": "test_retest"},
        run | {"stability_key": "d", "ci95_low": None},
    )
    warehouse.add("ops.analysis_run", {"analysis_run_id": "r", "current": True})
    return warehouse


@pytest.mark.parametrize("name", sorted(SAME))
def test_a_view_gives_whatever_a_macro_gives(deployed: Any, name: str) -> None:
    arguments, question = SAME[name]
    given = deployed.rows(f"FROM {name}{arguments} ORDER BY ALL")
    assert given == deployed.rows(f"FROM {question} ORDER BY ALL")
    every = question.split(" WHERE ")[0]
    assert 0 < len(given) < len(deployed.rows(f"FROM {every}"))


def test_every_macro_is_compared_and_named() -> None:
    assert set(SAME) == {macro.full_name for macro in macros()}
    delta = next(macro for macro in macros() if macro.name == "delta_between")
    assert signature(delta) == "mart.delta_between(from_visit, to_visit)"
    assert signature(delta, versioned=True).startswith("mart_versions.delta_between_v1(")


@pytest.mark.parametrize("macro", [pytest.param(m, id=m.versioned_name) for m in macros()])
def test_no_parameter_is_called_like_a_column(warehouse: Any, macro: Any) -> None:
    # the column would win, and the parameter would be compared with itself
    (read,) = macro.parsed_reads
    columns = {row[0] for row in warehouse.con.execute(f"DESCRIBE {read}").fetchall()}
    assert not columns & set(parameters_of(macro))


def test_the_lock_holds_the_macros_as_they_are() -> None:
    assert macro_lock(macros(), registry()) == locked_macros()


def test_the_contract_holds_the_columns_of_views_and_macros() -> None:
    bound = bound_contract(registry(), macros())
    assert {name: list(columns.items()) for name, columns in bound.items()} == {
        name: list(columns.items()) for name, columns in promised().items()
    }


def written(folder: Path, text: str) -> Path:
    (folder / "mart").mkdir()
    (folder / "mart" / "one.v1.sql").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER + DOCUMENTED + SELECT, "has no names of parameters"),
        (HEADER + "-- parameters: a b\n" + DOCUMENTED + SELECT, "has no names of parameters"),
        (HEADER + PARAMETERS + DOCUMENTED + "SELECT 1 FROM study.patient\n", "reads study.patient"),
        (HEADER + PARAMETERS + DOCUMENTED + "SELECT 1 FROM mart.coverage\n", "reads mart.coverage"),
    ],
)
def test_what_is_no_macro_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileError, match=said):
        read_macros(written(tmp_path, text), registry())


def test_a_sound_macro_is_read(tmp_path: Path) -> None:
    (macro,) = read_macros(written(tmp_path, HEADER + PARAMETERS + DOCUMENTED + SELECT), registry())
    assert (parameters_of(macro), macro.documentation) == (("at_visit",), "What it is for.")
    assert macro.parsed_reads == {f"{VERSIONS_SCHEMA}.patient_flow_v1"}
    assert read_macros(tmp_path / "nowhere", registry()) == ()
