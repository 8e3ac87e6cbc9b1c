"""The examples of the documentation's pages run as they are written, and answer as they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[1] / "docs"
FENCED = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.slow


def answer_of(page: str, folder: Path) -> str:
    """Run the one example of a page; what it printed."""
    (example,) = FENCED.findall(page)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["sh", "-ec", example]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_study_folder_of_cbioportal(tmp_path: Path) -> None:
    page = (PAGES / "cbioportal.md").read_text(encoding="utf-8")
    printed = answer_of(page, tmp_path)
    (quoted,) = re.findall(r"^    (warning: .+)$", page, re.MULTILINE)
    assert quoted in printed
    answer = [line.split() for line in printed.splitlines()[-3:]]
    assert answer == [["G1", "IDH1", "MUT"], ["G2", "IDH1", "WT"], ["G3", "IDH1", "NP"]]


def test_genes_and_matrices(tmp_path: Path) -> None:
    page = (PAGES / "molecular.md").read_text(encoding="utf-8")
    printed = answer_of(page, tmp_path)
    assert "gene_is_date: rna.csv, line 4" in printed
    answer = re.findall(r"^    (.+)$", page.rpartition("```")[2], re.MULTILINE)
    assert printed.splitlines()[-len(answer) :] == answer


def test_change_over_time(tmp_path: Path) -> None:
    page = (PAGES / "delta.md").read_text(encoding="utf-8")
    printed = answer_of(page, tmp_path)
    answer = re.findall(r"^    (.+)$", page.rpartition("```")[2], re.MULTILINE)
    assert printed.splitlines()[-len(answer) :] == answer


@pytest.mark.parametrize("name", ["survival", "gene-sets"])
def test_analyses(name: str, tmp_path: Path) -> None:
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    printed = answer_of(page, tmp_path)
    answer = re.findall(r"^    (.+)$", page.rpartition("```")[2], re.MULTILINE)
    assert printed.splitlines()[-len(answer) :] == answer


def test_recovery(tmp_path: Path) -> None:
    page = (PAGES / "recovery.md").read_text(encoding="utf-8")
    printed = answer_of(page, tmp_path)
    assert "0 files of 0 bytes were new" in printed
    assert printed.count("whole") == 4
    assert printed.splitlines()[-1].startswith("ok      catalogue: opens at snapshot")


def test_an_auditors_hour(tmp_path: Path) -> None:
    page = (PAGES / "auditors-hour.md").read_text(encoding="utf-8")
    printed = answer_of(page, tmp_path)
    quoted = re.findall(r"^    (.+)$", page.rpartition("```")[2], re.MULTILINE)
    assert len(quoted) > 15
    place = 0
    for line in quoted:
        told = r".*?".join(re.escape(part) for part in line.split("…"))
        found = re.compile(rf"^ *{told}", re.MULTILINE).search(printed, place)
        assert found, f"the page says {line!r}, but after what stands before it nothing does"
        place = found.end()
    assert "GLIO-04" not in printed[printed.index("Erased (all)") :]
