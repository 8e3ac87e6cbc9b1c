"""The example of the page about study folders runs as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cbioportal.md"
FENCED = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_example_runs_as_written(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (example,) = FENCED.findall(page)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["sh", "-ec", example]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    (quoted,) = re.findall(r"^    (warning: .+)$", page, re.MULTILINE)
    assert quoted in done.stdout
    answer = [line.split() for line in done.stdout.splitlines()[-3:]]
    assert answer == [["G1", "IDH1", "MUT"], ["G2", "IDH1", "WT"], ["G3", "IDH1", "NP"]]
