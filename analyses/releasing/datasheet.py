"""The datasheet of a release, for people: what it is, whom it holds, how it was made.

Its sections follow Gebru et al. 2021, Datasheets for datasets, Communications of the ACM
64(12):86-92.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from roentgene.analyses.releasing.content import Content
from roentgene.schemas.release_leaks import LEAKS
from roentgene.warehouse.releases.manifest import FlowStep, Manifest

_BLOCKS = {
    "rad": "image features",
    "dose": "dose",
    "gen": "molecular",
    "clin": "clinical",
}
#: Leaks that are looked for in the data; the others are switches.
_CHECKED = (
    *("after_anchor", "no_landmark", "day_unknown"),
    *("outcome", "target_equivalent", "fitted_on_everybody"),
)
_MOST_CLASSES = 12


def datasheet(manifest: Manifest, content: Content) -> str:
    """Write the datasheet in Markdown.

    Parameters
    ----------
    manifest : Manifest
        What is known of the release before its files are hashed.
    content : Content
        Its tables, flow, leaks and cohorts.
    """
    parts = [
        _head(manifest),
        _motivation(manifest),
        _composition(manifest, content),
        _flow(manifest.flow),
        _collection(manifest, content),
        _preparation(manifest),
        _splits(manifest, content),
        _leaks(manifest, content),
        _warnings(content.warnings),
        _use(content),
    ]
    return "\n".join(line for part in parts for line in part)


def _head(manifest: Manifest) -> Iterator[str]:
    yield f"# {manifest.release}: {_line(manifest.title)}"
    yield ""
    if manifest.replaces:
        yield f"It stands in the place of {manifest.replaces}: {_line(manifest.reason or '')}."
        yield ""
    yield f"Made {manifest.created_at:%Y-%m-%d} by {_line(manifest.author)} with"
    yield f"{', '.join(f'{name} {v}' for name, v in manifest.versions.items())}."
    yield f"Fingerprint `{manifest.fingerprint}`."
    yield ""


def _motivation(manifest: Manifest) -> Iterator[str]:
    yield "## Motivation"
    yield ""
    yield _line(manifest.spec.get("motivation") or "Not stated.")
    yield ""


def _composition(manifest: Manifest, content: Content) -> Iterator[str]:
    dictionary = content.tables["dictionary"].to_pylist()
    rows = "a person" if manifest.spec.get("rows") == "person" else "a visit of a person"
    yield "## Composition"
    yield ""
    yield f"{manifest.n_persons:,} persons, {manifest.n_rows:,} rows; a row is {rows}."
    yield "`dictionary.csv` says of each column what it is."
    yield ""
    yield from _table(
        ("block", "columns", "missing"),
        [
            (words, f"{len(names):,}", f"{_missing(content, names):.1%}")
            for block, words in _BLOCKS.items()
            if (names := [row["column"] for row in dictionary if row["block"] == block])
        ],
    )
    rad = [row for row in dictionary if row["block"] == "rad"]
    if rad:
        status = Counter(row["ibsi_status"] or "unknown" for row in rad)
        told = ", ".join(f"{n:,} {word}" for word, n in sorted(status.items()))
        yield f"Image features by how their definition stands to IBSI's: {told}."
        yield ""
    yield from _target(content, dictionary)


def _missing(content: Content, names: Sequence[str]) -> float:
    table = content.tables["table"]
    n_missing = sum(int(table[name].null_count) for name in names)
    return n_missing / max(len(names) * int(table.num_rows), 1)


def _target(content: Content, dictionary: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    table = content.tables["table"]
    for row in dictionary:
        if row["block"] != "target":
            continue
        values = table[row["column"]]
        counts = {item["values"]: item["counts"] for item in pc.value_counts(values).to_pylist()}
        if len(counts) <= _MOST_CLASSES:
            told = ", ".join(f"{n:,} x {_line(str(v))}" for v, n in sorted(counts.items(), key=str))
        else:
            ends = pc.min_max(values).as_py()
            told = f"{len(counts):,} values from {ends['min']:g} to {ends['max']:g}"
        yield f"`{row['column']}`: {told}."
    yield ""


def _flow(steps: Sequence[FlowStep]) -> Iterator[str]:
    yield "## Flow of patients"
    yield ""
    yield from _table(
        ("step", "left", "lost", "reason"),
        [
            (_line(s.step), f"{s.n:,} {s.unit}s", f"{s.n_lost:,}", _line(s.reason or ""))
            for s in steps
        ],
    )


def _collection(manifest: Manifest, content: Content) -> Iterator[str]:
    committed = manifest.snapshot_time
    at = f", committed {committed:%Y-%m-%d}" if committed else ""
    yield "## Collection"
    yield ""
    yield f"Read from snapshot {manifest.snapshot_id} of the warehouse{at}."
    batches = sorted(set(content.tables["sources"]["batch_id"].drop_null().to_pylist()))
    told = f"{len(batches):,} batch{'' if len(batches) == 1 else 'es'}"
    yield f"The values came with {told}; `sources.csv` says which with which."
    yield ""
    yield from _table(
        ("view", "version", "sha256"),
        [(name, str(v.version), f"`{v.sha256[:16]}…`") for name, v in manifest.views.items()],
    )
    settings = sorted(
        {
            (row["engine_version"], row["settings_hash"])
            for row in content.tables["sources"]
            .select(["engine_version", "settings_hash"])
            .to_pylist()
            if row["settings_hash"] is not None
        },
        key=str,
    )
    if settings:
        yield "Engines that measured, and their settings:"
        yield ""
        yield from _table(
            ("version", "settings"), [(str(v or ""), f"`{s[:16]}…`") for v, s in settings]
        )


def _preparation(manifest: Manifest) -> Iterator[str]:
    yield "## Preparation"
    yield ""
    steps = manifest.spec.get("prepare") or []
    if not steps:
        yield "None: the table holds values as they were stored."
    else:
        yield "The table holds values as they were stored. For each fold these steps were fitted on"
        yield "its training rows, in this order; `parameters.csv` holds what was fitted, and"
        yield "`roentgene.load` applies it:"
        yield ""
        for number, step in enumerate(steps, start=1):
            told = ", ".join(
                f"{key} {_words(value)}"
                for key, value in step.items()
                if key != "kind" and value not in (None, [], ())
            )
            yield f"{number}. {step['kind'].replace('_', ' ')}: {told}"
    yield ""


def _splits(manifest: Manifest, content: Content) -> Iterator[str]:
    yield "## Splits"
    yield ""
    declared = manifest.spec.get("splits") or []
    if not declared:
        yield "None."
        yield ""
        return
    yield "Persons are split, so that no visit or second record of one stands on both sides."
    yield ""
    splits = content.tables["splits"].to_pylist()
    rows = []
    for one in declared:
        mine = [row for row in splits if row["split_id"] == one["split_id"]]
        outer = [row for row in mine if row["inner_fold"] is None]
        folds = {(row["repeat"], row["fold"]) for row in outer}
        tested = Counter((r["repeat"], r["fold"]) for r in outer if r["role"] == "test")
        span = f"{min(tested.values())} to {max(tested.values())}" if tested else "none"
        inner = "yes" if len(mine) > len(outer) else "no"
        kind = one["kind"].replace("_", " ")
        rows.append((_line(one["split_id"]), kind, str(len(folds)), span, inner))
    yield from _table(("split", "kind", "folds", "persons tested a fold", "nested"), rows)


def _leaks(manifest: Manifest, content: Content) -> Iterator[str]:
    yield "## Leaks"
    yield ""
    allowed = set(manifest.leaks_allowed)
    rows = [
        (leak, LEAKS[leak], "**let in by hand**" if leak in allowed else "none found")
        for leak in LEAKS
        if leak in _CHECKED or leak in allowed
    ]
    yield from _table(("leak", "what it is", "here"), rows)
    if content.leaks:
        yield "**This release leaks. It was made for an experiment on leakage, and no figure of it"
        yield "says how well anything predicts.**"
        yield ""
        yield from (f"- {_line(leak.text)}" for leak in content.leaks)
        yield ""


def _warnings(warnings: Sequence[str]) -> Iterator[str]:
    if warnings:
        yield "## What to bear in mind"
        yield ""
        yield from (f"- {_line(warning)}" for warning in warnings)
        yield ""


def _use(content: Content) -> Iterator[str]:
    yield "## Terms of use"
    yield ""
    yield from _table(
        ("cohort", "title", "licence", "day zero"),
        [
            (_line(c["cohort_id"]), _line(c["title"]), _line(c["license"]), c["day_zero"])
            for c in content.cohorts
        ],
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'|'.join('---' for _ in header)}|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    yield ""


def _words(value: Any) -> str:
    return _line(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


def _line(text: str) -> str:
    return " ".join(text.split())
