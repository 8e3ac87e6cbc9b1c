"""``roentgene demo`` and ``roentgene analyze``, around what they run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.app.demo import run as demo_run
from roentgene.app.demo.score import BlockScore, DemoScore

SPEC = """\
analysis: stability
name: readers
cohort_id: LGG
design: inter_rater
"""


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Puts a score in place of the demo itself, which has its own test."""
    called: dict[str, Any] = {}
    block = BlockScore(found=("A",), missed=(), false_genes=())

    def run_demo(folder: Path, seed: int, workers: int, say: Any, on_progress: Any) -> DemoScore:
        called.update(folder=folder, seed=seed, workers=workers)
        say("Made a warehouse")
        return DemoScore(seed, 3, 0, block, block)

    monkeypatch.setattr(demo_run, "run_demo", run_demo)
    return called


def test_demo_tells_the_score_and_what_to_try_next(
    roentgene: Callable[..., Any], scored: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "d"
    answer = roentgene("demo", folder, "--seed", "4", "--workers", "2")
    assert answer.exit_code == 0
    assert scored == {"folder": folder, "seed": 4, "workers": 2}
    assert answer.out.startswith("Made a warehouse\n")
    assert "3 pairs of feature and gene" in answer.out
    assert f"roentgene status -w {folder}" in answer.out


def test_demo_has_a_folder_of_its_own(
    roentgene: Callable[..., Any], scored: dict[str, Any]
) -> None:
    answer = roentgene("demo", "--json")
    assert answer.json["discoveries"] == 3
    assert scored["folder"] == Path("roentgene-demo")
    # what is told on the way is no part of the answer
    assert "Made a warehouse" in answer.err


def test_what_the_demo_suggests_can_be_asked(
    roentgene: Callable[..., Any], scored: dict[str, Any], made_study: Path
) -> None:
    told = roentgene("demo", made_study).out
    queries = [line.split('"')[1] for line in told.splitlines() if '"' in line]
    assert len(queries) >= 2
    for query in queries:
        assert roentgene("sql", query, "-w", made_study).exit_code == 0


def test_analyze_runs_once_and_publishes(
    roentgene: Callable[..., Any], study: Path, tmp_path: Path
) -> None:
    spec = tmp_path / "readers.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    first = roentgene("analyze", spec, "-w", study)
    assert first.exit_code == 0, first.err
    assert "Ran stability 'readers'" in first.out.splitlines()[-1]
    runs = "SELECT count(*) AS n FROM ops.analysis_run"
    assert roentgene("sql", "--sandbox", runs, "-w", study, "--json").json == [{"n": 1}]
    second = roentgene("analyze", spec, "-w", study)
    assert second.out.splitlines()[-1].startswith("Nothing to do: stability 'readers' stands")
    report = roentgene("analyze", spec, "--json", "-w", study).json
    assert report["tables"].keys() == {"result.stability", "result.stability_policy"}
    assert report["written"] is False


def test_a_wrong_spec_is_one_line(
    roentgene: Callable[..., Any], made_study: Path, tmp_path: Path
) -> None:
    spec = tmp_path / "wrong.yaml"
    spec.write_text(SPEC.replace("inter_rater", "inter_raters"), encoding="utf-8")
    answer = roentgene("analyze", spec, "-w", made_study)
    assert (answer.exit_code, answer.err.count("\n")) == (2, 1)
    assert str(spec) in answer.err
