from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from roentgene.analyses.splitting import make_splits
from roentgene.schemas.errors import FileError
from roentgene.schemas.release_splits import SplitDeclaration, columns_of_splits

_ADAPTER: TypeAdapter[SplitDeclaration] = TypeAdapter(SplitDeclaration)


def declared(**given: Any) -> SplitDeclaration:
    return _ADAPTER.validate_python({"split_id": "s", **given})


def people(n: int = 60, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "person_id": [f"p{number:03d}" for number in range(n)],
            "site": [f"site {number % 3}" for number in range(n)],
            "stratum": random.choice(["MUT", "WT"], size=n, p=[0.3, 0.7]).tolist(),
            "accrual_order": random.permutation(n).tolist(),
        }
    )


def class_counts(splits: pl.DataFrame, persons: pl.DataFrame, role: str) -> pl.DataFrame:
    return (
        splits.filter(pl.col("role") == role)
        .join(persons, on="person_id")
        .group_by("repeat", "fold", "stratum")
        .len()
    )


@given(
    st.integers(2, 7),
    st.integers(1, 3),
    st.lists(st.sampled_from("abc"), min_size=25, max_size=70),
    st.integers(0, 1000),
)
def test_cross_validation_tests_everybody_once_with_balanced_classes(
    folds: int, repeats: int, classes: list[str], seed: int
) -> None:
    persons = people(len(classes)).with_columns(pl.Series("stratum", classes))
    split = declared(kind="cross_validation", folds=folds, repeats=repeats, seed=seed)
    if min(classes.count(one) for one in set(classes)) < folds:
        with pytest.raises(FileError, match=r"class . has \d+ persons for \d folds"):
            make_splits(persons, [split])
        return
    splits = make_splits(persons, [split])
    assert not splits.select("repeat", "fold", "person_id").is_duplicated().any()
    assert splits.height == len(classes) * folds * repeats
    tested = splits.filter(pl.col("role") == "test").group_by("repeat", "person_id").len()
    assert tested.height == len(classes) * repeats
    assert (tested["len"] == 1).all()
    counts = class_counts(splits, persons, "test")
    assert counts.height == len(set(classes)) * folds * repeats
    spread = counts.group_by("repeat", "stratum").agg(pl.col("len").max() - pl.col("len").min())
    assert set(spread["len"]) <= {0, 1}
    sizes = splits.filter(pl.col("role") == "test").group_by("repeat", "fold").len()
    assert np.ptp(sizes["len"].to_numpy()) <= 1


@given(
    st.lists(st.sampled_from("abcd"), min_size=40, max_size=80),
    st.floats(0.1, 0.6),
    st.sampled_from([0.0, 0.2]),
)
def test_holdout_takes_the_same_share_of_each_class(
    classes: list[str], share: float, validation: float
) -> None:
    if min(classes.count(one) for one in set(classes)) < 4:
        return
    persons = people(len(classes)).with_columns(pl.Series("stratum", classes))
    split = declared(kind="holdout", test_share=share, validation_share=validation, repeats=2)
    splits = make_splits(persons, [split])
    counts = class_counts(splits, persons, "test").rows()
    assert len(counts) == 2 * len(set(classes))
    for _, _, name, number in counts:
        assert abs(number - share * classes.count(name)) <= 1
    validated = splits.filter(pl.col("role") == "validation")
    assert (validated.height > 0) == (validation > 0)


def test_nothing_but_the_persons_and_the_seed_matters() -> None:
    persons = people()
    split = declared(kind="cross_validation", repeats=2, inner_folds=3)
    splits = make_splits(persons, [split])
    shuffled = persons.sample(fraction=1, shuffle=True, seed=3).with_columns(pl.lit(1).alias("x"))
    assert make_splits(shuffled, [split]).equals(splits)
    longer = make_splits(persons, [declared(kind="cross_validation", repeats=5, inner_folds=3)])
    assert longer.filter(pl.col("repeat") <= 2).equals(splits)
    other = make_splits(persons, [declared(kind="cross_validation", repeats=2, seed=2)])
    assert not other.equals(splits.filter(pl.col("inner_fold").is_null()))
    first, second = (splits.filter(pl.col("repeat") == r).drop("repeat") for r in (1, 2))
    assert not first.equals(second)


def test_what_is_drawn_stays_the_same_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    # numpy may give default_rng another generator one day
    monkeypatch.setattr(np.random, "default_rng", lambda _: np.random.Generator(np.random.SFC64()))
    persons = people(12).with_columns(pl.lit("a").alias("stratum"))
    splits = make_splits(persons, [declared(kind="cross_validation", folds=3, seed=7)])
    tested = splits.filter((pl.col("role") == "test") & (pl.col("fold") == 1))
    words = np.random.PCG64(np.random.SeedSequence([7, 1])).random_raw(12)
    expected = sorted(f"p{place:03d}" for place in np.argsort(words)[::3])
    assert tested["person_id"].to_list() == expected


def test_inner_folds_divide_the_training_persons_of_their_fold_alone() -> None:
    persons = people()
    splits = make_splits(persons, [declared(kind="site", inner_folds=4)])
    outer = splits.filter(pl.col("inner_fold").is_null())
    for fold in (1, 2, 3):
        here = pl.col("fold") == fold
        trained = outer.filter(here & (pl.col("role") == "train"))["person_id"]
        inner = splits.filter(here & pl.col("inner_fold").is_not_null())
        assert set(inner["person_id"]) == set(trained)
        validated = inner.filter(pl.col("role") == "validation")["person_id"].to_list()
        assert sorted(validated) == sorted(trained)


def test_each_site_is_left_out_once() -> None:
    persons = people()
    splits = make_splits(persons, [declared(kind="site")]).join(persons, on="person_id")
    for fold, site in enumerate(["site 0", "site 1", "site 2"], start=1):
        tested = splits.filter((pl.col("fold") == fold) & (pl.col("role") == "test"))
        assert tested["site"].unique().to_list() == [site]
        assert tested.height == 20
    with pytest.raises(FileError, match="all persons are of one site"):
        make_splits(persons.with_columns(pl.lit("A").alias("site")), [declared(kind="site")])


def test_early_persons_train_and_late_ones_test() -> None:
    persons = people(10).with_columns(accrual_order=pl.Series([5, 1, 2, 3, 4, 5, 6, 7, 8, 5]))
    by_share = make_splits(persons, [declared(kind="accrual", test_share=0.4)])
    tested = by_share.filter(pl.col("role") == "test")["person_id"].to_list()
    # the fourth latest has place 5, and so have two more
    assert tested == ["p000", "p005", "p006", "p007", "p008", "p009"]
    by_place = make_splits(persons, [declared(kind="accrual", test_from=6)])
    tested = by_place.filter(pl.col("role") == "test")["person_id"].to_list()
    assert tested == ["p006", "p007", "p008"]
    with pytest.raises(FileError, match="no person has the role train"):
        make_splits(persons, [declared(kind="accrual", test_from=0)])


def test_given_roles_are_taken() -> None:
    roles = ["train", "Test ", "validation"] * 4
    persons = people(12).with_columns(pl.Series("role", roles))
    splits = make_splits(persons, [declared(kind="given", column="role")])
    assert splits["role"].to_list() == ["train", "test", "validation"] * 4
    wrong = persons.with_columns(pl.lit("held out").alias("role"))
    with pytest.raises(FileError, match="'held out'"):
        make_splits(wrong, [declared(kind="given", column="role")])


def test_strata_can_be_sites_and_classes_together() -> None:
    persons = people(90)
    split = declared(kind="cross_validation", folds=3, stratify=["site", "target"])
    splits = make_splits(persons, [split]).filter(pl.col("role") == "test")
    counts = splits.join(persons, on="person_id").group_by("fold", "site", "stratum").len()
    spread = counts.group_by("site", "stratum").agg(pl.col("len").max() - pl.col("len").min())
    assert set(spread["len"]) <= {0, 1}
    assert spread.height == 6


def test_what_cannot_be_split_is_refused() -> None:
    persons = people()
    unknown = persons.with_columns(
        pl.when(pl.col("person_id") == "p001").then(None).otherwise("stratum").alias("stratum")
    )
    with pytest.raises(FileError, match="1 of 60 persons have no stratum"):
        make_splits(unknown, [declared(kind="cross_validation")])
    assert make_splits(unknown, [declared(kind="cross_validation", stratify=[])]).height == 300
    with pytest.raises(FileError, match="person_id p000 stands 2 times"):
        make_splits(pl.concat([persons, persons[:1]]), [declared(kind="holdout")])
    with pytest.raises(FileError, match="no column role"):
        make_splits(persons, [declared(kind="given", column="role")])
    with pytest.raises(FileError, match="split_id s stands 2 times"):
        make_splits(persons, [declared(kind="holdout"), declared(kind="site")])


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "accrual"},
        {"kind": "accrual", "test_share": 0.2, "test_from": 3},
        {"kind": "holdout", "test_share": 0.6, "validation_share": 0.4},
        {"kind": "cross_validation", "folds": 1},
        {"kind": "cross_validation", "stratify": ["site", "site"]},
    ],
)
def test_declarations_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        declared(**wrong)


def test_columns_that_splits_read_are_named() -> None:
    assert columns_of_splits([declared(kind="site")]) == ("site",)
    nested = declared(kind="given", column="role", inner_folds=2, stratify=["target", "site"])
    assert columns_of_splits([nested]) == ("role", "site", "stratum")
    assert columns_of_splits([declared(kind="holdout", stratify=[])]) == ()
