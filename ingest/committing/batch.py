"""A batch on its way to the catalogue: the rows of all cases and tables, merged and gated.

Nothing is written here. What the catalogue holds in the same form already is left out first, so
that only what is new is checked and committed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import pyarrow as pa

from roentgene.ingest.committing.agreeing import COMPARED, one_row_of_files
from roentgene.ingest.committing.cohort_rows import cohort_rows, region_rows
from roentgene.ingest.committing.gate_counts import file_counts
from roentgene.ingest.committing.gene_rows import gene_rows
from roentgene.ingest.committing.marker_rows import marker_rows
from roentgene.ingest.committing.merging import merge
from roentgene.ingest.committing.person_rows import with_persons
from roentgene.ingest.committing.visit_rows import visit_rows
from roentgene.ingest.gates.staged import StagedGate, gate_staged, joined
from roentgene.ingest.known import DECLARED, GROWING, Known, Measured
from roentgene.ingest.planning.plan import Plan
from roentgene.ingest.privacy import unnamed
from roentgene.ingest.refusal import Refusal, RuleCount, refusals_from_arrow
from roentgene.ingest.staged_columns import SOURCE_FILE, SOURCE_ROW, VALUE_KEY, staged_schema
from roentgene.ingest.staging.case_rows import CaseRows
from roentgene.schemas.tables import table

#: Names a measurement until it has a number.
MEASURED = list(VALUE_KEY[:-1])

_MEASUREMENT = "imaging.measurement"
_EXTRACTION = "imaging.extraction"
_VALUE = "imaging.feature_value"
# several cases and tables may each bring the row of one thing
_MERGED = (
    *GROWING,
    "imaging.series",
    "imaging.segmentation",
    "imaging.mask_label",
    "imaging.extraction",
    "imaging.dose",
    "genomic.panel_gene",
    "clinical.dictionary",
    "genomic.gene_name",
)
# what was stored first goes on to stand
_FIRST_STAYS = ("imaging.extraction", "vocab.region")
_PANEL = "genomic.panel_gene"
#: Gene sets, which are written whole.
GENE_SET = "vocab.gene_set"
#: What tells one from another.
GENE_SET_KEY = ("collection", "version", "gene_set")
_PATIENT = "study.patient"
_VISIT = "study.timepoint"
_VALUES_AT_ONCE = 1_000_000

#: Rows of a table that the catalogue does not hold in the same form, columns ignored.
ChangedRows = Callable[[str, pa.Table, tuple[str, ...]], pa.Table]


@dataclass(frozen=True)
class Batch:
    """Rows to be committed.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Rows by full table name, but for the columns that are given at commit.
    values : polars.DataFrame
        Feature values: the columns :data:`MEASURED` and ``feature`` as categories, then
        ``value``, ``value_status``, ``value_reason``.
    refusals : tuple of Refusal
        Everything refused, from the manifest on; none quotes what looks like a person.
    counts : tuple of RuleCount
        Every rule of every gate so far.
    suites : mapping
        Result of each Great Expectations suite, by table.
    engines : mapping of str to str
        Engine of each extraction.
    declares_anew : frozenset of str
        Tables of what the cohort file declares of which it says something else than is stored.
    revives : bool
        Whether work that was done once and given up is wanted again.
    """

    tables: Mapping[str, pa.Table]
    values: pl.DataFrame
    refusals: tuple[Refusal, ...]
    counts: tuple[RuleCount, ...]
    suites: Mapping[str, Mapping[str, Any]]
    engines: Mapping[str, str]
    declares_anew: frozenset[str]
    revives: bool


def gather(plan: Plan, cases: Iterable[CaseRows], changed: ChangedRows) -> Batch:
    """Bring everything together that a plan and its extracted cases give.

    Parameters
    ----------
    plan : Plan
        The plan, with its tables staged.
    cases : iterable of CaseRows
        Staged rows of its cases; read one after another.
    changed : callable
        Tells the rows that are not in the catalogue.
    """
    refusals = list(plan.refusals)
    values = _Values()
    parts = _table_parts(plan, values)
    refusals += _add_cases(cases, parts, values)
    for name, frame in cohort_rows(plan).items():
        parts[name].append(frame)
    parts[_VISIT].append(visit_rows(parts, plan.known.growing[_VISIT], plan.cohort))
    parts[_PATIENT] = with_persons(parts[_PATIENT], plan.known.growing[_PATIENT])
    parts["vocab.region"].append(
        region_rows(_regions(plan, parts), plan.cohort, plan.imaging.habitat_models)
    )
    parts["vocab.gene"].append(gene_rows(parts.get("genomic.gene_name", ())))
    for name, frame in marker_rows(parts).items():
        parts[name].append(frame)
    rows = {}
    for name, frames in parts.items():
        rows[name], conflicts = _one_row_a_key(name, frames, plan.known)
        refusals += conflicts
    declares_anew = frozenset(
        name for name in DECLARED if not _same_rows(name, rows[name], plan.known.declared[name])
    )
    gates = {}
    for name, frame in rows.items():
        new = _new_rows(name, frame, plan.known, changed)
        gates[name] = gate_staged(name, new, MEASURED if name == _MEASUREMENT else None)
    gates |= values.gates()
    refusals += [refusal for gate in gates.values() for refusal in gate.refused]
    counts = [count for gate in gates.values() for count in gate.counts]
    return Batch(
        tables={n: g.kept for n, g in gates.items() if n != _VALUE and g.kept.num_rows},
        values=values.kept(),
        refusals=tuple(unnamed(refusal) for refusal in refusals),
        counts=(*file_counts(plan, refusals), *counts),
        suites={name: gate.results for name, gate in gates.items() if gate.results["results"]},
        engines=dict(rows[_EXTRACTION].select("extraction_id", "engine").iter_rows()),
        declares_anew=declares_anew,
        revives=any(not plan.known.measured[key].current for key in _done(plan)),
    )


def _done(plan: Plan) -> Iterator[Measured]:
    """Measurements that are wanted and that the catalogue has."""
    yield from plan.imaging.unchanged
    for planned in plan.tables:
        if planned.staged and _MEASUREMENT in planned.staged.rows:
            keys = planned.staged.rows[_MEASUREMENT].select(MEASURED).iter_rows()
            yield from ((a, b, c) for a, b, c in keys if (a, b, c) in plan.known.measured)


def _table_parts(plan: Plan, values: _Values) -> dict[str, list[pl.DataFrame]]:
    """Rows of the tables, without ready-made features that were stored before."""
    parts: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for planned in plan.tables:
        rows = dict(planned.staged.rows) if planned.staged else {}
        if _MEASUREMENT in rows:
            due = _not_done(rows[_MEASUREMENT], plan.known)
            rows[_MEASUREMENT] = due
            values.add(rows.pop(_VALUE).join(due, on=MEASURED, how="semi", maintain_order="left"))
        for name, frame in rows.items():
            parts[name].append(frame)
    return parts


def _not_done(measurements: pl.DataFrame, known: Known) -> pl.DataFrame:
    due = []
    for segmentation, series, extraction, work_key in measurements.select(
        *MEASURED, "work_key"
    ).iter_rows():
        stored = known.measured.get((segmentation, series, extraction))
        due.append(stored is None or stored.work_key != work_key)
    return measurements.filter(pl.Series(due, dtype=pl.Boolean))


def _add_cases(
    cases: Iterable[CaseRows], parts: dict[str, list[pl.DataFrame]], values: _Values
) -> list[Refusal]:
    refusals: list[Refusal] = []
    for case in cases:
        tables = case.tables()
        refusals += refusals_from_arrow(tables.pop("refusal"))
        values.add(_from_no_table(tables.pop("feature_value")))
        for name, rows in tables.items():
            parts[f"imaging.{name}"].append(_from_no_table(rows))
    return refusals


def _from_no_table(rows: pa.Table) -> pl.DataFrame:
    """Rows as a frame, with the columns that say which line of a table a row is."""
    return pl.DataFrame(rows).with_columns(
        pl.lit(None, pl.String).alias(SOURCE_FILE), pl.lit(None, pl.Int64).alias(SOURCE_ROW)
    )


def _regions(plan: Plan, parts: Mapping[str, Sequence[pl.DataFrame]]) -> dict[str, str]:
    """Regions with their derivation: those of the images, and those of ready-made features."""
    found = dict(plan.imaging.regions)
    for frame in parts.get("imaging.segmentation", ()):
        for region, derivation in frame.select("region", "derivation").unique().iter_rows():
            found.setdefault(region, derivation)
    return found


def _one_row_a_key(
    name: str, frames: Sequence[pl.DataFrame], known: Known
) -> tuple[pl.DataFrame, list[Refusal]]:
    if name in _MERGED:
        return merge(name, frames, known.growing.get(name))
    if name in COMPARED:
        return one_row_of_files(name, frames)
    return pl.concat(frames), []


def _new_rows(name: str, rows: pl.DataFrame, known: Known, changed: ChangedRows) -> pa.Table:
    """Rows that the catalogue does not hold in the same form."""
    if name == _MEASUREMENT:
        return rows.to_arrow()
    if name in DECLARED:
        same = _same_rows(name, rows, known.declared[name])
        return rows.clear().to_arrow() if same else rows.to_arrow()
    if name == _PANEL:
        return _new_panels(rows, known).to_arrow()
    declared = table(name)
    others = tuple(column.name for column in declared.columns if column.name not in declared.key)
    new = changed(name, rows.to_arrow(), others if name in _FIRST_STAYS else ())
    return _new_gene_sets(rows, new, known).to_arrow() if name == GENE_SET else new


def _same_rows(name: str, a: pl.DataFrame, b: pl.DataFrame) -> bool:
    told, key = list(staged_schema(name).names), list(table(name).key)
    return a.select(told).sort(key).equals(b.select(told).sort(key))


def _new_panels(rows: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Panels, each with all its genes, that are new or have other genes now."""
    new = [
        genes
        for (panel,), genes in rows.group_by("panel", maintain_order=True)
        if str(panel) not in known.panels
        or known.panels[str(panel)].genes != set(genes["hugo_symbol"])
    ]
    return pl.concat(new) if new else rows.clear()


def _new_gene_sets(rows: pl.DataFrame, new: pa.Table, known: Known) -> pl.DataFrame:
    """Gene sets, each with all its genes, that are new or have other genes now."""
    changed = pl.DataFrame(new).select(GENE_SET_KEY).unique()
    stored = pl.DataFrame(
        [(*key, n_genes) for key, n_genes in known.gene_sets.items()],
        schema={**dict.fromkeys(GENE_SET_KEY, pl.String), "n_genes": pl.UInt32},
        orient="row",
    )
    smaller = (
        rows.group_by(GENE_SET_KEY)
        .agg(n_now=pl.len())
        .join(stored, on=GENE_SET_KEY)
        .filter(pl.col("n_now") < pl.col("n_genes"))
    )
    written = pl.concat([changed, smaller.select(GENE_SET_KEY)])
    return rows.join(written, on=GENE_SET_KEY, how="semi", maintain_order="left")


class _Values:
    """Feature values, gated in chunks and then kept small: millions of them, few names."""

    def __init__(self) -> None:
        self._waiting: list[pl.DataFrame] = []
        self._n_waiting = 0
        self._kept: list[pl.DataFrame] = []
        self._gates: list[StagedGate] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows, all those of a measurement at once."""
        self._waiting.append(rows)
        self._n_waiting += rows.height
        if self._n_waiting >= _VALUES_AT_ONCE:
            self._gate()

    def gates(self) -> dict[str, StagedGate]:
        """Give the gate of all values, if there are any."""
        if self._n_waiting:
            self._gate()
        return {_VALUE: joined(self._gates)} if self._gates else {}

    def kept(self) -> pl.DataFrame:
        """Give the values that the gate let through."""
        return pl.concat(self._kept) if self._kept else _small(_no_values())

    def _gate(self) -> None:
        gate = gate_staged(_VALUE, pl.concat(self._waiting).to_arrow(), VALUE_KEY)
        self._kept.append(_small(pl.DataFrame(gate.kept)))
        self._gates.append(replace(gate, kept=gate.kept.slice(0, 0)))
        self._waiting, self._n_waiting = [], 0


def _no_values() -> pl.DataFrame:
    names = [*VALUE_KEY, "value_status", "value_reason"]
    return pl.DataFrame(schema={**dict.fromkeys(names, pl.String()), "value": pl.Float64()})


def _small(rows: pl.DataFrame) -> pl.DataFrame:
    words = [*VALUE_KEY, "value_status", "value_reason"]
    return rows.select(pl.col(words).cast(pl.Categorical), "value")
