"""What every table of a cohort file declares: its file, its ids, and the way to our ids."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator, model_validator

from roentgene.schemas.declared import Declared
from roentgene.schemas.name_patterns import placeholders

#: Words that mean "no value" in every table, unless the table declares its own.
MISSING_WORDS = (
    "",
    "NA",
    "N/A",
    "NaN",
    "nan",
    "NULL",
    "None",
    "?",
    "Unknown",
    "unknown",
    "Not Available",
    "[Not Available]",
    "Not Collected",
)


class IdRule(Declared):
    """One step of the declared way from an id as given to the id of the cohort.

    A step without a text is written as a word, ``upper``; one with a text as ``{strip_suffix:
    _11}``. ``tcga_patient`` keeps the first twelve characters of a TCGA barcode. ``keyed_hash``
    puts a hash in place of what the rules before it leave, made with the key that the environment
    variable ``ROENTGENE_ID_KEY`` names; where one source of a cohort has it, all must. Blanks
    around an id are always taken away.
    """

    rule: Literal[
        "trim",
        "upper",
        "lower",
        "tcga_patient",
        "strip_prefix",
        "strip_suffix",
        "add_prefix",
        "keyed_hash",
    ]
    """What is done to the id."""
    argument: str = ""
    """The text that is stripped or added."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """Accept ``upper`` and ``{strip_suffix: _11}``."""
        if isinstance(value, str):
            return {"rule": value}
        if isinstance(value, dict) and len(value) == 1 and "rule" not in value:
            ((rule, argument),) = value.items()
            return {"rule": rule, "argument": str(argument)}
        return value

    @model_validator(mode="after")
    def _argument_where_needed(self) -> IdRule:
        needs = self.rule in {"strip_prefix", "strip_suffix", "add_prefix"}
        if needs != bool(self.argument):
            msg = f"write '{{{self.rule}: TEXT}}'" if needs else f"'{self.rule}' takes no argument"
            raise ValueError(msg)
        return self


class TableSource(Declared):
    """What every table declares: its file, its id column, and the rules that lead to our ids."""

    file: str
    """Path of the table, relative to the cohort file: CSV, TSV (.gz or not) or Parquet."""
    id: str
    """Column with the patient's id."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the id of the file to that of the cohort, in their order."""
    missing: tuple[str, ...] = MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""


#: Parts of a measurement's identity, as the cohort file calls them.
FEATURE_KEYS = ("timepoint", "sequence", "region", "lesion_id", "rater_id", "repeat_no")


class DividedIds(TableSource):
    """What tables declare whose id may hold more than the patient."""

    id_pattern: str | None = None
    """Form of the id where it holds more than the patient: ``{patient_id}_{timepoint}``, or a
    regular expression with ``(?P<patient_id>…)`` that is looked for in it. An id that can be
    divided in two ways is refused.
    """
    rename: dict[str, dict[str, str]] = {}
    """Words of the file and what they are called here, for the visit and whatever else says what
    a row is about: ``{timepoint: {11: baseline}}``.
    """

    @field_validator("rename", mode="before")
    @classmethod
    def _words_as_text(cls, value: Any) -> Any:
        """Accept ``11: baseline``, which YAML reads as a number."""
        if not isinstance(value, dict):
            return value
        return {
            key: {str(word): ours for word, ours in words.items()}
            if isinstance(words, dict)
            else words
            for key, words in value.items()
        }

    @property
    def parts_of_id(self) -> tuple[str, ...]:
        """Parts that ``id_pattern`` takes out of the id."""
        return placeholders(self.id_pattern) if self.id_pattern else ()

    @model_validator(mode="after")
    def _ids_readable(self) -> DividedIds:
        if self.id_pattern and "patient_id" not in self.parts_of_id:
            msg = "id_pattern has no {patient_id}"
            raise ValueError(msg)
        unknown = sorted(key for key in self.rename if key not in FEATURE_KEYS)
        if unknown:
            msg = f"rename: '{unknown[0]}' is none of {', '.join(FEATURE_KEYS)}"
            raise ValueError(msg)
        return self
