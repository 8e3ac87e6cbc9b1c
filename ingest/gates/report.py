"""The page of a batch's gates: what was checked, what was refused, and what cures it.

One file that needs nothing else: no script, no style, font or image from outside. Great
Expectations' own pages load theirs from other servers, and a warehouse may have no network.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from roentgene.ingest.refusal import Refusal, RuleCount
from roentgene.schemas.words import ReasonCode, reason_codes

# more than a person reads; all stand in ops.quarantine
_SHOWN_REFUSALS = 200
_STAGES = {
    "manifest": "Manifest",
    "image": "Images and masks",
    "staged": "Staged rows",
    "catalogue": "Catalogue",
}


@dataclass(frozen=True)
class BatchFacts:
    """What the page says of the batch itself.

    Parameters
    ----------
    batch_id : str
        Batch.
    cohort_id : str
        Cohort that it belongs to.
    time : datetime
        When it was committed, or refused.
    rows : mapping of str to int
        Rows written, by full table name.
    """

    batch_id: str
    cohort_id: str
    time: datetime
    rows: Mapping[str, int]


@dataclass(frozen=True)
class _Rules:
    """The rules of a stage."""

    title: str
    counts: Sequence[RuleCount]


@dataclass(frozen=True)
class _Refused:
    """The refusals of one reason."""

    code: ReasonCode
    total: int
    shown: Sequence[Refusal]


def write_report(
    path: Path,
    batch: BatchFacts,
    counts: Sequence[RuleCount],
    refusals: Sequence[Refusal],
    suites: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write the page; a reader sees the old file or the new one, never half of it.

    Parameters
    ----------
    path : Path
        File to write; its folder exists.
    batch : BatchFacts
        The batch.
    counts : sequence of RuleCount
        Every rule of every gate.
    refusals : sequence of Refusal
        Everything refused.
    suites : mapping of str to mapping
        Result of each Great Expectations suite, by table.
    """
    page = _render(batch, counts, refusals, suites)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(page, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _render(
    batch: BatchFacts,
    counts: Sequence[RuleCount],
    refusals: Sequence[Refusal],
    suites: Mapping[str, Mapping[str, Any]],
) -> str:
    from jinja2 import Environment, StrictUndefined

    text = (files("roentgene.ingest.gates") / "templates" / "gate_report.html").read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = _number
    environment.filters["share"] = _share
    return environment.from_string(text).render(
        batch=batch,
        stages=list(_by_stage(counts)),
        reasons=list(_by_reason(refusals)),
        n_refusals=len(refusals),
        suites=suites,
        versions=sorted({s["meta"]["great_expectations_version"] for s in suites.values()}),
    )


def _by_stage(counts: Sequence[RuleCount]) -> Iterable[_Rules]:
    for stage, title in _STAGES.items():
        of_stage = [count for count in counts if count.stage == stage]
        if of_stage:
            yield _Rules(title, sorted(of_stage, key=lambda count: count.subject))


def _by_reason(refusals: Sequence[Refusal]) -> Iterable[_Refused]:
    for name, code in reason_codes().items():
        found = [refusal for refusal in refusals if refusal.reason_code == name]
        if found:
            yield _Refused(code, len(found), found[:_SHOWN_REFUSALS])


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _share(count: RuleCount) -> float:
    """Refused rows in per cent of those checked; any at all stays visible."""
    if count.n_refused == 0:
        return 0.0
    return min(100.0, max(2.0, 100 * count.n_refused / max(count.n_checked, 1)))
