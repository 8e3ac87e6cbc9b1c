"""The documentation holds: its pages are what the code gives, its links lead somewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from roentgene.app import reference
from roentgene.app.cli import app
from roentgene.app.empty_catalogue import bound_columns, empty_catalogue
from roentgene.app.reference_keys import Section, meaning, sections
from roentgene.queries.registry import View, registry
from roentgene.schemas.analyses.association import Association
from roentgene.schemas.analyses.read import AnalysisSpec, read_analysis
from roentgene.schemas.analyses.stability import Stability
from roentgene.schemas.cohort import Cohort, read_cohort
from roentgene.schemas.declared import Declared
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import Study
from roentgene.schemas.tables import tables
from roentgene.schemas.words import pyradiomics_features, reason_codes

ROOT = Path(__file__).resolve().parents[2]
REMADE = "run `python -m roentgene.app.reference` and commit what it wrote"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference.pages()


def section(page: str, heading: str) -> str:
    """Text below a heading, up to the next one of any level."""
    lines = page.splitlines()
    begins = next(i for i, line in enumerate(lines) if line.lstrip("#") == f" {heading}")
    length = next(
        (i for i, line in enumerate(lines[begins + 1 :]) if line.startswith("#")), len(lines)
    )
    return "\n".join(lines[begins + 1 : begins + 1 + length])


def cells(text: str) -> dict[str, list[str]]:
    """Rows of the table in a section by their first cell."""
    rows = [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row[1:] for row in rows}


# --- the committed pages


def test_the_committed_pages_are_what_the_code_gives(
    pages: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "pages", lambda: pages)
    assert list(reference.out_of_date(ROOT)) == [], REMADE


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docs" / "decisions").mkdir(parents=True)
    monkeypatch.setattr(reference, "pages", lambda: {"a.md": "A\n", "b.md": "B\n"})
    monkeypatch.chdir(tmp_path)
    return tmp_path / "docs" / "reference"


def test_what_is_out_of_date_is_named_and_written(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reference.main(["--check"]) == 1
    assert not checkout.exists()
    assert reference.main([]) == 0
    assert (checkout / "b.md").read_text(encoding="utf-8") == "B\n"
    (checkout / "b.md").write_text("old\n", encoding="utf-8")
    capsys.readouterr()
    assert reference.main(["--check"]) == 1
    assert capsys.readouterr().out.split() == ["out", "of", "date:", "docs/reference/b.md"]
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0


def test_a_page_that_nothing_makes_is_named_and_kept(checkout: Path) -> None:
    reference.main([])
    (checkout / "mine.md").write_text("by hand\n", encoding="utf-8")
    assert reference.main(["--check"]) == 1
    with pytest.raises(FileError, match=r"mine\.md is made by nothing"):
        reference.main([])
    assert (checkout / "mine.md").exists()


def test_only_a_checkout_is_written_to(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no checkout"):
        reference.write(tmp_path)


# --- what the pages tell


def test_every_column_of_every_table_stands_in_its_section(pages: dict[str, str]) -> None:
    for name, declared in tables().items():
        found = cells(section(pages["tables.md"], name))
        assert list(found) == [column.name for column in declared.columns], name
        assert [row[0] for row in found.values()] == [c.type for c in declared.columns]
        assert [row[2] == "yes" for row in found.values()] == [c.required for c in declared.columns]


def test_a_table_tells_its_grain_keys_and_references(pages: dict[str, str]) -> None:
    text = section(pages["tables.md"], "imaging.segmentation")
    assert "One row is a region drawn or derived." in text
    assert "- Key: `segmentation_id`" in text
    linked = "[imaging.series](#imagingseries) by `reference_series_id` (there `series_id`)"
    assert linked in text
    found = cells(text)
    assert found["voxel_count"][1] == "voxels"
    assert found["voxel_count"][3] == "from 0"
    assert found["source"][3] == "`image`, `table`"
    measured = cells(section(pages["tables.md"], "imaging.measurement"))
    assert measured["status"][3] == "[measurement_status](words.md#measurement_status)"


def test_every_version_of_a_view_stands_in_the_reference(pages: dict[str, str]) -> None:
    for view in registry().views:
        text = section(pages["views.md"], f"mart_versions.{view.versioned_name}")
        assert f"One row is {view.header['grain']}" in text
        for read in view.reads:
            assert f"[{read}](" in text
    found = cells(section(pages["views.md"], "mart_versions.delta_radiomics_v1"))
    assert found["interval_days"] == ["INTEGER"]
    assert found["delta_per_day"] == ["DOUBLE"]


def test_every_reason_code_and_feature_stands_in_the_reference(pages: dict[str, str]) -> None:
    assert list(cells(pages["reason-codes.md"])) == list(reason_codes())
    for feature_class, name in pyradiomics_features():
        assert f"| {name} |" in section(pages["features.md"], feature_class)
    statuses = {status: row[0] for status, row in cells(pages["features.md"]).items()}
    assert statuses == {"exact": "99", "offset": "1", "variant": "2", "none": "5"}


@pytest.mark.parametrize(
    ("page", "heading", "key", "told"),
    [
        ("cohort.md", "Top level", "cohort_id", ["name", "**required**"]),
        ("cohort.md", "Top level", "profiles", ["list of text", "`[original]`"]),
        ("cohort.md", "images", "repeat_no", ["whole number, from 1 to 1000", ""]),
        ("cohort.md", "images", "labels", ["mapping of whole number to name", ""]),
        ("cohort.md", "images", "modality", ["text or mapping of text to text", ""]),
        ("cohort.md", "regions", "from", ["name", ""]),
        ("cohort.md", "regions", "union", ["list of name, not empty", ""]),
        ("cohort.md", "regions", "ring_mm", ["[number, number]", ""]),
        ("cohort.md", "tables: kind clinical", "patient", ["[patient](#patient)"]),
        (
            "cohort.md",
            "tables: kind mutation",
            "missing",
            ["list of text", "[the usual words](#words-that-mean-no-value), `.`"],
        ),
        (
            "cohort.md",
            "profiled",
            "samples",
            ["`in_file`, `all`, [samples](#samples) or list of text", "`in_file`"],
        ),
        ("study.md", "gates", "min_dimensions", ["whole number, from 1 to 3", "`2`"]),
        (
            "study.md",
            "profiles",
            "engine",
            ["`pyradiomics`, `mirp`, `pysera`, `onnx` or `dvh`", "`pyradiomics`"],
        ),
        ("analysis.md", "analysis: association", "underpowered_above", ["number, above 0 below 1"]),
        ("analysis.md", "targets: block mutation", "genes", ["`all` or list of text, not empty"]),
    ],
)
def test_a_key_tells_what_it_may_hold(
    pages: dict[str, str], page: str, heading: str, key: str, told: list[str]
) -> None:
    assert cells(section(pages[page], heading))[key][: len(told)] == told


def test_the_key_that_says_what_it_is_stands_in_front(pages: dict[str, str]) -> None:
    found = cells(section(pages["cohort.md"], "tables: kind outcome"))
    assert next(iter(found)) == "kind"
    assert found["kind"][0] == "`outcome`"


def test_the_examples_are_read_as_written(pages: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"

    def examples(page: str) -> Iterator[Path]:
        for found in re.findall(r"```yaml\n(.*?)```", pages[page], re.DOTALL):
            file.write_text(found, encoding="utf-8")
            yield file

    cohorts = [read_cohort(example) for example in examples("cohort.md")]
    analyses: list[AnalysisSpec] = [read_analysis(example) for example in examples("analysis.md")]
    assert [cohort.cohort_id for cohort in cohorts] == ["DEMO"]
    assert [type(spec) for spec in analyses] == [Stability, Association]


def commands(*words: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every command with what it says of itself when it is called with ``--help``."""
    told = CliRunner().invoke(app, [*words, "--help"], prog_name="roentgene").stdout
    yield words, told
    for name in re.findall(r"^  (\w+)  +", told.partition("Commands:")[2], re.MULTILINE):
        yield from commands(*words, name)


def test_every_command_stands_with_its_help(pages: dict[str, str]) -> None:
    found = dict(commands())
    assert {("sql",), ("quarantine", "waive"), ("views", "lineage")} <= set(found)
    for words, told in found.items():
        heading = " ".join(("roentgene", *words))
        text = section(pages["cli.md"], heading if words else "The command line")
        assert told.splitlines()[0] in text
        assert set(re.findall(r"--[a-z-]+", told)) <= set(re.findall(r"--[a-z-]+", text))


# --- descriptions


ROOTS = [Section("", model) for model in (Cohort, Study, Stability, Association)]
KEYS = [(found.model, name) for found in sections(ROOTS) for name in found.model.model_fields]


@pytest.mark.parametrize(("model", "key"), KEYS, ids=lambda part: getattr(part, "__name__", part))
def test_every_key_is_described(model: type[Declared], key: str) -> None:
    words = meaning(model, key)
    assert words.endswith(".") or words == "says what this is"


class Undescribed(Declared):
    """A mapping."""

    known: int = 1
    """What it is."""
    unknown: int = 2


class Inheriting(Undescribed):
    """A mapping beside it."""

    own: int = 3
    """Its own."""


def test_a_key_without_a_description_is_told() -> None:
    assert meaning(Inheriting, "known") == "What it is."
    assert meaning(Inheriting, "own") == "Its own."
    with pytest.raises(LookupError, match=r"Inheriting\.unknown has no description"):
        meaning(Inheriting, "unknown")


def test_every_part_of_a_file_has_a_section() -> None:
    known = {found.model.__name__ for found in sections(ROOTS)}
    assert {"IdRule", "PatientColumns", "Profiled", "GateThresholds", "OutcomeTarget"} <= known


# --- the empty catalogue


def test_a_view_that_does_not_bind_is_told() -> None:
    with empty_catalogue() as con:
        view = View("mart", "wrong", 1, "SELECT no_such_column FROM study.patient")
        with pytest.raises(duckdb.Error, match="no_such_column"):
            bound_columns(con, view)


# --- links

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")


def documents() -> list[Path]:
    """Find every Markdown file of the checkout."""
    found = list(ROOT.glob("*.md"))
    for folder in ROOT.iterdir():
        if folder.is_dir() and not folder.name.startswith(".") and folder.name != "build":
            found += folder.rglob("*.md")
    return sorted(found)


def anchors(document: Path) -> set[str]:
    """Anchors of a document as GitHub makes them."""
    seen: Counter[str] = Counter()
    found = set()
    for line in _FENCE.sub("", document.read_text(encoding="utf-8")).splitlines():
        heading = re.fullmatch(r"#{1,6} (.+)", line)
        if heading:
            kept = (c for c in heading[1].strip().lower() if c.isalnum() or c in " -_")
            name = "".join(kept).replace(" ", "-")
            found.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
    return found


def targets(document: Path) -> list[str]:
    """Targets of the links of a document that lead into the checkout."""
    text = _CODE.sub("", _FENCE.sub("", document.read_text(encoding="utf-8")))
    return [one for one in _LINK.findall(text) if not one.startswith(("http://", "https://"))]


def broken(document: Path) -> list[str]:
    """Links of a document that lead nowhere."""
    found = []
    for target in targets(document):
        path, _, fragment = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (fragment and fragment not in anchors(file)):
            found.append(target)
    return found


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    assert broken(document) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    here, there = tmp_path / "here.md", tmp_path / "there.md"
    there.write_text("# One.two `three`\n\n```text\n# no heading\n```\n## Again\n## Again\n")
    good = ["there.md", "there.md#onetwo-three", "there.md#again-1", "#top", "https://example.org"]
    bad = ["gone.md", "there.md#no-heading", "there.md#again-2", "#there"]
    links = " ".join(f"[x]({target})" for target in [*good, *bad])
    here.write_text(f"# Top\n{links} `[x](code.md)`\n", encoding="utf-8")
    assert broken(here) == bad


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    named = {(index.parent / target.partition("#")[0]).resolve() for target in targets(index)}
    assert [page for page in (ROOT / "docs").rglob("*.md") if page not in {*named, index}] == []


def test_decisions_are_numbered_and_have_one_form() -> None:
    found = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    for number, file in enumerate(found, start=1):
        text = file.read_text(encoding="utf-8")
        assert file.name.startswith(f"{number:04}-")
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ]
