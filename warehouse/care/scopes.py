"""What can be withdrawn: everything of a person, or one kind of data."""

from __future__ import annotations

from typing import Literal, get_args

#: What a withdrawal is about; images hold dose grids, so who withdraws them withdraws both.
Scope = Literal["all", "imaging", "genomic", "clinical", "dose"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_OF_SCHEMA: dict[str, Scope] = {"imaging": "imaging", "genomic": "genomic", "clinical": "clinical"}
_OF_TABLE: dict[str, Scope] = {
    "imaging.dose": "dose",
    "imaging.dose_feature": "dose",
    "result.harmonization_person": "imaging",
    "result.gene_set_score": "genomic",
    "ops.image_file": "imaging",
}


def scope_of_table(full_name: str) -> Scope:
    """Kind of data that a table holds; ``all`` where it is about the person whatever is withdrawn.

    Examples
    --------
    >>> [scope_of_table(name) for name in ("genomic.mutation", "imaging.dose", "study.patient")]
    ['genomic', 'dose', 'all']
    """
    return _OF_TABLE.get(full_name) or _OF_SCHEMA.get(full_name.partition(".")[0], "all")


def covers(withdrawn: Scope, asked: Scope) -> bool:
    """Whether data of a kind may not be kept after a withdrawal.

    Examples
    --------
    >>> covers("all", "clinical"), covers("imaging", "dose"), covers("dose", "imaging")
    (True, True, False)
    """
    return withdrawn in {"all", asked} or (withdrawn, asked) == ("imaging", "dose")
