"""Splits as rows: which person is trained on and which is tested, in every repeat and fold.

Persons are split, so that no visit, lesion or second record of a person stands on both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roentgene.schemas.errors import FileError
from roentgene.schemas.release_splits import (
    ROLES,
    STRATIFIER_COLUMNS,
    AccrualSplit,
    CrossValidationSplit,
    GivenSplit,
    HoldoutSplit,
    SiteSplit,
    SplitDeclaration,
)

SCHEMA = {
    "split_id": pl.String,
    "repeat": pl.Int32,
    "fold": pl.Int32,
    "inner_fold": pl.Int32,
    "person_id": pl.String,
    "role": pl.String,
}
TRAIN, VALIDATION, TEST = ROLES

#: Roles of all persons, one element a person in the order of their ids.
Roles: TypeAlias = NDArray[np.str_]


def make_splits(people: pl.DataFrame, declared: Sequence[SplitDeclaration]) -> pl.DataFrame:
    """Give every person a role in every fold.

    Parameters
    ----------
    people : polars.DataFrame
        One row a person: ``person_id`` and the columns that the splits read
        (:func:`roentgene.schemas.release_splits.columns_of_splits`), of which ``stratum`` is the
        class of the target. The order of rows and other columns mean nothing.
    declared : sequence of SplitDeclaration
        The splits.

    Returns
    -------
    polars.DataFrame
        ``split_id, repeat, fold, inner_fold, person_id, role``, sorted. Of the outer folds
        ``inner_fold`` is NULL; inner folds have the training persons of their fold alone, as
        ``train`` and ``validation``.

    Raises
    ------
    FileError
        If a person stands twice, a column is missing or has no value for a person, or a class has
        too few persons.

    Notes
    -----
    The order of a class is that of random words drawn for its persons in the order of their ids
    from ``numpy.random.PCG64([seed, repeat, …])``: numpy promises the same words of it in every
    version, as it does not of ``default_rng``. Within a class the folds are dealt round, and the
    next class goes on where the last one ended, so that neither classes nor folds differ by more
    than one person.
    """
    _refuse_repeated([split.split_id for split in declared], "split_id")
    people = people.sort("person_id")
    ids = people["person_id"].to_list()
    _refuse_repeated(ids, "person_id")
    rows = [
        _rows(split.split_id, repeat, fold, inner, ids, roles)
        for split in declared
        for repeat, fold, inner, roles in _folds(people, split)
    ]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *rows])


def _refuse_repeated(names: Sequence[str], what: str) -> None:
    name, times = max(Counter(names).items(), key=lambda item: item[1], default=("", 0))
    if times > 1:
        msg = f"{what} {name} stands {times} times"
        raise FileError(msg, "A split needs each once")


def _rows(
    split_id: str, repeat: int, fold: int, inner: int | None, ids: Sequence[str], roles: Roles
) -> pl.DataFrame:
    part = pl.DataFrame({"person_id": ids, "role": roles.tolist()}).filter(pl.col("role") != "")
    return part.select(
        pl.lit(split_id).alias("split_id"),
        pl.lit(repeat, pl.Int32).alias("repeat"),
        pl.lit(fold, pl.Int32).alias("fold"),
        pl.lit(inner, pl.Int32).alias("inner_fold"),
        "person_id",
        "role",
    )


def _folds(
    people: pl.DataFrame, split: SplitDeclaration
) -> Iterator[tuple[int, int, int | None, Roles]]:
    """Yield (repeat, fold, inner fold or None, roles); a person without a role has ``""``."""
    for repeat, fold, roles in _outer_folds(people, split):
        where = f"split {split.split_id}, repeat {repeat}, fold {fold}"
        _require_both(roles, where)
        yield repeat, fold, None, roles
        if split.inner_folds is not None:
            trained = np.flatnonzero(roles == TRAIN)
            classes = _classes(people, split)[trained]
            dealt = _deal(classes, split.inner_folds, [split.seed, repeat, fold], where)
            for inner in range(split.inner_folds):
                inner_roles = np.full(roles.shape, "", dtype="U10")
                inner_roles[trained] = np.where(dealt == inner, VALIDATION, TRAIN)
                yield repeat, fold, inner + 1, inner_roles


def _outer_folds(people: pl.DataFrame, split: SplitDeclaration) -> Iterator[tuple[int, int, Roles]]:
    if isinstance(split, SiteSplit):
        yield from _by_site(people, split)
    elif isinstance(split, AccrualSplit):
        yield 1, 1, _by_accrual(people, split)
    elif isinstance(split, GivenSplit):
        yield 1, 1, _given(people, split)
    elif isinstance(split, HoldoutSplit):
        for repeat in range(1, split.repeats + 1):
            yield repeat, 1, _held_out(_classes(people, split), split, repeat)
    else:
        yield from _crossed(people, split)


def _by_site(people: pl.DataFrame, split: SiteSplit) -> Iterator[tuple[int, int, Roles]]:
    sites = _column(people, split.column, split.split_id).cast(pl.String)
    names = sites.unique().sort().to_list()
    if len(names) < 2:
        msg = f"split {split.split_id}: all persons are of one {split.column}"
        raise FileError(msg, "Leaving a site out needs at least two; use cross_validation")
    for fold, name in enumerate(names, start=1):
        yield 1, fold, np.where((sites == name).to_numpy(), TEST, TRAIN)


def _by_accrual(people: pl.DataFrame, split: AccrualSplit) -> Roles:
    column = _column(people, split.column, split.split_id)
    if not column.dtype.is_numeric():
        msg = f"split {split.split_id}: column {split.column} holds no numbers"
        raise FileError(msg, "Write the order as ranks or as days from the first inclusion")
    order = column.cast(pl.Float64).to_numpy()
    if split.test_share is None:
        first = split.test_from
    else:
        n_test = max(1, round(split.test_share * order.size))
        first = np.sort(order)[order.size - n_test]
    return np.where(order >= first, TEST, TRAIN)


def _given(people: pl.DataFrame, split: GivenSplit) -> Roles:
    column = _column(people, split.column, split.split_id)
    roles = column.cast(pl.String).str.strip_chars().str.to_lowercase()
    wrong = sorted(set(roles.to_list()) - set(ROLES))
    if wrong:
        msg = f"split {split.split_id}: column {split.column} holds {wrong[0]!r}"
        raise FileError(msg, f"A role is one of {', '.join(ROLES)}")
    return roles.to_numpy().astype("U10")


def _held_out(classes: Roles, split: HoldoutSplit, repeat: int) -> Roles:
    roles = np.full(classes.shape, TRAIN, dtype="U10")
    shares = {TEST: split.test_share, VALIDATION: split.validation_share}
    wanted = {role: share for role, share in shares.items() if share > 0}
    words = np.random.PCG64([split.seed, repeat]).random_raw(classes.size)
    owed = dict.fromkeys(wanted, 0.0)
    for name in np.unique(classes):
        members = _in_random_order(classes, name, words)
        if members.size <= len(wanted):
            _refuse_small(f"split {split.split_id}", name, members.size, len(wanted) + 1, "roles")
        taken = 0
        for role, share in wanted.items():
            # what rounding took from one class is given back to the next
            owed[role] += share * members.size
            most = members.size - taken - (len(wanted) - list(wanted).index(role))
            number = int(min(max(round(owed[role]), 1), most))
            owed[role] = min(max(owed[role] - number, -0.5), 0.5)
            roles[members[taken : taken + number]] = role
            taken += number
    return roles


def _crossed(people: pl.DataFrame, split: CrossValidationSplit) -> Iterator[tuple[int, int, Roles]]:
    classes = _classes(people, split)
    for repeat in range(1, split.repeats + 1):
        dealt = _deal(classes, split.folds, [split.seed, repeat], f"split {split.split_id}")
        for fold in range(split.folds):
            yield repeat, fold + 1, np.where(dealt == fold, TEST, TRAIN)


def _deal(classes: Roles, folds: int, seed: Sequence[int], where: str) -> NDArray[np.intp]:
    """Fold of every person: each class is shuffled and dealt round the folds."""
    words = np.random.PCG64(list(seed)).random_raw(classes.size)
    dealt = np.empty(classes.size, np.intp)
    start = 0
    for name in np.unique(classes):
        members = _in_random_order(classes, name, words)
        if members.size < folds:
            _refuse_small(where, name, members.size, folds, "folds")
        dealt[members] = (start + np.arange(members.size)) % folds
        start += members.size
    return dealt


def _in_random_order(classes: Roles, name: str, words: NDArray[np.uint64]) -> NDArray[np.intp]:
    members = np.flatnonzero(classes == name)
    return members[np.argsort(words[members], kind="stable")]


def _refuse_small(where: str, name: str, n_persons: int, n_parts: int, parts: str) -> None:
    called = f"class {name}" if name else "the release"
    msg = f"{where}: {called} has {n_persons} persons for {n_parts} {parts}"
    raise FileError(msg, "Use fewer folds, or stratify by less ('stratify: [target]' or [])")


def _classes(people: pl.DataFrame, split: SplitDeclaration) -> Roles:
    """Class of every person; one and the same where nothing is stratified."""
    columns = [STRATIFIER_COLUMNS[name] for name in split.stratify]
    parts = [_column(people, name, split.split_id).cast(pl.String) for name in columns]
    if not parts:
        return np.full(people.height, "")
    # a tuple as text: "a|b" of one column and "a", "b" of two stay different
    return np.array(
        [values[0] if len(values) == 1 else str(values) for values in zip(*parts, strict=True)]
    )


def _column(people: pl.DataFrame, name: str, split_id: str) -> pl.Series:
    if name not in people.columns:
        msg = f"split {split_id}: the patients have no column {name}"
        raise FileError(msg, "Let the inclusion query give it, or name another column")
    column = people[name]
    if column.null_count():
        msg = f"split {split_id}: {column.null_count()} of {people.height} persons have no {name}"
        raise FileError(msg, f"Include only persons with a {name}, or split without it")
    return column


def _require_both(roles: Roles, where: str) -> None:
    for role in (TRAIN, TEST):
        if not (roles == role).any():
            msg = f"{where}: no person has the role {role}"
            raise FileError(msg, "Check the column or the share that divides the persons")
