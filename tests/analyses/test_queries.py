from importlib.resources import files

import pytest
import sqlglot
from sqlglot import exp

FOLDER = files("roentgene.queries") / "analyses"
NAMES = sorted(file.name for file in FOLDER.iterdir() if file.name.endswith(".sql"))
WRITING = {"retire_runs.sql": exp.Update, "number_harmonization_cells.sql": exp.Insert}


@pytest.mark.parametrize("name", NAMES)
def test_is_one_documented_statement_that_reads(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    header = [line.partition(":")[0] for line in text.splitlines()[:3]]
    assert header == ["-- title", "-- grain", "-- reference"]
    (statement,) = sqlglot.parse(text, dialect="duckdb")
    assert isinstance(statement, WRITING.get(name, exp.Query))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {*WRITING, "stored_run.sql"}))
def test_answers_in_a_stated_order(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    (statement,) = sqlglot.parse(text, dialect="duckdb")
    # one row, and a relation that another query reads
    without_order = {"stability_flow.sql", "rating_cells.sql"}
    assert name in without_order or statement.args.get("order") is not None
