"""What a worker finds loaded: all that the fast path needs, and no thread that a fork loses."""

import os
import subprocess
import sys

import pytest

# what is loaded, and how many threads that has started besides the one of Arrow's allocator
_PROGRAM = """
import os, sys
import roentgene.ingest.staging.preloaded
tasks = os.listdir("/proc/self/task")
threads = {open(f"/proc/self/task/{task}/comm").read().strip() for task in tasks}
print(len(tasks) - ("jemalloc_bg_thd" in threads))
print(*sorted(sys.modules))
"""
NEEDED = {
    "SimpleITK",
    "pandas",
    "radiomics.glcm",
    "numba",
    "roentgene.ingest.staging.case",
    "roentgene.ingest.extract.engines.pyradiomics",
    "roentgene.ingest.extract.fast.measuring",
}
FOREIGN = {"great_expectations", "duckdb", "polars"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are spawned")
def test_workers_are_forked_off_a_process_without_other_threads() -> None:
    one = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**os.environ, **one},
        capture_output=True,
        text=True,
        check=True,
    )
    threads, names = ended.stdout.splitlines()
    assert threads == "1"
    assert set(names.split()) >= NEEDED
    assert not set(names.split()) & FOREIGN
