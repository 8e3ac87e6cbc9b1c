"""Columns that tell the target by their values, whatever they are called."""

from __future__ import annotations

from collections.abc import Mapping
from math import comb
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from roentgene.analyses.association.rank_correlation import spearman
from roentgene.analyses.constant import Floats
from roentgene.analyses.releasing.columns import Columns
from roentgene.analyses.releasing.targets import TARGET, TIME, Target

# fewer persons may agree with a target by chance
_FEWEST_PERSONS = 8
_MOST_CLASSES = 10
#: Agreement that chance brings about less often is none of chance.
_BY_CHANCE = 1e-3
#: Rank correlation from which a column of numbers is a target of numbers, in another unit.
_SAME_ORDER = 0.99
#: With fewer values, the others being apart, no column reaches that.
_FEWEST_VALUES = 7
_BLOCKS = ("clin", "gen")

Codes: TypeAlias = NDArray[np.intp]


class _Answers(NamedTuple):
    """Person and class of each row as numbers from 0; ``numbers`` where the target has them."""

    persons: Codes
    classes: Codes
    numbers: Floats | None


def telling_predictors(target: Target, columns: Columns) -> list[str]:
    """Predictors that tell the target of everybody.

    Of a target with classes these are columns whose words go with the classes one to one, each of
    whose words (no value being one) has one class where chance would hardly do that, and numbers
    that are higher in one class than in the other in everybody. Of a target of numbers, and of
    the time of a survival target, they are numbers in the same or the opposite order.

    Features, dose and expression are looked at for values that go one to one alone: among
    thousands of columns some divide a few persons by chance.
    """
    answers = _answers(target)
    return [
        str(row["column"])
        for row, values in zip(columns.dictionary, columns.arrays, strict=True)
        if _tells(answers, row, values)
    ]


def telling_descriptions(target: Target) -> list[str]:
    """Columns that describe the patients, such as the site, and tell the target of everybody."""
    answers, rows = _answers(target), target.units.rows
    names = [name for name in target.units.described_by if name in rows.columns]
    return [
        name
        for name in names
        if _go_together(answers, _words(rows[name]))
        or _rarely_pure(answers, _words(rows[name]))
        or _same_order(answers, rows[name])
    ]


def _answers(target: Target) -> _Answers:
    persons = target.units.rows["person_id"]
    classes = pl.Series([target.stratum[person] for person in persons], dtype=pl.String)
    given = target.arrays.get(TIME, target.arrays.get(TARGET))
    has_numbers = given is not None and pa.types.is_floating(given.type)
    numbers = pl.Series(pl.from_arrow(given)).to_numpy() if has_numbers else None
    return _Answers(_words(persons) - 1, _words(classes) - 1, numbers)


def _words(column: pl.Series) -> Codes:
    """Values as numbers from 1, 0 where there is none."""
    return column.rank("dense").fill_null(0).to_numpy().astype(np.intp)


def _tells(answers: _Answers, row: Mapping[str, Any], values: pa.Array) -> bool:
    one_of_thousands = row["block"] not in _BLOCKS or row.get("kind") == "expression"
    # nearly all of those have as many values as rows
    if one_of_thousands and pc.count_distinct(values).as_py() > _MOST_CLASSES:
        return False
    column = pl.Series(pl.from_arrow(values))
    words = _words(column)
    if _go_together(answers, words):
        return True
    if one_of_thousands:
        return False
    return _rarely_pure(answers, words) or _divided(answers, column) or _same_order(answers, column)


def _once(answers: _Answers, words: Codes) -> Codes:
    """Places of rows, each word of a person once: visits are no further evidence."""
    pairs = np.stack([answers.persons, words])
    return np.asarray(np.unique(pairs, axis=1, return_index=True)[1], np.intp)


def _go_together(answers: _Answers, words: Codes) -> bool:
    """Whether words and classes go together one to one."""
    distinct = int(words.max(initial=0))
    if not 1 < distinct <= _MOST_CLASSES:
        return False
    known = words > 0
    classes = answers.classes[known]
    seen = np.unique(np.stack([words[known], classes]), axis=1).shape[1]
    if not seen == distinct == np.unique(classes).size:
        return False
    return bool(np.unique(answers.persons[known]).size >= _FEWEST_PERSONS)


def _rarely_pure(answers: _Answers, words: Codes) -> bool:
    """Whether each word has one class, no value being a word, and chance would hardly do that.

    Were the classes drawn by their shares p, all n persons of a word would be of one class with
    the probability sum(p**n), and all words at once with the product of these.
    """
    class_of = np.zeros(int(words.max(initial=0)) + 1, np.intp)
    class_of[words] = answers.classes
    if (class_of[words] != answers.classes).any():
        return False
    once = _once(answers, words)
    counts = np.bincount(answers.classes[once])
    if not 1 < counts.size <= _MOST_CLASSES:
        return False
    in_word = np.bincount(words[once])
    chances = ((counts / once.size)[:, None] ** in_word[in_word > 0]).sum(axis=0)
    return bool(np.log(chances).sum() < np.log(_BY_CHANCE))


def _divided(answers: _Answers, column: pl.Series) -> bool:
    """Whether all numbers of one class are higher than all of the other."""
    if not column.dtype.is_numeric():
        return False
    known = column.is_not_null().to_numpy()
    values = column.drop_nulls().cast(pl.Float64).to_numpy()
    is_first = answers.classes[known] == 0
    first, other = values[is_first], values[~is_first]
    if answers.classes.max() != 1 or not first.size or not other.size:
        return False
    if first.max() >= other.min() and other.max() >= first.min():
        return False
    persons = answers.persons[known]
    n_first, n_all = np.unique(persons[is_first]).size, np.unique(persons).size
    return 2 / comb(n_all, n_first) < _BY_CHANCE


def _same_order(answers: _Answers, column: pl.Series) -> bool:
    """Whether numbers have the order of a target of numbers, or of the time of survival."""
    if answers.numbers is None or not column.dtype.is_numeric():
        return False
    if column.drop_nulls().n_unique() < _FEWEST_VALUES:
        return False
    values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    both = np.isfinite(values) & np.isfinite(answers.numbers)
    if np.unique(answers.persons[both]).size < _FEWEST_PERSONS:
        return False
    rho = spearman(values[both][:, None], answers.numbers[both][:, None]).rho[0, 0]
    return bool(abs(rho) >= _SAME_ORDER)
