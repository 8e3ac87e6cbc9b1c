"""The tutorial runs as it is written, and the cookbook answers on the study that it makes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from roentgene.warehouse.opening import open_warehouse

PAGES = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RECIPE = re.compile(r"^### (.+?)\n(.*?)^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AREA = re.compile(r"^(raw|(?:training|all) rows.*): (0\.\d+)$", re.MULTILINE)
WAYS = ("raw", "training rows", "all rows", "all rows, with the label")
#: What a recipe says for which the demo has nothing.
EMPTY = "*("

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Walked:
    """The folder of a tutorial that was walked to its end, and what each block printed."""

    folder: Path
    printed: list[str]


def recipes() -> list[Any]:
    text = (PAGES / "cookbook.md").read_text(encoding="utf-8")
    return [pytest.param(sql, EMPTY in about, id=name) for name, about, sql in RECIPE.findall(text)]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    folder = tmp_path_factory.mktemp("tutorial")
    text = (PAGES / "tutorial.md").read_text(encoding="utf-8")
    return Walked(folder, [_run(kind, block, folder) for kind, block in BLOCK.findall(text)])


def _run(kind: str, block: str, folder: Path) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["sh", "-ec", block] if kind == "sh" else [sys.executable, "-c", block]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_every_step_of_the_tutorial_does_what_the_page_says(walked: Walked) -> None:
    everything = "\n".join(walked.printed)
    assert "nothing was committed" in walked.printed[1]
    for status in ("MUT", "WT", "NP"):
        assert status in walked.printed[3]
    assert "Released idh-stable@1.0.0" in everything
    assert "target_equivalent" in everything
    assert "exit code 2" in everything
    assert "target_as_covariate" in everything
    assert "Verified idh-stable@1.0.0" in everything
    assert "imaging.segmentation" in walked.printed[-1]


def test_only_the_label_as_covariate_lets_harmonized_noise_be_told(walked: Walked) -> None:
    printed = dict(AREA.findall("\n".join(walked.printed)))
    raw, trained, on_all, told = (float(printed[way]) for way in WAYS)
    # two standard errors over its 100 seeds are 0.015
    assert abs(trained - 0.5) < 0.03
    assert on_all < trained
    assert told > 0.54
    assert raw > 0.6


def test_there_are_enough_recipes() -> None:
    assert len(recipes()) >= 25


@pytest.mark.parametrize(("sql", "is_empty"), recipes())
def test_a_recipe_answers_alike_on_the_lake_and_on_the_file(
    walked: Walked, sql: str, is_empty: bool
) -> None:
    with open_warehouse(walked.folder / "glioma") as warehouse:
        of_lake = warehouse.connection.execute(sql).fetchall()
        published = warehouse.layout.published
    with duckdb.connect(str(published), read_only=True) as con:
        of_file = con.execute(sql).fetchall()
    assert sorted(map(told, of_lake)) == sorted(map(told, of_file))
    assert (not of_lake) == is_empty


def told(row: tuple[Any, ...]) -> list[str]:
    """Cells as text; sums differ in their last digit by the order in which they were taken."""
    return [f"{cell:.12g}" if isinstance(cell, float) else str(cell) for cell in row]
