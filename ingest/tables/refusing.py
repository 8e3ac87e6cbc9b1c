"""Refusing a table as a whole."""

from __future__ import annotations

from roentgene.ingest.privacy import unnamed
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.tables.identifiers import IdMatch
from roentgene.schemas.errors import RoentgeneError


class TableRefusedError(RoentgeneError):
    """A table from which nothing can be taken.

    Parameters
    ----------
    refusal : Refusal
        Why.
    id_match : IdMatch, optional
        How its ids stand to the cohort's, where they were read.
    """

    code = "table_refused"

    def __init__(self, refusal: Refusal, id_match: IdMatch | None = None) -> None:
        super().__init__(refusal.line())
        self.refusal = refusal
        self.id_match = id_match or IdMatch()


def refuse_table(
    name: str,
    reason_code: str,
    detail: str,
    line: int | None = None,
    *,
    column: str | None = None,
    id_match: IdMatch | None = None,
) -> TableRefusedError:
    """Make the error that refuses a table; ``name`` is what messages call its file."""
    refusal = Refusal(
        "staged", reason_code, "table", detail, file_path=name, row_number=line, column_name=column
    )
    return TableRefusedError(unnamed(refusal), id_match)
