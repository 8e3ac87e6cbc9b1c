"""A study of pure noise whose target is unbalanced over sites: as a table, and as a warehouse.

The table has the rows and columns that a release of the warehouse has before any step, so that what
is learnt from one can be held against the other.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

Floats = NDArray[np.float64]

N_PERSONS = 120
N_FEATURES = 60
FOLDS = 5
#: Share of the positive class at each site.
SITES: Mapping[str, float] = {"A": 0.3, "B": 0.7, "C": 0.5}
MISSING = 0.1
N_LATER = 3
#: Who is in the release of seed 0.
INCLUSION = "SELECT cohort_id, patient_id FROM study.patient WHERE patient_id LIKE 'S000P%'"
SPLIT: Mapping[str, Any] = {
    "kind": "cross_validation",
    "split_id": "cv",
    "folds": FOLDS,
    "stratify": ["site", "target"],
}
STEPS: Sequence[Mapping[str, Any]] = (
    {"kind": "variance"},
    {"kind": "harmonization", "batch": "site"},
    {"kind": "imputation", "indicator": True},
    {"kind": "correlation"},
    {"kind": "scaling"},
)


class Noise(NamedTuple):
    """What is known of the persons of a seed, one element or row a person.

    ``values`` are the features at baseline, which know nothing of the labels; ``later`` are
    features after the anchor day, which do.
    """

    labels: NDArray[np.bool_]
    sites: list[str]
    values: Floats
    later: Floats


def noise(seed: int, *, sites_differ: bool = True) -> Noise:
    """Draw the persons of a seed.

    Each site has its own location and scale of each feature, unless sites do not differ; all
    else is the same then.
    """
    random = np.random.default_rng([7, seed])
    names = list(SITES)
    sites = [names[place % len(names)] for place in range(N_PERSONS)]
    of_site = np.array([names.index(site) for site in sites])
    labels = np.zeros(N_PERSONS, bool)
    for number, share in enumerate(SITES.values()):
        members = np.flatnonzero(of_site == number)
        labels[random.permutation(members)[: round(share * members.size)]] = True
    location = random.normal(size=(len(names), N_FEATURES)) * sites_differ
    scale = np.exp(0.2 * random.normal(size=(len(names), N_FEATURES)) * sites_differ)
    values = random.normal(size=(N_PERSONS, N_FEATURES)) * scale[of_site] + location[of_site]
    values[random.uniform(size=values.shape) < MISSING] = np.nan
    later = random.normal(size=(N_PERSONS, N_LATER)) + 1.5 * labels[:, None]
    return Noise(labels, sites, values, later)


def as_table(seed: int, *, sites_differ: bool = True) -> tuple[pl.DataFrame, list[str]]:
    """Table of a seed as a release of its baseline would hold it, and the names of its features."""
    drawn = noise(seed, sites_differ=sites_differ)
    patients = _patients(seed)
    columns = [f"rad__baseline__T1__GTV__published__{name}" for name in _features()]
    keys = {
        "person_id": [f"NOISE:{patient}" for patient in patients],
        "cohort_id": ["NOISE"] * N_PERSONS,
        "patient_id": patients,
        "site": drawn.sites,
    }
    features = pl.from_numpy(drawn.values, schema=columns).fill_nan(None)
    target = pl.Series("target", drawn.labels.astype(np.int64))
    return pl.DataFrame(keys).hstack(features).with_columns(target), columns


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
        drawn = noise(seed)
        for place, patient in enumerate(_patients(seed)):
            positive = drawn.labels[place]
            word, twin = ("yes", "7") if positive else ("no", "3")
            patients.append([patient, drawn.sites[place], word, twin])
            cells = ["" if np.isnan(one) else repr(float(one)) for one in drawn.values[place]]
            features.append([patient, "baseline", *cells])
            late = [repr(float(one)) for one in drawn.later[place]]
            features.append([patient, "later", *late, *[""] * (N_FEATURES - len(late))])
    _write(delivery / "clinical.csv", ["id", "site", "label", "twin"], patients)
    _write(delivery / "features.csv", ["id", "visit", *_features()], features)
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
                "features": _features(),
                "engine": "noise",
                "engine_version": "1",
                "profile": "published",
            },
        ],
    }
    (delivery / "cohort.yaml").write_text(yaml.safe_dump(cohort), encoding="utf-8")


def _patients(seed: int) -> list[str]:
    return [f"S{seed:03d}P{place:03d}" for place in range(N_PERSONS)]


def _features() -> list[str]:
    return [f"noise_{number:02d}" for number in range(N_FEATURES)]


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
