"""What a study has decided about privacy: the key of hashed ids, and texts that may come in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from roentgene.ingest.personal_text import DATE, looks_like, personal_texts
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.staged_columns import SOURCE_FILE
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.study import AllowedText
from roentgene.schemas.table_source import IdRule
from roentgene.warehouse.id_key import IdKey

# where ids of patients and samples stand under another name
_ALSO: Mapping[str, tuple[str, ...]] = {
    "person_id": ("patient_id",),
    "other_patient_id": ("patient_id",),
    "id": ("patient_id", "sample_id"),
    "nearest": ("patient_id", "sample_id"),
}
_WITHHELD = "what was found quotes what looks like a person and is withheld; see the line itself"


@dataclass(frozen=True)
class Privacy:
    """The decisions of a study.

    Parameters
    ----------
    key : IdKey or None
        Key of hashed ids; None where no rule hashes.
    allow : tuple of AllowedText
        Texts that look like a person and may come in.
    """

    key: IdKey | None = None
    allow: tuple[AllowedText, ...] = ()

    def personal(self, texts: pl.Series, places: Iterable[str], *columns: str) -> dict[str, str]:
        """Find the texts of a column that look like a person and are not allowed.

        Parameters
        ----------
        texts : polars.Series of str
            The column; each distinct text is looked at once.
        places : iterable of str
            What its table is called: the file, the stored table.
        *columns : str
            What the column is called: in the file, in the stored table.

        Returns
        -------
        dict of str to str
            Each such text, with what it looks like.
        """
        found = personal_texts(texts)
        if not found or not self.allow:
            return found
        allowed = self._allowed(places, columns)
        return {text: kind for text, kind in found.items() if not _fits(text, allowed)}

    def personal_rows(
        self, rows: pl.DataFrame, full_name: str, column: str
    ) -> tuple[pl.Series, dict[str, str]]:
        """Find the rows of a stored table in whose column something looks like a person.

        Parameters
        ----------
        rows : polars.DataFrame
            Rows; ``source_file``, where it is there, is what study.yaml may call their table, and
            ``variable`` what it may call the column.
        full_name : str
            The table.
        column : str
            A column of text.

        Returns
        -------
        polars.Series of bool
            Which rows.
        dict of str to str
            Their texts, with what each looks like.
        """
        found = personal_texts(rows[column])
        if not found:
            return pl.Series([False]).new_from_index(0, rows.height), {}
        cell = pl.col(column).cast(pl.String)
        cells = rows.select(
            text=cell,
            file=SOURCE_FILE if SOURCE_FILE in rows.columns else pl.lit(None, pl.String),
            name="variable" if "variable" in rows.columns else pl.lit(None, pl.String),
        )
        looks = cells["text"].is_in(list(found)).fill_null(False)
        distinct = cells.filter(looks).unique(maintain_order=True)
        kept = [
            not self._allows_cell(text, file, name, full_name, column)
            for text, file, name in distinct.iter_rows()
        ]
        bad = distinct.filter(pl.Series(kept, dtype=pl.Boolean))
        numbered = cells.with_row_index("place").filter(looks)
        places = numbered.join(bad, on=["text", "file", "name"], how="semi", nulls_equal=True)
        mask = pl.int_range(rows.height, eager=True).is_in(places["place"].to_list())
        return mask, {text: found[text] for text in bad["text"]}

    def allows(self, text: str, places: Iterable[str], *columns: str) -> bool:
        """Whether a text may come in, whatever it looks like."""
        return _fits(text, self._allowed(places, columns))

    def personal_text(self, text: str, places: Iterable[str], *columns: str) -> str | None:
        """Say what a single text looks like; None where it is nobody's or allowed."""
        kind = looks_like(text)
        return None if kind is None or self.allows(text, places, *columns) else kind

    def _allows_cell(
        self, text: str, file: str | None, variable: str | None, full_name: str, column: str
    ) -> bool:
        # person_id is the id of the patient behind that of the cohort
        part = text.partition(":")[2] if column == "person_id" else text
        columns = [column] if variable is None else [column, variable]
        return self.allows(part, [full_name, *([file] if file else [])], *columns)

    def said(self, declaration: TableDeclaration) -> str:
        """Say what of these decisions bears on a table, to be hashed with its content."""
        hashes = hashes_ids(declaration.normalise)
        fingerprint = self.key.fingerprint if self.key is not None and hashes else ""
        allowed = [f" {a.table} {a.column} {a.pattern}" for a in self.allow]
        return "".join([fingerprint, *allowed])

    def _allowed(self, places: Iterable[str], columns: Iterable[str]) -> list[str]:
        tables = {None, *places}
        names = {name for column in columns for name in (column, *_ALSO.get(column, ()))}
        return [a.pattern for a in self.allow if a.column in names and a.table in tables]


#: Of a study that hashes no ids and lets nothing in.
UNDECLARED = Privacy()


def _fits(text: str, patterns: Iterable[str]) -> bool:
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def reason_of(kind: str) -> str:
    """Reason code of what a text looks like, as :mod:`roentgene.ingest.personal_text` calls it."""
    return "looks_like_date" if kind == DATE else "looks_like_person"


def hashes_ids(rules: Iterable[IdRule]) -> bool:
    """Whether id rules replace ids by a keyed hash."""
    return any(rule.rule == "keyed_hash" for rule in rules)


def unnamed(refusal: Refusal, content: str | None = None) -> Refusal:
    """Take out of a refusal what looks like a person, and the hash by which it could be guessed.

    Parameters
    ----------
    refusal : Refusal
        A refusal of whatever gate.
    content : str, optional
        What was refused, of which the refusal may quote a part.

    Returns
    -------
    Refusal
        The same where it quotes nobody. The date in the path of a table is that of the
        file.
    """
    quotes = looks_like(refusal.detail) or (content is not None and looks_like(content))
    path = None if refusal.file_path is None else looks_like(refusal.file_path)
    # the gate of staged rows knows tables alone
    told = path is None or (path == DATE and refusal.stage == "staged")
    cleaned = replace(
        refusal,
        detail=_WITHHELD if quotes else refusal.detail,
        subject="row" if looks_like(refusal.subject) else refusal.subject,
        column_name=None if looks_like(refusal.column_name or "") else refusal.column_name,
        file_path=refusal.file_path if told else None,
    )
    return refusal if cleaned == refusal else replace(cleaned, content_hash=None)
