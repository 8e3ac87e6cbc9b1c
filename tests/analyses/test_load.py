from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import roentgene
from roentgene.analyses.preparation import apply, fit, fit_folds
from roentgene.analyses.splitting import make_splits
from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.release_splits import CrossValidationSplit, HoldoutSplit, SplitDeclaration
from roentgene.schemas.release_steps import ImputationStep, ScalingStep, Step, VarianceStep
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.releases.manifest import Manifest, read_manifest, write_manifest
from roentgene.warehouse.releases.names import ReleaseId
from roentgene.warehouse.releases.store import files_of, put_in_place, unfinished_folder
from roentgene.warehouse.releases.tables import write_tables

N = 30
STEPS: list[Step] = [
    VarianceStep(kind="variance"),
    ImputationStep(kind="imputation", indicator=True),
    ScalingStep(kind="scaling"),
]
SPLITS: list[SplitDeclaration] = [
    CrossValidationSplit(split_id="cv", kind="cross_validation", folds=3, repeats=2, inner_folds=2),
    HoldoutSplit(split_id="held out", kind="holdout", validation_share=0.2),
]


@dataclass(frozen=True)
class Made:
    root: Path
    folder: Path
    table: pl.DataFrame
    splits: pl.DataFrame


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A warehouse folder without a catalogue that could be opened: only its release is real."""
    layout = Layout(tmp_path)
    layout.study.touch()
    layout.catalogue.touch()
    random = np.random.default_rng(3)
    values = random.normal(size=N).tolist()
    table = pl.DataFrame(
        {
            "person_id": [f"X:{number:02d}" for number in range(N)],
            "cohort_id": "X",
            "patient_id": [f"{number:02d}" for number in range(N)],
            "clin__sex": random.choice(["f", "m"], size=N).tolist(),
            "rad__a": [None if place % 4 == 1 else value for place, value in enumerate(values)],
            "rad__same": 1.0,
            "target": random.permutation(N) % 2,
        }
    )
    people = table.select("person_id", pl.col("target").alias("stratum"))
    splits = make_splits(people, SPLITS)
    columns = ["clin__sex", "rad__a", "rad__same"]
    parameters = fit_folds(table, columns, STEPS, splits)
    tables = {
        "table": table,
        "dictionary": pl.DataFrame({"column": columns}),
        "splits": splits,
        "parameters": parameters,
    }
    with unfinished_folder(layout) as folder:
        rows = write_tables(folder, {name: one.to_arrow() for name, one in tables.items()})
        manifest = Manifest(
            name="idh",
            version="1.0.0",
            title="made by hand",
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            author="somebody",
            versions={},
            snapshot_id=1,
            snapshot_time=None,
            views={},
            spec={},
            spec_sha256="",
            n_persons=N,
            n_rows=N,
            n_predictors=3,
            flow=(),
            fingerprint="",
            fingerprints={},
            files=files_of(folder, rows),
        )
        write_manifest(folder, manifest)
        place = put_in_place(layout, folder, ReleaseId("idh", "1.0.0"))
    return Made(tmp_path, place, table, splits)


def test_a_fold_is_loaded_as_it_was_fitted(made: Made) -> None:
    data = roentgene.load("idh@1.0.0", made.root, split="cv", repeat=2, fold=3)
    here = (pl.col("split_id") == "cv") & (pl.col("repeat") == 2) & (pl.col("fold") == 3)
    roles = made.splits.filter(here & pl.col("inner_fold").is_null())
    train = roles.filter(pl.col("role") == "train")["person_id"].to_list()
    assert data.train["person_id"].to_list() == sorted(train)
    assert sorted(data.test["person_id"].to_list() + train) == made.table["person_id"].to_list()
    assert data.validation.height == 0
    assert data.predictors == ("clin__sex", "rad__a", "rad__a__missing")
    known = made.table.filter(pl.col("person_id").is_in(train))["rad__a"].drop_nulls()
    filled = made.table["rad__a"].fill_null(known.median())
    trained = filled.filter(made.table["person_id"].is_in(train))
    expected = (filled - trained.mean()) / trained.std()
    tested = made.table["person_id"].is_in(data.test["person_id"].to_list())
    assert data.test["rad__a"].to_list() == pytest.approx(expected.filter(tested).to_list())
    again = fit(made.table, ["clin__sex", "rad__a", "rad__same"], STEPS, train)
    assert apply(made.table, again).filter(tested).equals(data.test)


def test_inner_folds_and_validation_persons_are_loaded(made: Made) -> None:
    outer = roentgene.load("idh@1.0.0", made.root, split="cv", fold=1)
    inner = roentgene.load("idh@1.0.0", made.root, split="cv", fold=1, inner_fold=2)
    together = [*inner.train["person_id"], *inner.validation["person_id"]]
    assert sorted(together) == outer.train["person_id"].to_list()
    assert inner.test.height == 0
    held_out = roentgene.load("idh", made.root, split="held out")
    assert min(held_out.train.height, held_out.validation.height, held_out.test.height) > 0
    assert held_out.release == "idh@1.0.0"


def test_changed_files_are_refused(made: Made) -> None:
    file = made.folder / "parameters.parquet"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"0")
    with pytest.raises(WarehouseError, match=r"idh@1\.0\.0: parameters\.parquet has changed"):
        roentgene.load("idh@1.0.0", made.root, split="cv")
    file.unlink()
    with pytest.raises(WarehouseError, match="is missing"):
        roentgene.load("idh@1.0.0", made.root, split="cv")


def test_what_is_not_there_is_named(made: Made) -> None:
    with pytest.raises(FileError, match=r"no release 'idh@2\.0\.0'"):
        roentgene.load("idh@2.0.0", made.root)
    with pytest.raises(FileError, match="Name one in 'split': cv, held out"):
        roentgene.load("idh@1.0.0", made.root)
    with pytest.raises(FileError, match="no split 'vc'"):
        roentgene.load("idh@1.0.0", made.root, split="vc")
    with pytest.raises(FileError, match="repeat 1 to 2, fold 1 to 3 and inner_fold 1 to 2"):
        roentgene.load("idh@1.0.0", made.root, split="cv", repeat=3)
    with pytest.raises(FileError, match="fold 1 to 1 and no inner folds"):
        roentgene.load("idh@1.0.0", made.root, split="held out", inner_fold=1)


def test_a_superseded_release_is_refused(made: Made) -> None:
    old = read_manifest(made.folder)
    change = {"status": "superseded", "superseded_by": "idh@1.0.1", "reason": "erasure"}
    write_manifest(made.folder, old.model_copy(update=change))
    with pytest.raises(FileError, match=r"superseded by erasure. Use idh@1\.0\.1"):
        roentgene.load("idh@1.0.0", made.root, split="cv")
