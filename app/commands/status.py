"""``roentgene status``: how complete each cohort is, and what waits for a decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import counted, one_line, say, say_json

if TYPE_CHECKING:
    from roentgene.warehouse.store import Warehouse

Row = Mapping[str, Any]

# a cohort fits on a screen, however many cells it has
_MOST_CELLS = 15
_UNDONE = ("open", "retry")
_NOT_THERE = {
    "n_label_absent": "absent from the mask",
    "n_roi_too_small": "too small",
    "n_refused": "refused",
    "n_failed": "failed",
    "n_missing": "missing",
}


def status(warehouse: WarehouseFolder = None, as_json: AsJson = False) -> None:
    """Show what each cohort has of what was expected.

    Beside it stand the last batch, the flow of patients with the reason of each loss, and the
    refusals that wait for a decision.
    """
    from roentgene.warehouse.opening import open_warehouse

    with open_warehouse(warehouse) as store:
        told = {
            "warehouse": str(store.folder),
            "name": store.study.name,
            "snapshot": store.snapshot_id,
            "cohorts": _cohorts(store),
        }
    if as_json:
        say_json(told)
    else:
        say(*_lines(told))


def _cohorts(store: Warehouse) -> list[dict[str, Any]]:
    from roentgene.app.reading import read_rows

    cells = _by_cohort(read_rows(store, "app/coverage"))
    flow = _by_cohort(read_rows(store, "app/patient_flow"))
    refusals = _by_cohort(read_rows(store, "app/refusal_counts"))
    return [
        {
            **row,
            "coverage": cells[row["cohort_id"]],
            "flow": flow[row["cohort_id"]],
            "refusals": refusals[row["cohort_id"]],
        }
        for row in read_rows(store, "app/cohorts")
    ]


def _by_cohort(rows: Sequence[dict[str, Any]]) -> defaultdict[str, list[dict[str, Any]]]:
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row.pop("cohort_id")].append(row)
    return found


def _lines(told: Row) -> Iterator[str]:
    yield f"{one_line(told['name'])} ({told['warehouse']}), snapshot {told['snapshot']}"
    if not told["cohorts"]:
        yield "There is no cohort yet: 'roentgene ingest run COHORT.yaml' brings one in."
    for cohort in told["cohorts"]:
        yield ""
        yield one_line(f"{cohort['cohort_id']}: {cohort['title']}")
        yield f"  {counted(cohort['n_patients'], 'patient')}; {_batches(cohort)}"
        yield from (f"  {line}" for line in _coverage(cohort["coverage"], cohort["cohort_id"]))
        yield from (f"  {line}" for line in _flow(cohort["flow"]))
        yield from (f"  {line}" for line in _refusals(cohort["refusals"]))


def _batches(cohort: Row) -> str:
    last = cohort["last_batch"]
    if last is None:
        return "no batch"
    return (
        f"{counted(cohort['n_batches'], 'batch', 'batches')}, the last {last['batch_id']} "
        f"of {last['committed_at']:%Y-%m-%d %H:%M} UTC by {one_line(last['author'])}: "
        f"{counted(last['n_measurements'], 'measurement')}, "
        f"{counted(last['n_values'], 'value')}, "
        f"{counted(last['n_table_rows'], 'other row')}, {last['n_refused']:,} refused"
    )


def _coverage(cells: Sequence[Row], cohort_id: str) -> Iterator[str]:
    expected = [cell for cell in cells if cell["n_expected"]]
    if not expected:
        yield "Nothing was expected: 'expect:' in the cohort file says what every patient has."
        return
    gaps = sorted((cell for cell in expected if _n_gaps(cell)), key=_n_gaps, reverse=True)
    whole = [cell for cell in expected if not _n_gaps(cell)]
    shown_gaps = gaps[:_MOST_CELLS]
    shown_whole = whole if len(expected) <= _MOST_CELLS else []
    width = max((len(_name(cell)) for cell in (*shown_gaps, *shown_whole)), default=0)
    for cell in (*shown_gaps, *shown_whole):
        yield f"{_name(cell):{width}}  {_fill(cell)}"
    if len(gaps) > len(shown_gaps):
        yield f"and {len(gaps) - len(shown_gaps):,} more that are incomplete"
    if len(whole) > len(shown_whole):
        yield f"{counted(len(whole), 'other')} complete"
    if gaps:
        yield (
            'Every gap: roentgene sql "FROM mart.coverage WHERE expected AND status NOT IN '
            f"('present', 'label_absent') AND cohort_id = '{cohort_id}'\""
        )


def _n_gaps(cell: Row) -> int:
    return int(sum(cell[name] for name in _NOT_THERE if name != "n_label_absent"))


def _name(cell: Row) -> str:
    if cell["block"] != "imaging":
        return one_line(cell["block"])
    place = [cell[part] or "any" for part in ("timepoint_id", "sequence", "region")]
    rater = [f"by {cell['rater_id']}"] if cell["rater_id"] else []
    return one_line(" ".join(["imaging", *place, *rater]))


def _fill(cell: Row) -> str:
    parts = [f"{cell['n_present']:,} of {cell['n_expected']:,}"]
    parts += [f"{cell[name]:,} {words}" for name, words in _NOT_THERE.items() if cell[name]]
    gaps = [gap["patient_id"] for gap in cell["first_gaps"]]
    if not gaps:
        return ", ".join(parts)
    more = _n_gaps(cell) - len(gaps)
    patients = ", ".join(gaps) + (f" and {more:,} more" if more else "")
    return one_line(f"{', '.join(parts)}: {patients}")


def _flow(steps: Sequence[Row]) -> Iterator[str]:
    # the first step is the whole cohort, which stands above
    if len(steps) < 2:
        return
    width = max(len(step["step"]) for step in steps)
    yield "Flow of patients:"
    for step in steps:
        lost = f", {step['n_lost']:,} lost: {step['reason']}" if step["n_lost"] else ""
        yield one_line(f"  {step['step']:{width}}  {step['n']:,}{lost}")


def _refusals(counts: Sequence[Row]) -> Iterator[str]:
    for state in _UNDONE:
        codes = [row for row in counts if row["state"] == state]
        if codes:
            n_refusals = sum(row["n_refusals"] for row in codes)
            named = ", ".join(f"{row['reason_code']} {row['n_refusals']:,}" for row in codes)
            word = "open refusal" if state == "open" else "refusal"
            waits = "" if state == "open" else " to be retried by the next run"
            yield f"{counted(n_refusals, word)}{waits}: {named}"
    if any(row["state"] == "open" for row in counts):
        yield "'roentgene quarantine list' names each with its cure."
