"""What memory there is for workers: of the machine, and of the control group that a job runs in."""

import os
from pathlib import Path

import pytest

from roentgene.ingest.extract.executors.memory import WORKER_BYTES, MemoryBudget, memory_budget

GB = 10**9
KB = 1024


def write(root: Path, name: str, content: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="ascii")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Has 10,000,000 KB available, and no limits."""
    meminfo = "MemTotal: 20000000 kB\nMemFree: 10 kB\nMemAvailable: 10000000 kB\nCached: 5 kB\n"
    write(tmp_path, "proc/meminfo", meminfo)
    return tmp_path


def test_four_fifths_of_what_is_available(machine: Path) -> None:
    assert memory_budget(machine) == 8_000_000 * KB


def test_where_the_kernel_does_not_say_it_is_of_all_memory(tmp_path: Path) -> None:
    everything = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert memory_budget(tmp_path) == int(everything * 0.8)


def test_the_limit_of_a_job_counts_wherever_above_it_stands(machine: Path) -> None:
    # as SLURM sets it on a machine with the second version of control groups
    write(machine, "proc/self/cgroup", "0::/slurm/job_7/step_0/task_0\n")
    job = "sys/fs/cgroup/slurm/job_7"
    write(machine, f"{job}/memory.max", f"{4 * GB}\n")
    write(machine, f"{job}/memory.current", f"{3 * GB}\n")
    # of what is used, 2 GB are files that the kernel only keeps
    write(machine, f"{job}/memory.stat", f"anon 1\ninactive_file {2 * GB}\nactive_file 5\n")
    for step in ("step_0", "step_0/task_0"):
        write(machine, f"{job}/{step}/memory.max", "max\n")
        write(machine, f"{job}/{step}/memory.current", f"{GB}\n")
    assert memory_budget(machine) == int(3 * GB * 0.8)


def test_the_first_version_of_control_groups(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "5:cpu,cpuacct:/other\n4:memory:/docker/c1\n0::/\n")
    group = "sys/fs/cgroup/memory/docker/c1"
    write(machine, f"{group}/memory.limit_in_bytes", f"{2 * GB}\n")
    write(machine, f"{group}/memory.usage_in_bytes", f"{GB}\n")
    write(machine, f"{group}/memory.stat", "inactive_file 1\ntotal_inactive_file 500000000\n")
    # no limit is a very large one
    write(machine, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    write(machine, "sys/fs/cgroup/memory/memory.usage_in_bytes", f"{GB}\n")
    assert memory_budget(machine) == int(1.5 * GB * 0.8)


def test_a_limit_that_is_reached_leaves_nothing(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "0::/\n")
    write(machine, "sys/fs/cgroup/memory.max", "100\n")
    write(machine, "sys/fs/cgroup/memory.current", "200\n")
    assert memory_budget(machine) == 0


def test_this_machine_has_some() -> None:
    assert 0 < memory_budget() < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_workers_are_paid_for_before_cases() -> None:
    memory = MemoryBudget(3 * WORKER_BYTES, lambda case: 1)
    assert [memory.for_cases(n) for n in (1, 2, 4)] == [2 * WORKER_BYTES, WORKER_BYTES, 0]
