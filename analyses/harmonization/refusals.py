"""What no harmonization is fitted on: the outcome, small batches, batches that are a covariate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from roentgene.analyses.constant import Floats
from roentgene.analyses.harmonization.combat import Codes, batch_design, is_full_rank
from roentgene.analyses.harmonization.reading import ModelRows, batch_words, column_of
from roentgene.analyses.preparation.covariates import Covariate
from roentgene.analyses.releasing.leaks import is_equivalent
from roentgene.schemas.analyses.harmonization import Harmonization
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import ReleaseTarget
from roentgene.schemas.tell_tales import tells_outcome

_BLOCKS = {"patient": "clin", "clinical": "clin", "biomarker": "gen"}
_MOST_LEVELS = 12


def refuse_outcome(
    spec: Harmonization, target: ReleaseTarget | None, endpoints: tuple[str, ...]
) -> None:
    """Refuse covariates, and batches, that are an outcome or tell the target of the release.

    Raises
    ------
    FileError
        If there is one; the values of a feature would then hold the answer.
    """
    asked = [(one.kind, one.name, "'preserve'") for one in spec.preserve]
    _, variable = batch_words(spec)
    if variable is not None:
        asked.append(("clinical", variable, "'batch'"))
    for kind, name, where in asked:
        if kind == "clinical" and tells_outcome(name, endpoints):
            msg = f"{spec.name}: {kind}:{name} in {where} is an outcome"
        elif target is not None and is_equivalent(
            {"block": _BLOCKS[kind], "feature": name, "kind": kind}, target
        ):
            msg = f"{spec.name}: {kind}:{name} in {where} tells the target {target.name}"
        else:
            continue
        cure = (
            "Leave it out: harmonization that knows the answer writes it into every feature. "
            "'compare' shows what becomes of it, and fits nothing"
        )
        raise FileError(msg, cure)


def require_batches(spec: Harmonization, rows: ModelRows) -> None:
    """Refuse a model without two batches, with a small one, or without its reference.

    Raises
    ------
    FileError
        With the number of persons in every batch.
    """
    counts = Counter(rows.batch)
    source, variable = batch_words(spec)
    told = ", ".join(f"{name} {n}" for name, n in sorted(counts.items())) or "none"
    where = f"{spec.name}: {_place(rows)}: persons by {variable or source}: {told}"
    small = sorted(name for name, n in counts.items() if n < spec.minimum_batch)
    if len(counts) < 2:
        msg = f"{where}; two batches are needed"
        raise FileError(msg, "There is nothing to harmonize; look into mart.series_batch")
    if small:
        msg = f"{where}; fewer than {spec.minimum_batch} in {', '.join(small)}"
        cure = "Join small batches, use 'method: mean_only', or lower 'minimum_batch'"
        raise FileError(msg, cure)
    if spec.reference is not None and spec.reference not in counts:
        msg = f"{where}; none is of the reference {spec.reference}"
        raise FileError(msg, "Name a batch that is there in 'reference'")


def require_apart(
    spec: Harmonization,
    rows: ModelRows,
    codes: Codes,
    given: Floats,
    covariates: Sequence[Covariate],
) -> None:
    """Refuse covariates whose effect cannot be told from that of the batches.

    Raises
    ------
    FileError
        With the table of persons by batch and covariate that shows it.
    """
    if is_full_rank(batch_design(codes, given, None)):
        return
    tables = "; ".join(_crossed(rows, column_of(one)) for one in spec.preserve)
    msg = (
        f"{spec.name}: {_place(rows)}: batches and covariates say the same, and their effects "
        f"cannot be told apart: {tables}"
    )
    constant = [one.column for one in covariates if len(one.levels) == 0]
    cure = "Leave the covariate out, or join batches until each has persons of several classes"
    raise FileError(msg, cure if not constant else f"{constant[0]} is of one class; leave it out")


def _crossed(rows: ModelRows, column: str) -> str:
    """Table of batches by a covariate as one line: classes are counted, of numbers the range."""
    frame = pl.DataFrame({"batch": rows.batch}).with_columns(rows.variables[column].alias("value"))
    is_number = frame.schema["value"].is_numeric()
    if is_number and frame["value"].n_unique() > _MOST_LEVELS:
        spans = frame.group_by("batch").agg(
            pl.len().alias("n"), pl.col("value").min().alias("a"), pl.col("value").max().alias("b")
        )
        parts = [f"{b} {n} from {lo:g} to {hi:g}" for b, n, lo, hi in spans.sort("batch").rows()]
        return f"{column}: {', '.join(parts)}"
    counts = Counter(zip(frame["batch"], frame["value"].cast(pl.String), strict=True))
    levels = frame["value"].cast(pl.String).unique().sort().to_list()
    parts = [
        f"{batch} ({', '.join(f'{level} {counts[(batch, level)]}' for level in levels)})"
        for batch in sorted(set(rows.batch))
    ]
    return f"{column}: {', '.join(parts)}"


def _place(rows: ModelRows) -> str:
    return f"{rows.key['region']} on {rows.key['sequence']} under {rows.key['profile']}"
