"""A column that tells the target is found by its values, whatever it is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from roentgene.analyses.releasing.columns import Columns, described, no_sources
from roentgene.analyses.releasing.targets import EVENT, TARGET, TIME, Target
from roentgene.analyses.releasing.telling_values import telling_descriptions, telling_predictors
from roentgene.analyses.releasing.units import Units

N = 24
CLASSES = [1 if n % 3 == 0 else 0 for n in range(N)]
TIMES = [float(30 + 17 * n) for n in np.random.default_rng(3).permutation(N)]


def target(
    answers: Sequence[Any], *, times: Sequence[float] | None = None, visits: int = 1, **about: Any
) -> Target:
    persons = [f"P{n:02}" for n in range(len(answers))]
    rows = pl.DataFrame(
        {"person_id": [p for p in persons for _ in range(visits)]}
        | {name: [v for v in values for _ in range(visits)] for name, values in about.items()}
    ).with_row_index("row_no")
    units = Units(pl.DataFrame(), rows, pl.DataFrame(), tuple(about), ())
    repeated = [answer for answer in answers for _ in range(visits)]
    arrays = {TARGET: pa.array(repeated)}
    if times is not None:
        arrays = {TIME: pa.array(times), EVENT: pa.array(repeated)}
    stratum = {p: str(answer) for p, answer in zip(persons, answers, strict=True)}
    return Target(units, arrays, stratum, {}, {})


def found(given: Target, values: Sequence[Any], kind: str = "variable") -> bool:
    array = pa.array(values)
    block = {"expression": "gen", "value": "rad"}.get(kind, "clin")
    columns = Columns([described("x", block, array, kind=kind)], [array], no_sources())
    return telling_predictors(given, columns) == ["x"]


@pytest.mark.parametrize(
    "values",
    [
        ["b" if c else "a" for c in CLASSES],
        # subtypes of a class, and a value for one class alone
        [("b1" if n % 2 else "b2") if c else "a" for n, c in enumerate(CLASSES)],
        [("b1" if n % 2 else "b2") if c else None for n, c in enumerate(CLASSES)],
        ["b" if c else None for c in CLASSES],
        # a share of mutated reads: 0 where there is no mutation
        [0.1 + n / 100 if c else 0.0 for n, c in enumerate(CLASSES)],
        # numbers with a gap between the classes
        [100.0 * c + n for n, c in enumerate(CLASSES)],
    ],
)
def test_columns_that_tell_two_classes(values: list[Any]) -> None:
    assert found(target(CLASSES), values)


@pytest.mark.parametrize(
    "values",
    [
        # one person of another class
        ["b" if c or n == 1 else "a" for n, c in enumerate(CLASSES)],
        [100.0 * (c or n == 1) + n for n, c in enumerate(CLASSES)],
        # a word of its own for everybody tells nothing that could be learnt
        [f"w{n}" for n in range(N)],
        # rare in one class: chance does that
        ["b" if n in (0, 3) else None for n in range(N)],
        ["a"] * N,
        [None] * N,
    ],
)
def test_columns_that_do_not(values: list[Any]) -> None:
    assert not found(target(CLASSES), values)


def test_noise_is_let_in() -> None:
    random = np.random.default_rng(11)
    given = target(CLASSES)
    for levels in (2, 3, 6, 12):
        for _ in range(50):
            assert not found(given, [str(w) for w in random.integers(0, levels, N)])
            assert not found(given, random.normal(size=N).tolist())


def test_visits_are_no_further_evidence() -> None:
    classes = [1, 0, 1, 0, 1, 0]
    visits = target(classes, visits=4)
    told = [f"{c}{n % 2}" for n, c in enumerate(classes) for _ in range(4)]
    assert not found(visits, told)


@pytest.mark.parametrize("kind", ["expression", "value"])
def test_one_of_thousands_that_divides_few_persons_is_let_in(kind: str) -> None:
    divided = [100.0 * c + n for n, c in enumerate(CLASSES)]
    assert not found(target(CLASSES), divided, kind)
    # a label that was delivered as a feature
    assert found(target(CLASSES), [float(c) for c in CLASSES], kind)


def test_numbers_in_the_order_of_a_number() -> None:
    given = target(TIMES)
    assert found(given, [round(time / 30.4, 1) for time in TIMES])
    assert found(given, [-time for time in TIMES])
    assert not found(given, [time + 200 * (n % 2) for n, time in enumerate(TIMES)])


def test_the_time_of_survival_in_another_unit() -> None:
    events = [n % 2 for n in range(N)]
    given = target(events, times=TIMES)
    assert found(given, [round(time / 30.4, 1) for time in TIMES])
    # the day of death: of the dead alone
    assert found(given, [time + 5 if e else None for time, e in zip(TIMES, events, strict=True)])
    assert not found(given, [float(n) for n in range(N)])


def test_a_site_that_has_one_class_is_told() -> None:
    site = [("n" if n % 2 else "s") if c else "w" for n, c in enumerate(CLASSES)]
    mixed = ["n" if n < 12 else "s" for n in range(N)]
    given = target(CLASSES, site=site, scanner=mixed, role=["train"] * N)
    assert telling_descriptions(given) == ["site"]
