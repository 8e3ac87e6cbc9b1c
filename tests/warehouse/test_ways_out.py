"""No statement gets out of the sandbox, and whichever did would be seen."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from roentgene.schemas.study import QueryLimits
from roentgene.warehouse import sandbox, sandbox_child
from roentgene.warehouse.connection import extension_file

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(BENCHMARKS))
    import ways_out
    from made_house import FOLDER, House, make_house, opened_house
    from ways_out import Outcome, Way, outcome, ways

WAYS = ways()


def _cases(some: Iterable[Way]) -> list[object]:
    """What takes all the time or memory there is is left to torture."""
    return [
        pytest.param(way, id=way.name, marks=pytest.mark.torture if way.heavy else ())
        for way in some
    ]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Outcome]:
    """Outcome of each way that this session asks for, by its name."""
    cases = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    asked = [case.params["way"].name for case in cases if "way" in case.params]
    script = Path(__file__).with_name("forked_sandbox.py")
    done = subprocess.run(
        [sys.executable, str(script), str(BENCHMARKS), str(tmp_path_factory.mktemp("ways"))],
        env={"PYTHONPATH": os.pathsep.join(sys.path), "CANARY": "canary7f3a"},
        input=json.dumps(asked),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {name: Outcome(**told) for name, told in json.loads(done.stdout).items()}


@pytest.mark.parametrize("way", _cases(WAYS))
def test_no_way_out(way: Way, outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes[way.name].harm(way) == [], outcomes[way.name].words


def test_ways_are_many_and_each_has_its_name() -> None:
    assert len(WAYS) >= 200
    assert len({way.name for way in WAYS}) == len(WAYS)


@pytest.fixture(scope="module")
def like(tmp_path_factory: pytest.TempPathFactory) -> House:
    return make_house(tmp_path_factory.mktemp("like") / FOLDER)


def _unlocked(way: Way, house: House) -> Outcome:
    """Ask a statement where nothing is locked."""
    before = house.state()
    with duckdb.connect(str(house.file)) as con:
        if way.unlocked == "connects":
            con.execute(f"LOAD '{extension_file('httpfs')}'")
            con.execute("SET http_retries = 0")
        try:
            refused, words = False, str(con.execute(way.within(house)).fetchall())
        except duckdb.Error as error:
            refused, words = True, str(error)
    return Outcome(refused, words, house.state() != before, bool(house.connections))


_SEEN = {
    "reads": "it read what is not its business",
    "writes": "it changed a file",
    "connects": "it reached a port",
    "names": "it named the folder",
}


@pytest.mark.parametrize("control", _cases(way for way in WAYS if way.unlocked))
def test_where_nothing_is_locked_it_gets_out_and_is_seen(
    control: Way, like: House, tmp_path: Path
) -> None:
    with opened_house(tmp_path, like) as house:
        assert _SEEN[control.unlocked] in _unlocked(control, house).harm(control)


def test_an_answer_where_there_should_be_none_is_seen(tmp_path: Path) -> None:
    with opened_house(tmp_path) as house:
        way = Way("none", "none", "SELECT 1")
        assert outcome(way, house).harm(way) == ["it was answered"]
        harmless = replace(way, answers=True)
        assert outcome(harmless, house).harm(harmless) == []


@pytest.mark.torture
def test_memory_that_is_taken_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the child is a file of its own: a copy of it, without the one line that limits memory
    text = Path(sandbox_child.__file__).read_text(encoding="utf-8")
    limit = "(resource.RLIMIT_AS, address_space),"
    assert text.count(limit) == 1
    child = tmp_path / "unlimited.py"
    child.write_text(text.replace(limit, ""), encoding="utf-8")
    monkeypatch.setattr(sandbox_child, "__file__", str(child))
    monkeypatch.setattr(ways_out, "TIGHT", QueryLimits(seconds=60, memory_mb=64))
    way = Way("none", "none", "SELECT length(repeat('x', 1500000000))", heavy=True, answers=True)
    with opened_house(tmp_path) as house:
        (harm,) = outcome(way, house).harm(way)
    assert harm.startswith("it took ")


@pytest.mark.parametrize("locks", ["settings", "kernel"])
def test_each_of_the_walls_holds_alone(
    locks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without DuckDB's locks nothing is read, written or called either; and the other way round."""
    text = Path(sandbox_child.__file__).read_text(encoding="utf-8")
    removed = {
        "settings": ["for lock in _LOCKS:\n        con.execute(lock)"],
        "kernel": [
            "landlock.refuse_files()",
            "landlock.refuse_files(but=needed)",
            "limit_process(ceiling, seconds)",
            "seccomp.refuse_calls()",
            "landlock.refuse_changes()",
        ],
    }[locks]
    for line in removed:
        assert text.count(line) == 1
        text = text.replace(line, "pass")
    child = tmp_path / "child.py"
    child.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sandbox_child, "__file__", str(child))
    with opened_house(tmp_path) as house:
        for name in ("read_text", "copy_csv", "sqlite_scan", "http_csv", "attach_duckdb"):
            way = next(way for way in WAYS if way.name == name)
            assert outcome(way, house).harm(way) == [], name


def test_a_link_is_no_way_around_the_folder(tmp_path: Path) -> None:
    with opened_house(tmp_path) as house:
        link = tmp_path / "elsewhere"
        link.mkdir()
        shutil.copy(house.file, link / "analyst.duckdb")
        (tmp_path / "linked.duckdb").symlink_to(link / "analyst.duckdb")
        answer = sandbox.run_sandboxed(
            tmp_path / "linked.duckdb", "FROM duckdb_databases()", ways_out.LIMITS
        )
        assert "elsewhere" not in str(answer.table.to_pydict())
