"""How much of the truth ``roentgene demo`` finds, seed by seed: recall and false discoveries.

Run ``python benchmarks/demo_recovery.py --seeds 20 --workers 2``; it prints a Markdown table. Each
seed runs the whole demo in a folder of its own, which is removed afterwards.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from roentgene.app.demo.score import DemoScore

HEADER = (
    "| seed | discoveries | false | false discovery proportion | gene recall "
    "| mutation recall | response | seconds |"
)


@dataclass(frozen=True)
class Run:
    """A scored study and how long it took."""

    score: DemoScore
    seconds: float

    @property
    def response(self) -> float | None:
        """Share of the patients told right by the change of their tumour's volume."""
        found = self.score.response
        if found is None:
            return None
        n = found.recognised + len(found.mistaken) + len(found.without_delta)
        return found.recognised / n


#: Columns that are summarised, in the order of the table.
MEASURES: tuple[Callable[[Run], float | None], ...] = (
    lambda run: run.score.false_discovery_proportion,
    lambda run: run.score.expression.recall,
    lambda run: run.score.mutation.recall,
    lambda run: run.response,
)


def mean_and_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean over seeds with its 95 % interval by Student's t.

    Examples
    --------
    >>> [round(x, 3) for x in mean_and_interval([0.0, 1.0, 2.0, 3.0])]
    [1.5, -0.554, 3.554]
    """
    import numpy as np
    from scipy import stats

    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return mean, float(mean - half), float(mean + half)


def table(runs: Sequence[Run]) -> str:
    """Make the Markdown table of all seeds, with the mean and its interval as the last row."""
    rows = [HEADER, "|" + " --- |" * (HEADER.count("|") - 1)]
    for run in runs:
        counts = [str(run.score.discoveries), str(run.score.false_discoveries)]
        shares = [_number(measure(run)) for measure in MEASURES]
        rows.append(_row(str(run.score.seed), *counts, *shares, f"{run.seconds:.0f}"))
    summary = [_summary([measure(run) for run in runs]) for measure in MEASURES]
    seconds = f"{sum(run.seconds for run in runs) / len(runs):.0f}"
    return "\n".join([*rows, _row("mean (95 % interval)", "", "", *summary, seconds)])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _summary(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return ""
    mean, low, high = mean_and_interval(known)
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Run the demo for each seed and print the table."""
    from roentgene.app.demo.run import run_demo

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="number of seeds, from 0 on")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of each run")
    options = parser.parse_args()
    runs: list[Run] = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            found = run_demo(Path(folder), seed, options.workers)
            runs.append(Run(found, time.perf_counter() - started))
        sys.stderr.write(f"seed {seed}: {runs[-1].seconds:.0f} s\n")
    sys.stdout.write(table(runs) + "\n")


if __name__ == "__main__":
    main()
