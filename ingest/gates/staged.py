"""The gate of staged rows: a Great Expectations suite made from the table's declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa

from roentgene.ingest.gates.expectation_library import load_expectations
from roentgene.ingest.gates.representatives import representatives
from roentgene.ingest.gates.staged_rules import Rule, as_text, in_declared_types, rules_of
from roentgene.ingest.identity import identity
from roentgene.ingest.refusal import Gated, Refusal, RuleCount
from roentgene.ingest.staged_columns import GIVEN_AT_COMMIT, SOURCE_FILE, SOURCE_ROW
from roentgene.schemas.tables import Table, table

#: Rows that pandas holds at once.
CHUNK_ROWS = 1_000_000
# rows that are looked at one and all; of more, such as stand for all others are tried first
_FEW_ROWS = 50_000
# rows that break one rule beyond this are told by their number
_ONE_BY_ONE = 1000
_SHOWN = 40

# how much Great Expectations computes of a rule: its counts alone, or also which rows break it
_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}
_ROWS = {
    "result_format": "COMPLETE",
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
    "partial_unexpected_count": 0,
}


@dataclass(frozen=True)
class StagedGate(Gated[pa.Table]):
    """What the gate of staged rows gives.

    Parameters
    ----------
    kept, refused, counts
        As in :class:`Gated`; ``kept`` comes in the declared types, with every column given.
    results : mapping
        Result of the suite in Great Expectations' own form, summed over the chunks.
    """

    results: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _Outcome:
    """What an expectation found, summed over the chunks."""

    rule: Rule
    n_rows: int = 0
    n_missing: int = 0
    broken: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "success": not self.broken,
            "expectation_config": {
                "type": self.rule.expectation,
                "kwargs": {"column": self.rule.frame_column, **self.rule.arguments},
                "meta": {"rule": self.rule.name},
            },
            "result": {
                "element_count": self.n_rows,
                "missing_count": self.n_missing,
                "unexpected_count": len(self.broken),
            },
        }


def gate_staged(full_name: str, rows: pa.Table, key: Sequence[str] | None = None) -> StagedGate:
    """Keep the staged rows that fit the declaration of their table, and refuse the others.

    Types, required values, finite numbers, closed sets, ranges and keys are checked; of rows that
    share a key, the first is kept. Columns given at commit, and keys made of them, are left to
    the gate of the catalogue. A key is compared over all rows, everything else on chunks of
    :data:`CHUNK_ROWS`.

    Parameters
    ----------
    full_name : str
        Declared table, e.g. ``study.patient``.
    rows : pyarrow.Table
        Staged rows; ``source_file`` and ``source_row``, where they are there, place refusals.
    key : sequence of str, optional
        Natural key, where the declared one is only given at commit.

    Raises
    ------
    ValueError
        If a required column is absent: a fault of what staged the rows.
    RuntimeError
        If an expectation could not be evaluated.

    Notes
    -----
    Imports Great Expectations, which takes seconds, unless there are no rows.
    """
    declared = table(full_name)
    _need_columns(declared, rows)
    key = tuple(key or declared.key)
    typed = in_declared_types(declared, rows)
    outcomes = [_Outcome(rule) for rule in rules_of(declared, typed, key)]
    if rows.num_rows and outcomes:
        frame = pa.table({o.rule.frame_column: o.rule.values() for o in outcomes})
        if rows.num_rows <= _FEW_ROWS or not _hold_of_representatives(full_name, frame, outcomes):
            for start in range(0, rows.num_rows, CHUNK_ROWS):
                _validate(full_name, as_text(frame.slice(start, CHUNK_ROWS)), start, outcomes)
    refused, counts = _refuse(full_name, rows, key, outcomes)
    broken = sorted({row for outcome in outcomes for row in outcome.broken})
    keep = np.ones(rows.num_rows, dtype=bool)
    keep[broken] = False
    kept = typed.rows.filter(pa.array(keep)) if broken else typed.rows
    return StagedGate(kept, refused, counts, _results(full_name, rows.num_rows, outcomes))


def _hold_of_representatives(full_name: str, frame: pa.Table, outcomes: list[_Outcome]) -> bool:
    """Whether every rule holds of rows that stand for all, and so of all; then they count as such.

    Otherwise nothing is counted: it takes all rows to tell which ones break a rule.
    """
    limited = {o.rule.frame_column for o in outcomes if o.rule.within_limits}
    rows = representatives(frame, limited)
    if rows is None or 2 * len(rows) > frame.num_rows:
        return False
    tried = [_Outcome(outcome.rule) for outcome in outcomes]
    _validate(full_name, as_text(frame.take(pa.array(rows))), 0, tried)
    if any(outcome.broken for outcome in tried):
        return False
    for outcome in outcomes:
        outcome.n_rows += frame.num_rows
        outcome.n_missing += frame[outcome.rule.frame_column].null_count
    return True


def joined(gates: Sequence[StagedGate]) -> StagedGate:
    """Join the gates of several parts of one table whose keys cannot meet.

    Parameters
    ----------
    gates : sequence of StagedGate
        At least one; the parts in their order.
    """
    first = gates[0]
    rules = [[gate.counts[place] for gate in gates] for place in range(len(first.counts))]
    counts = [
        replace(
            same[0],
            n_checked=sum(count.n_checked for count in same),
            n_refused=sum(count.n_refused for count in same),
        )
        for same in rules
    ]
    return StagedGate(
        pa.concat_tables([gate.kept for gate in gates]),
        tuple(refusal for gate in gates for refusal in gate.refused),
        tuple(counts),
        _joined_results([gate.results for gate in gates]),
    )


def _joined_results(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    results = []
    for same in zip(*(part["results"] for part in parts), strict=True):
        counted = {name: sum(one["result"][name] for one in same) for name in same[0]["result"]}
        success = all(one["success"] for one in same)
        results.append({**same[0], "success": success, "result": counted})
    n_successful = sum(result["success"] for result in results)
    meta = parts[0]["meta"]
    return {
        "suite_name": parts[0]["suite_name"],
        "success": n_successful == len(results),
        "meta": {
            **meta,
            "n_rows": sum(part["meta"]["n_rows"] for part in parts),
            "n_chunks": sum(part["meta"]["n_chunks"] for part in parts),
        },
        "statistics": _statistics(n_successful, len(results)),
        "results": results,
    }


def _statistics(n_successful: int, n_evaluated: int) -> dict[str, int]:
    return {
        "evaluated_expectations": n_evaluated,
        "successful_expectations": n_successful,
        "unsuccessful_expectations": n_evaluated - n_successful,
    }


def _need_columns(declared: Table, rows: pa.Table) -> None:
    absent = [
        column.name
        for column in declared.columns
        if column.required and column.name not in {*GIVEN_AT_COMMIT, *rows.column_names}
    ]
    if absent:
        msg = f"staged rows of {declared.full_name} lack {', '.join(absent)}"
        raise ValueError(msg)


def _with_values(chunk: pa.Table, outcomes: list[_Outcome]) -> list[tuple[int, _Outcome]]:
    """Choose the rules that have anything to look at, each with its number.

    Columns that nothing fills are many, and evaluating a rule takes as long as for a full one.
    """
    empty = {name for name in chunk.column_names if chunk[name].null_count == chunk.num_rows}
    found = []
    for number, outcome in enumerate(outcomes):
        if outcome.rule.frame_column in empty and not outcome.rule.needs_value:
            outcome.n_rows += chunk.num_rows
            outcome.n_missing += chunk.num_rows
        else:
            found.append((number, outcome))
    return found


@cache
def _whole_frame() -> Any:
    """Batch definition of whatever frame is given, in a context that exists in memory only.

    Made once: it takes as long as the rules of a small table.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        ),
    )
    asset = context.data_sources.add_pandas("staged").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("chunk")


def _validate(suite_name: str, chunk: pa.Table, start: int, outcomes: list[_Outcome]) -> None:
    """Run the suite on one chunk."""
    load_expectations()
    import pandas as pd

    frame = chunk.to_pandas(types_mapper=pd.ArrowDtype)
    batch = _whole_frame().get_batch({"dataframe": frame})
    counted = _results_of(batch, suite_name, _with_values(chunk, outcomes), _COUNTS)
    for number, result in counted.items():
        outcomes[number].n_rows += result["element_count"]
        outcomes[number].n_missing += result.get("missing_count", 0)
    # which rows they are costs as much again, and is asked only of the rules that are broken
    broken = [(n, outcomes[n]) for n, result in counted.items() if result["unexpected_count"]]
    for number, result in _results_of(batch, suite_name, broken, _ROWS).items():
        rows = result.get("unexpected_index_list")
        if rows is None or len(rows) != counted[number]["unexpected_count"]:
            msg = f"the rule {outcomes[number].rule.name!r} does not say which rows break it"
            raise RuntimeError(msg)
        outcomes[number].broken.extend(start + row for row in rows)


def _results_of(
    batch: Any,
    suite_name: str,
    numbered: Sequence[tuple[int, _Outcome]],
    result_format: Mapping[str, Any],
) -> dict[int, Mapping[str, Any]]:
    """Evaluate rules on a batch; give each result by the rule's number."""
    import great_expectations as gx

    if not numbered:
        return {}
    expectations = [
        {
            "type": outcome.rule.expectation,
            "kwargs": {"column": outcome.rule.frame_column, **outcome.rule.arguments},
            "meta": {"rule": number},
        }
        for number, outcome in numbered
    ]
    suite = gx.ExpectationSuite(name=suite_name, expectations=expectations)
    found = {}
    for one in batch.validate(suite, result_format=dict(result_format)).results:
        number = one.expectation_config.meta["rule"]
        if "unexpected_count" not in one.result:
            name = dict(numbered)[number].rule.name
            msg = f"the rule {name!r} could not be evaluated: {one.exception_info}"
            raise RuntimeError(msg)
        found[number] = one.result
    return found


def _refuse(
    full_name: str, rows: pa.Table, key: Sequence[str], outcomes: list[_Outcome]
) -> tuple[tuple[Refusal, ...], tuple[RuleCount, ...]]:
    refused: list[Refusal] = []
    counts = []
    told: dict[str | None, set[int]] = {}
    for outcome in outcomes:
        rule = outcome.rule
        # a value that breaks one rule (its type, say) breaks others in its wake
        seen = told.setdefault(rule.column, set())
        new = [row for row in outcome.broken if row not in seen]
        seen.update(new)
        refused.extend(_refusals(full_name, rows, key, rule, new))
        n_checked = outcome.n_rows - outcome.n_missing
        counts.append(RuleCount("staged", full_name, rule.name, n_checked, len(new)))
    return tuple(refused), tuple(counts)


def _refusals(
    full_name: str, rows: pa.Table, key: Sequence[str], rule: Rule, broken: list[int]
) -> list[Refusal]:
    shown = rows.take(pa.array(broken[:_ONE_BY_ONE], pa.int64())).to_pylist()
    found = [_refusal(full_name, row, key, rule) for row in shown]
    if len(broken) > _ONE_BY_ONE:
        detail = f"and {len(broken) - _ONE_BY_ONE} further: {rule.name}"
        found.append(
            Refusal("staged", rule.reason_code, full_name, detail, column_name=rule.column)
        )
    return found


def _refusal(full_name: str, row: Mapping[str, Any], key: Sequence[str], rule: Rule) -> Refusal:
    content = [row[name] for name in sorted(row) if name not in {SOURCE_FILE, SOURCE_ROW}]
    detail = rule.demand
    if rule.column is not None:
        detail = f"{rule.column} is {_shown(row[rule.column])}, {rule.demand}"
    return Refusal(
        "staged",
        rule.reason_code,
        ", ".join("NULL" if row.get(name) is None else str(row[name]) for name in key),
        detail,
        file_path=row.get(SOURCE_FILE),
        row_number=row.get(SOURCE_ROW),
        column_name=rule.column,
        content_hash=identity(full_name, *map(str, content)),
    )


def _shown(value: object) -> str:
    text = "empty" if value is None else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _results(full_name: str, n_rows: int, outcomes: list[_Outcome]) -> dict[str, Any]:
    n_successful = sum(not outcome.broken for outcome in outcomes)
    return {
        "suite_name": full_name,
        "success": n_successful == len(outcomes),
        "meta": {
            "great_expectations_version": version("great_expectations"),
            "n_rows": n_rows,
            "n_chunks": -(-n_rows // CHUNK_ROWS),
        },
        "statistics": _statistics(n_successful, len(outcomes)),
        "results": [outcome.as_json() for outcome in outcomes],
    }
