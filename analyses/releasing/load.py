"""Loading of a fold of a release: its rows by role, with the stored parameters applied."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roentgene.analyses.preparation import apply
from roentgene.schemas.errors import FileError
from roentgene.warehouse.layout import find_warehouse
from roentgene.warehouse.releases.manifest import Manifest
from roentgene.warehouse.releases.store import find_release, refuse_superseded, unchanged_file


@dataclass(frozen=True)
class LoadedFold:
    """A fold of a release, ready for a model.

    Parameters
    ----------
    release : str
        ``name@version``.
    split_id, repeat, fold, inner_fold
        Which fold it is; ``inner_fold`` is None for an outer one.
    train, validation, test : polars.DataFrame
        Rows by the role of their person: keys, predictors, targets. Of an inner fold ``test`` is
        empty, and of an outer one ``validation`` unless the split holds persons out for it.
    predictors : tuple of str
        Names of the predictors that are left.
    parameters : polars.DataFrame
        What was applied: rows of the fold, fitted on its training rows.
    dictionary : polars.DataFrame
        What each column of the release is.
    """

    release: str
    split_id: str
    repeat: int
    fold: int
    inner_fold: int | None
    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame
    predictors: tuple[str, ...]
    parameters: pl.DataFrame
    dictionary: pl.DataFrame


def load(
    release: str,
    warehouse: str | Path | None = None,
    *,
    split: str | None = None,
    repeat: int = 1,
    fold: int = 1,
    inner_fold: int | None = None,
) -> LoadedFold:
    """Load a fold of a release; nothing is fitted, and nothing but the release is read.

    Parameters
    ----------
    release : str
        ``name@version``; a name alone means its newest version.
    warehouse : str or Path, optional
        Folder of the warehouse; without it as for the commands.
    split : str, optional
        ``split_id``; may be left out if the release has one split.
    repeat, fold : int
        Which fold, both from 1.
    inner_fold : int, optional
        Which inner fold of a nested split, from 1.

    Returns
    -------
    LoadedFold
        Training, validation and test rows with the parameters of the fold applied.

    Raises
    ------
    FileError
        If there is no such release, split or fold, or the release was superseded.
    WarehouseError
        If a file of the release is missing or has changed.

    Examples
    --------
    >>> import roentgene
    >>> data = roentgene.load("idh@1.0.0", repeat=3, fold=2)  # doctest: +SKIP
    >>> x = data.train.select(data.predictors)  # doctest: +SKIP
    """
    layout = find_warehouse(None if warehouse is None else Path(warehouse))
    folder, manifest = find_release(layout, release)
    refuse_superseded(manifest)
    splits = _read(folder, manifest, "splits")
    dictionary = _read(folder, manifest, "dictionary")
    split_id = _split_id(splits, split, manifest)
    here = (
        (pl.col("split_id") == split_id)
        & (pl.col("repeat") == repeat)
        & (pl.col("fold") == fold)
        & pl.col("inner_fold").eq_missing(pl.lit(inner_fold, pl.Int32))
    )
    roles = splits.filter(here).select("person_id", "role")
    if not roles.height:
        raise _no_fold(splits.filter(pl.col("split_id") == split_id), split_id, manifest)
    parameters = _read(folder, manifest, "parameters", here)
    # rows of persons without a role in the fold are not even looked at
    rows = _read(folder, manifest, "table").join(
        roles, on="person_id", how="inner", maintain_order="left"
    )
    prepared = apply(rows, parameters)
    train, validation, test = (
        prepared.filter(pl.col("role") == role).drop("role")
        for role in ("train", "validation", "test")
    )
    return LoadedFold(
        release=manifest.release,
        split_id=split_id,
        repeat=repeat,
        fold=fold,
        inner_fold=inner_fold,
        train=train,
        validation=validation,
        test=test,
        predictors=_predictors(train, dictionary),
        parameters=parameters,
        dictionary=dictionary,
    )


def _read(
    folder: Path, manifest: Manifest, name: str, where: pl.Expr | None = None
) -> pl.DataFrame:
    """Read a table of the release, or rows of it, if the file is still what it was."""
    path = unchanged_file(folder, manifest, f"{name}.parquet")
    rows = pl.scan_parquet(path, hive_partitioning=False)
    return (rows if where is None else rows.filter(where)).collect()


def _split_id(splits: pl.DataFrame, split: str | None, manifest: Manifest) -> str:
    names = splits["split_id"].unique(maintain_order=True).to_list()
    if split is None and len(names) == 1:
        return str(names[0])
    if split in names:
        return str(split)
    told = f"no split {split!r}" if split is not None else f"{len(names)} splits"
    msg = f"{manifest.release} has {told}"
    raise FileError(msg, f"Name one in 'split': {', '.join(names) or 'it has none'}")


def _no_fold(of_split: pl.DataFrame, split_id: str, manifest: Manifest) -> FileError:
    most = of_split.select("repeat", "fold", "inner_fold").max().row(0)
    inner = "no inner folds" if most[2] is None else f"inner_fold 1 to {most[2]}"
    msg = f"split {split_id} of {manifest.release} has no such fold"
    return FileError(msg, f"It has repeat 1 to {most[0]}, fold 1 to {most[1]} and {inner}")


def _predictors(train: pl.DataFrame, dictionary: pl.DataFrame) -> tuple[str, ...]:
    """Predictors that are left, and the indicators beside them, in the order of the table."""
    blocks = tuple(f"{block}__" for block in ("rad", "dose", "gen", "clin"))
    known = set(dictionary["column"])
    return tuple(
        name
        for name in train.columns
        if name.startswith(blocks) and (name in known or name.removesuffix("__missing") in known)
    )
