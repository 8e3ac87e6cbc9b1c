from __future__ import annotations

import os
import subprocess
import sys

_LOADED = """
import sys
from roentgene.ingest.gates.expectation_library import load_expectations
load_expectations()
assert "great_expectations" in sys.modules
assert "scipy.stats._distn_infrastructure" not in sys.modules
assert "altair.vegalite" not in sys.modules
from scipy import stats
assert stats.norm.cdf(0) == 0.5
import altair
assert altair.Chart.__module__.startswith("altair.vegalite")
"""


def test_what_the_library_never_uses_here_is_loaded_by_who_does() -> None:
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _LOADED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
