"""The worked examples of the README run as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = FENCED.findall(README)
QUICK_START = re.findall(r"^    (.+)$", FENCED.sub("", README), re.MULTILINE)
DEMO = "uv run roentgene demo"
#: The tests run inside the environment that ``uv run`` would enter.
INSTALLED = Path(sys.executable).parent


def run(command: list[str], folder: Path) -> str:
    path = os.pathsep.join([str(INSTALLED), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_quick_start_is_two_commands() -> None:
    assert [f"pip install uv && {DEMO}", "uv run pytest"] == QUICK_START


def test_there_are_examples_of_both_languages() -> None:
    assert {language for language, _ in EXAMPLES} == {"sh", "python"}


@pytest.mark.slow
def test_examples_run_as_written(tmp_path: Path) -> None:
    run(["sh", "-ec", DEMO.removeprefix("uv run ")], tmp_path)
    answers = []
    for language, text in EXAMPLES:
        # "uv run" would set up the environment that this test runs in
        shell = ["sh", "-ec", text.replace("uv run ", "")]
        answers.append(run(shell if language == "sh" else [sys.executable, "-c", text], tmp_path))
    assert all(answer.strip() for answer in answers)
    assert "nothing was committed" in "".join(answers)
