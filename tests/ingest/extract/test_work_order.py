"""Which cases a job of a job array takes: each case one job, and each job as much as the others."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roentgene.ingest.extract.work import Case
from roentgene.ingest.extract.work_order import Shard, largest_first, work_size
from roentgene.schemas.study import GateThresholds


def case(key: str, path: Path = Path("none")) -> Case:
    thresholds = GateThresholds()
    return Case(key, "C", "P", "b", "s", "T1", "MR", str(path), "i", "h", (), (), thresholds)


def sized(folder: Path, sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    cases = [case(f"{place:03}", folder / str(place)) for place in range(len(sizes))]
    monkeypatch.setattr(
        "roentgene.ingest.extract.work_order.work_size", lambda one: sizes[int(one.case_key)]
    )
    return cases


@given(st.lists(st.integers(1, 1000), max_size=40), st.integers(1, 9))
def test_every_case_is_in_one_shard_and_no_shard_has_much_more(sizes: list[int], n: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        cases = sized(Path("none"), sizes, monkeypatch)
        shards = [Shard(number, n).of(cases) for number in range(1, n + 1)]
        # found in another order, as another file system may list them
        again = [Shard(number, n).of(cases[::-1]) for number in range(1, n + 1)]
    assert shards == again
    keys = [one.case_key for shard in shards for one in shard]
    assert sorted(keys) == [one.case_key for one in cases]
    loads = [sum(sizes[int(one.case_key)] for one in shard) for shard in shards]
    # Graham 1969: giving to the least loaded is never off by more than one case
    assert max(loads) - min(loads) <= max(sizes, default=0)


def test_the_largest_comes_first_in_each_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = sized(Path("none"), [1, 50, 20, 90, 70, 3], monkeypatch)
    assert [one.case_key for one in Shard(1, 2).of(cases)] == ["003", "002", "005", "000"]
    assert [one.case_key for one in Shard(2, 2).of(cases)] == ["004", "001"]
    assert [one.case_key for one in largest_first(cases)][:2] == ["003", "004"]


def test_a_series_is_as_large_as_all_its_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Case, "n_due", 3)
    for number in range(4):
        (tmp_path / str(number)).write_bytes(b"12345")
    series = replace(case("k", tmp_path / "0"), slices=tuple(map(str, tmp_path.iterdir())))
    assert work_size(series) == 4 * 5 * 3


def test_images_that_are_not_there_are_shared_out_too() -> None:
    cases = [case(str(number)) for number in range(8)]
    assert {work_size(one) for one in cases} == {1}
    assert [len(Shard(number, 4).of(cases)) for number in range(1, 5)] == [2, 2, 2, 2]


@pytest.mark.parametrize("text", ["0/2", "3/2", "0/0", "1/0"])
def test_shards_are_numbered_from_one(text: str) -> None:
    with pytest.raises(ValueError, match=f"there is no shard {text}: they are numbered from 1"):
        Shard.parse(text)


@pytest.mark.parametrize("text", ["", "1", "1/", "/2", "a/b", "-1/2", "1/2/3", "1.5/2", "²/3"])
def test_what_is_no_shard_is_refused_with_its_form(text: str) -> None:
    with pytest.raises(ValueError, match="write i/n"):
        Shard.parse(text)


def test_a_shard_is_written_as_it_is_read() -> None:
    assert str(Shard.parse(" 2/8 ")) == "2/8"
