"""Whether a release lets the answer into the question: models on pure noise, seed by seed.

Run ``python benchmarks/leakage.py --seeds 200 --leak-seeds 40``; it prints a Markdown table.

A study of noise is made whose target is unbalanced over sites that differ in location and scale,
released, and loaded fold by fold; a simple model learns from the training rows, and its area under
the curve is that of the test rows. The mean over seeds must not exceed 0.5 by more than two
standard errors. Then each leak is switched on by hand, and must exceed it.

The area is computed within each test fold and then averaged. Scores of several folds pooled into
one curve would be biased: where a class is by chance rarer among the training rows it is commoner
among the test rows, so pooled scores fall against the truth, and a leak could hide in that.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

Floats = NDArray[np.float64]

N_PERSONS = 120
N_FEATURES = 60
FOLDS = 5
SAID: Mapping[bool | None, str] = {True: "yes", False: "no", None: "not asked"}
#: Who is in the release of seed 0.
INCLUSION = "SELECT cohort_id, patient_id FROM study.patient WHERE patient_id LIKE 'S000P%'"
#: Share of the positive class at each site.
SITES: Mapping[str, float] = {"A": 0.3, "B": 0.7, "C": 0.5}
MISSING = 0.1
SELECTED = 10
SPLIT = {
    "kind": "cross_validation",
    "split_id": "cv",
    "folds": FOLDS,
    "stratify": ["site", "target"],
}
HARMONIZATION: Mapping[str, Any] = {"kind": "harmonization", "batch": "site"}
STEPS: Sequence[Mapping[str, Any]] = (
    {"kind": "variance"},
    HARMONIZATION,
    {"kind": "imputation", "indicator": True},
    {"kind": "correlation"},
    {"kind": "scaling"},
)


@dataclass(frozen=True)
class Study:
    """A warehouse of noise: the patients of each seed have its number in their ids."""

    folder: Path
    specs: Path
    made: dict[tuple[int, str], str] = field(default_factory=dict)

    def release(self, seed: int, kind: str, change: Mapping[str, Any]) -> str:
        """Release the patients of a seed, once for each kind."""
        from roentgene.analyses.releasing.create import create_release

        if (seed, kind) not in self.made:
            spec = {**_spec(seed, kind), **change}
            path = self.specs / f"{spec['name']}.yaml"
            path.write_text(yaml.safe_dump(spec), encoding="utf-8")
            self.made[seed, kind] = create_release(self.folder, path).release
        return self.made[seed, kind]


def _spec(seed: int, kind: str) -> dict[str, Any]:
    return {
        "name": f"{kind}-{seed:03d}",
        "title": "Noise",
        "patients": {
            "sql": INCLUSION.replace("S000P", f"S{seed:03d}P"),
        },
        "features": [{"timepoint": "baseline"}],
        "target": {"kind": "clinical", "name": "label", "positive": ["yes"]},
        "anchor_day": 0,
        "splits": [dict(SPLIT)],
        "prepare": [dict(step) for step in STEPS],
    }


@dataclass(frozen=True)
class Way:
    """One way from the study to a model, with a leak or without.

    ``leaks`` is None where nothing is asked. Where test rows are looked at but not their target it
    cannot be seen here, and is refused because the patients of tomorrow are not there to be
    looked at; and where a site tells the target, that is confounding and no leak.
    """

    name: str
    leaks: bool | None
    score: Callable[[Study, int], float]


def make_study(folder: Path, seeds: int) -> Study:
    """Make the warehouse with the patients of all seeds, in one delivery."""
    from roentgene.ingest.extract.executors.local_pool import LocalPool
    from roentgene.ingest.run import run_ingest
    from roentgene.schemas.study import Study as StudyFile
    from roentgene.warehouse.opening import create_warehouse

    warehouse, delivery = folder / "warehouse", folder / "delivery"
    delivery.mkdir()
    create_warehouse(warehouse, StudyFile(name="noise", publish=False))
    _write_delivery(delivery, seeds)
    run_ingest(warehouse, delivery / "cohort.yaml", LocalPool(1), lambda _: None)
    return Study(warehouse, delivery)


def _write_delivery(delivery: Path, seeds: int) -> None:
    patients, features = [], []
    for seed in range(seeds):
        labels, sites, values, later = _noise(seed)
        for place in range(N_PERSONS):
            patient = f"S{seed:03d}P{place:03d}"
            word = "yes" if labels[place] else "no"
            patients.append([patient, sites[place], word, "7" if labels[place] else "3"])
            cells = ["" if np.isnan(one) else repr(float(one)) for one in values[place]]
            features.append([patient, "baseline", *cells])
            late = [repr(float(one)) for one in later[place]]
            features.append([patient, "later", *late, *[""] * (N_FEATURES - len(late))])
    _write(delivery / "clinical.csv", ["id", "site", "label", "twin"], patients)
    names = [f"noise_{number:02d}" for number in range(N_FEATURES)]
    _write(delivery / "features.csv", ["id", "visit", *names], features)
    cohort = {
        "cohort_id": "NOISE",
        "title": "Noise",
        "license": "CC0",
        "day_zero": "baseline_scan",
        "timepoints": {"baseline": {"order": 0, "day": 0}, "later": {"order": 1, "day": 90}},
        "tables": [
            {"file": "clinical.csv", "kind": "clinical", "id": "id", "patient": {"site": "site"}},
            {
                "file": "features.csv",
                "kind": "features",
                "id": "id",
                "timepoint": "{visit}",
                "sequence": "T1",
                "region": "GTV",
                "modality": "MR",
                "features": names,
                "engine": "noise",
                "engine_version": "1",
                "profile": "published",
            },
        ],
    }
    (delivery / "cohort.yaml").write_text(yaml.safe_dump(cohort), encoding="utf-8")


def _noise(seed: int) -> tuple[NDArray[np.bool_], list[str], Floats, Floats]:
    """Labels, sites, features at baseline, and features after the anchor day (which know)."""
    random = np.random.default_rng([7, seed])
    names = list(SITES)
    sites = [names[place % len(names)] for place in range(N_PERSONS)]
    of_site = np.array([names.index(site) for site in sites])
    labels = np.zeros(N_PERSONS, bool)
    for number, share in enumerate(SITES.values()):
        members = np.flatnonzero(of_site == number)
        labels[random.permutation(members)[: round(share * members.size)]] = True
    location = random.normal(size=(len(names), N_FEATURES))
    scale = np.exp(0.2 * random.normal(size=(len(names), N_FEATURES)))
    values = random.normal(size=(N_PERSONS, N_FEATURES)) * scale[of_site] + location[of_site]
    values[random.uniform(size=values.shape) < MISSING] = np.nan
    later = random.normal(size=(N_PERSONS, 3)) + 1.5 * labels[:, None]
    return labels, sites, values, later


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def auc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the curve from ranks, ties by their average rank.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    from scipy import stats

    ranks = stats.rankdata(scores)
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    above = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * n_negative))


def nearest_centroid(train: Floats, labels: NDArray[np.bool_], test: Floats) -> Floats:
    """Score of test rows: how much nearer they are to the mean of the positive training rows."""
    direction = train[labels].mean(axis=0) - train[~labels].mean(axis=0)
    return np.asarray(test @ direction)


def _fold_auc(train: pl.DataFrame, test: pl.DataFrame, predictors: Sequence[str]) -> float:
    x, y = _xy(train, predictors)
    x_test, y_test = _xy(test, predictors)
    return auc(nearest_centroid(x, y, x_test), y_test)


def _xy(rows: pl.DataFrame, predictors: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
    x = rows.select(pl.col(list(predictors)).cast(pl.Float64)).to_numpy()
    return x, (rows["target"].cast(pl.Int64) == 1).to_numpy()


def _by_release(kind: str, change: Mapping[str, Any]) -> Callable[[Study, int], float]:
    """Make a release, load every fold, and average the areas."""

    def score(study: Study, seed: int) -> float:
        import roentgene

        release = study.release(seed, kind, change)
        found = []
        for fold in range(1, FOLDS + 1):
            data = roentgene.load(release, study.folder, fold=fold)
            found.append(_fold_auc(data.train, data.test, data.predictors))
        return float(np.mean(found))

    return score


def _selected_on_all(study: Study, seed: int) -> float:
    """Choose features by the target of all rows, the test rows too."""
    import roentgene

    release = study.release(seed, "honest", {})
    found = []
    for fold in range(1, FOLDS + 1):
        data = roentgene.load(release, study.folder, fold=fold)
        x, y = _xy(pl.concat([data.train, data.test]), data.predictors)
        strength = np.abs(x[y].mean(axis=0) - x[~y].mean(axis=0)) / (x.std(axis=0) + 1e-9)
        chosen = [data.predictors[place] for place in np.argsort(-strength)[:SELECTED]]
        found.append(_fold_auc(data.train, data.test, chosen))
    return float(np.mean(found))


def _table(study: Study, seed: int) -> tuple[pl.DataFrame, list[str]]:
    """Table of the release as it is stored, before any step, and its features."""
    release = study.release(seed, "honest", {})
    table = pl.read_parquet(study.folder / "releases" / release / "table.parquet")
    return table, [name for name in table.columns if name.startswith("rad__")]


def _through_steps(table: pl.DataFrame, columns: Sequence[str]) -> float:
    """Split and prepare a table that was changed by hand, as a release would have."""
    from pydantic import TypeAdapter

    from roentgene.analyses.preparation import apply, fit
    from roentgene.analyses.splitting import make_splits
    from roentgene.schemas.release_splits import CrossValidationSplit
    from roentgene.schemas.release_steps import Step

    steps = TypeAdapter(tuple[Step, ...]).validate_python([dict(step) for step in STEPS])
    people = table.select("person_id", "site", pl.col("target").cast(pl.String).alias("stratum"))
    splits = make_splits(people, [CrossValidationSplit.model_validate(SPLIT)])
    found = []
    for _, roles in splits.group_by("fold", maintain_order=True):
        train = roles.filter(pl.col("role") == "train")["person_id"].to_list()
        prepared = apply(table, fit(table, columns, steps, train))
        left = [name for name in prepared.columns if name.startswith("rad__")]
        trained = pl.col("person_id").is_in(train)
        found.append(_fold_auc(prepared.filter(trained), prepared.filter(~trained), left))
    return float(np.mean(found))


def _imputed_by_class(study: Study, seed: int) -> float:
    """Fill missing values with the mean of all rows of the same outcome."""
    table, columns = _table(study, seed)
    filled = [pl.col(name).fill_null(pl.col(name).mean().over("target")) for name in columns]
    return _through_steps(table.with_columns(filled), columns)


def _duplicated(study: Study, seed: int) -> float:
    """Give a second record of every third patient another person, so that folds share them."""
    table, columns = _table(study, seed)
    random = np.random.default_rng([11, seed])
    again = table.gather_every(3).with_columns(pl.col("person_id") + "-again")
    noisy = [pl.col(name) + pl.Series(random.normal(size=again.height) * 0.1) for name in columns]
    return _through_steps(pl.concat([table, again.with_columns(noisy)]), columns)


WAYS: Sequence[Way] = (
    Way("release, all steps fitted on the training rows", False, _by_release("honest", {})),
    Way(
        "the same without harmonization: the features tell the site, and the site the target",
        None,
        _by_release(
            "raw", {"prepare": [dict(step) for step in STEPS if step is not HARMONIZATION]}
        ),
    ),
    Way(
        "all steps fitted on all rows, none looks at the target",
        None,
        _by_release("all", {"allow_leaks": ["fit_on_all_rows"]}),
    ),
    Way(
        "harmonization on all rows, the target as covariate",
        True,
        _by_release(
            "covariate",
            {
                "prepare": [
                    dict(step) | ({"preserve": ["target"]} if step is HARMONIZATION else {})
                    for step in STEPS
                ],
                "allow_leaks": ["fit_on_all_rows", "target_as_covariate"],
            },
        ),
    ),
    Way("features chosen by the target of all rows", True, _selected_on_all),
    Way("missing values filled by the class means of all rows", True, _imputed_by_class),
    Way("second records of persons in other folds", True, _duplicated),
    Way(
        "a visit after the anchor day",
        True,
        _by_release(
            "late",
            {
                "features": [{"timepoint": ["baseline", "later"]}],
                "allow_leaks": ["after_anchor"],
            },
        ),
    ),
    Way(
        "an equivalent of the target as predictor",
        True,
        _by_release(
            "equivalent",
            {
                "clinical": [{"variables": ["twin"]}],
                "allow_leaks": ["target_equivalent"],
            },
        ),
    ),
)


@dataclass(frozen=True)
class Result:
    """Areas of one way, one a seed."""

    way: Way
    areas: Floats

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
        return self.way.leaks is None or self.way.leaks == self.exceeds


def measure(study: Study, seeds: int, leak_seeds: int) -> list[Result]:
    """Areas of every way, for the first seeds; leaks need fewer, for they are large."""
    results = []
    for way in WAYS:
        started = time.perf_counter()
        n = seeds if way.leaks is False else leak_seeds
        if not n:
            continue
        areas = np.array([way.score(study, seed) for seed in range(n)])
        results.append(Result(way, areas))
        seconds = (time.perf_counter() - started) / n
        sys.stderr.write(f"{way.name}: {areas.mean():.3f}, {seconds:.1f} s a seed\n")
    return results


def table(results: Sequence[Result]) -> str:
    """Make the Markdown table."""
    rows = ["| way | seeds | mean AUC | standard error | above 0.5 + 2 SE | asked |"]
    rows.append("|" + " --- |" * 6)
    for result in results:
        rows.append(
            f"| {result.way.name} | {result.areas.size} | {result.mean:.4f} "
            f"| {result.standard_error:.4f} | **{SAID[result.exceeds]}** "
            f"| {SAID[result.way.leaks]} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Make the study, measure every way, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200, help="seeds without a leak")
    parser.add_argument("--leak-seeds", type=int, default=40, help="seeds of each leak")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        study = make_study(Path(folder), max(options.seeds, options.leak_seeds))
        results = measure(study, options.seeds, options.leak_seeds)
    sys.stdout.write(table(results) + "\n")
    if not all(result.as_asked for result in results):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
