"""Whether preparation lets the answer into the question: models on pure noise, seed by seed.

Run ``python benchmarks/leakage.py --seeds 200``; it prints a Markdown table.

Each seed is a study of noise whose target is unbalanced over sites. It is split and prepared as
releases do it, a simple model learns from the training rows, and its area under the curve is that
of the test rows. Four forms of harmonization are compared, once where the sites measure alike, so
that features know nothing whatever, and once where each has its own location and scale. The mean
over seeds of the form that releases take must not exceed 0.5 by more than two standard errors. Then
each leak is switched on by hand, and must exceed it. The first seeds also go the whole way, from a
delivery through a warehouse and its releases, and must come to the same areas.

The area is computed within each test fold and then averaged. Scores of several folds pooled into
one curve would be biased: where a class is by chance rarer among the training rows it is commoner
among the test rows, so pooled scores fall against the truth, and a leak could hide in that.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from harmonization_forms import FORMS, Mask, areas_of_seed, auc, folds, nearest_centroid
from noise_study import FOLDS, STEPS, Floats, Study, as_table, make_study, noise

HEADER = ("way", "sites", "seeds", "mean AUC", "SE", "SE from 0.5", "above 0.5 + 2 SE", "asked")
SAID: Mapping[bool | None, str] = {True: "yes", False: "no", None: "not asked"}
SITES = ("alike", "differ")
#: Whether each of the four forms must be seen, by whether sites differ. Where a site tells the
#: target, that is confounding and no leak; where test rows are looked at but not their target, it
#: cannot exceed 0.5, and is refused because the patients of tomorrow are not there to be looked at.
ASKED: Sequence[Sequence[bool | None]] = ((False, False, None, True), (None, False, None, True))
SELECTED = 10
#: How far areas may lie from those of a release: rounding of sums in another order.
SAME = 1e-12


@dataclass(frozen=True)
class Leak:
    """A leak that is switched on by hand.

    ``change`` is what makes a release of it, None where no release can do that.
    """

    name: str
    score: Callable[[int], float]
    change: Mapping[str, Any] | None = None


def _fold_auc(train: pl.DataFrame, test: pl.DataFrame, predictors: Sequence[str]) -> float:
    x, y = _xy(train, predictors)
    x_test, y_test = _xy(test, predictors)
    return auc(nearest_centroid(x, y, x_test), y_test)


def _xy(rows: pl.DataFrame, predictors: Sequence[str]) -> tuple[Floats, Mask]:
    x = rows.select(pl.col(list(predictors)).cast(pl.Float64)).to_numpy()
    return x, (rows["target"].cast(pl.Int64) == 1).to_numpy()


def _prepared(
    table: pl.DataFrame, columns: Sequence[str]
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, list[str]]]:
    """Split and prepare a table as a release does: (train, test, predictors) of each fold."""
    from pydantic import TypeAdapter

    from roentgene.analyses.preparation import apply, fit
    from roentgene.schemas.release_steps import Step

    steps = TypeAdapter(tuple[Step, ...]).validate_python([dict(step) for step in STEPS])
    for fold in folds(table):
        prepared = apply(table, fit(table, columns, steps, fold.persons))
        left = [name for name in prepared.columns if name.startswith(("rad__", "clin__"))]
        yield prepared.filter(fold.train), prepared.filter(~fold.train), left


def _mean_auc(table: pl.DataFrame, columns: Sequence[str]) -> float:
    return float(np.mean([_fold_auc(*fold) for fold in _prepared(table, columns)]))


def _selected_on_all(seed: int) -> float:
    """Choose features by the target of all rows, the test rows too."""
    found = []
    for train, test, left in _prepared(*as_table(seed)):
        x, y = _xy(pl.concat([train, test]), left)
        strength = np.abs(x[y].mean(axis=0) - x[~y].mean(axis=0)) / (x.std(axis=0) + 1e-9)
        chosen = [left[place] for place in np.argsort(-strength)[:SELECTED]]
        found.append(_fold_auc(train, test, chosen))
    return float(np.mean(found))


def _imputed_by_class(seed: int) -> float:
    """Fill missing values with the mean of all rows of the same outcome."""
    table, columns = as_table(seed)
    filled = [pl.col(name).fill_null(pl.col(name).mean().over("target")) for name in columns]
    return _mean_auc(table.with_columns(filled), columns)


def _duplicated(seed: int) -> float:
    """Give a second record of every third patient another person, so that folds share them."""
    table, columns = as_table(seed)
    random = np.random.default_rng([11, seed])
    again = table.gather_every(3).with_columns(pl.col("person_id") + "-again")
    noisy = [pl.col(name) + pl.Series(random.normal(size=again.height) * 0.1) for name in columns]
    return _mean_auc(pl.concat([table, again.with_columns(noisy)]), columns)


def _later(seed: int) -> float:
    """Take the features of the visit after the anchor day too."""
    table, columns = as_table(seed)
    values = noise(seed).later
    later = [name.replace("baseline", "later") for name in columns[: values.shape[1]]]
    return _mean_auc(table.hstack(pl.from_numpy(values, schema=later)), [*columns, *later])


def _equivalent(seed: int) -> float:
    """Take a clinical variable that is the target by another name."""
    table, columns = as_table(seed)
    table = table.with_columns(clin__twin=3 + 4 * pl.col("target"))
    return _mean_auc(table, [*columns, "clin__twin"])


LEAKS: Sequence[Leak] = (
    Leak("features chosen by the target of all rows", _selected_on_all),
    Leak("missing values filled by the class means of all rows", _imputed_by_class),
    Leak("second records of persons in other folds", _duplicated),
    Leak(
        "a visit after the anchor day",
        _later,
        {"features": [{"timepoint": ["baseline", "later"]}], "allow_leaks": ["after_anchor"]},
    ),
    Leak(
        "an equivalent of the target as predictor",
        _equivalent,
        {"clinical": [{"variables": ["twin"]}], "allow_leaks": ["target_equivalent"]},
    ),
)


def by_release(study: Study, seed: int, kind: str, change: Mapping[str, Any]) -> float:
    """Make a release, load every fold, and average the areas; the sites differ."""
    import roentgene

    release = study.release(seed, kind, change)
    found = []
    for fold in range(1, FOLDS + 1):
        data = roentgene.load(release, study.folder, fold=fold)
        found.append(_fold_auc(data.train, data.test, data.predictors))
    return float(np.mean(found))


def check_releases(folder: Path, seeds: int) -> None:
    """Let the first seeds go through a warehouse and its releases, and refuse other areas.

    Raises
    ------
    RuntimeError
        If a release comes to another area than the arrays or the table of the same seed.
    """
    study = make_study(folder, seeds)
    for seed in range(seeds):
        asked = list(zip(FORMS, areas_of_seed(seed)[1], strict=True))
        asked += [(leak, leak.score(seed)) for leak in LEAKS if leak.change is not None]
        for number, (way, expected) in enumerate(asked):
            released = by_release(study, seed, f"way-{number}", way.change or {})
            if abs(released - expected) > SAME:
                msg = f"{way.name}, seed {seed}: {released} by its release, else {expected}"
                raise RuntimeError(msg)


@dataclass(frozen=True)
class Result:
    """Areas of one way, one a seed."""

    name: str
    sites: str
    areas: Floats
    asked: bool | None

    @property
    def mean(self) -> float:
        """Mean area."""
        return float(self.areas.mean())

    @property
    def standard_error(self) -> float:
        """Standard error of the mean over seeds."""
        return float(self.areas.std(ddof=1) / np.sqrt(self.areas.size))

    @property
    def exceeds(self) -> bool:
        """Whether the mean is above 0.5 by more than two standard errors."""
        return self.mean > 0.5 + 2 * self.standard_error

    @property
    def as_asked(self) -> bool:
        """Whether a leak is seen where there is one, and none where there is none."""
        return self.asked is None or self.asked == self.exceeds


def _leak_area(task: tuple[int, int]) -> float:
    number, seed = task
    return LEAKS[number].score(seed)


def measure(seeds: int, leak_seeds: int, workers: int) -> list[Result]:
    """Areas of the four forms with sites that are alike and that differ, and of the other leaks."""
    # each worker is a process of one thread; a seed gives the same area in any of them
    os.environ.update(POLARS_MAX_THREADS="1", OPENBLAS_NUM_THREADS="1")
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        started = time.perf_counter()
        areas = np.array(list(pool.map(areas_of_seed, range(seeds), chunksize=5)))
        results = [
            Result(form.name, sites, areas[:, differ, number], ASKED[differ][number])
            for differ, sites in enumerate(SITES)
            for number, form in enumerate(FORMS)
        ]
        means = ", ".join(f"{one.mean:.4f}" for one in results)
        _say(f"{seeds} seeds of the four forms: {means}", started)
        for number, leak in enumerate(LEAKS if leak_seeds else ()):
            started = time.perf_counter()
            tasks = [(number, seed) for seed in range(leak_seeds)]
            found = np.array(list(pool.map(_leak_area, tasks, chunksize=5)))
            results.append(Result(leak.name, SITES[True], found, True))
            _say(f"{leak_seeds} seeds of {leak.name}: {found.mean():.4f}", started)
    return results


def _say(what: str, started: float) -> None:
    sys.stderr.write(f"{what}, {time.perf_counter() - started:.0f} s\n")


def markdown(results: Sequence[Result]) -> str:
    """Make the Markdown table."""
    rows = [f"| {' | '.join(HEADER)} |", "|" + " --- |" * len(HEADER)]
    for one in results:
        away = (one.mean - 0.5) / one.standard_error
        rows.append(
            f"| {one.name} | {one.sites} | {one.areas.size} | {one.mean:.4f} "
            f"| {one.standard_error:.4f} | {away:+.1f} | **{SAID[one.exceeds]}** "
            f"| {SAID[one.asked]} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Hold the first seeds against releases, measure every way, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200, help="seeds of the four forms")
    parser.add_argument("--leak-seeds", type=int, default=40, help="seeds of each other leak")
    parser.add_argument("--release-seeds", type=int, default=1, help="seeds released as well")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args()
    if options.release_seeds:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            check_releases(Path(folder), options.release_seeds)
        _say(f"{options.release_seeds} seeds through releases, to the same areas", started)
    results = measure(options.seeds, options.leak_seeds, options.workers)
    sys.stdout.write(f"{markdown(results)}\n")
    if not all(result.as_asked for result in results):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
