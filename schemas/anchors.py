"""The model of ``anchors`` in ``cohort.yaml``: on which date each patient's day zero was."""

from __future__ import annotations

from roentgene.schemas.date_form import DateForm
from roentgene.schemas.declared import Declared
from roentgene.schemas.table_source import MISSING_WORDS, IdRule


class Anchors(Declared):
    """The date of day zero of each patient: read to count days, and never stored."""

    file: str
    """Path of the table, relative to the cohort file: CSV, TSV (.gz or not) or Parquet."""
    id: str
    """Column with the patient's id."""
    date: str
    """Column with the date of day zero."""
    form: DateForm = "YYYY-MM-DD"
    """How the dates are written."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the id of the file to that of the cohort, in their order."""
    missing: tuple[str, ...] = MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""
