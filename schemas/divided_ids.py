"""Ids that hold more than the patient, as the cohort file describes them."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator, model_validator

from roentgene.schemas.name_patterns import placeholders
from roentgene.schemas.table_source import TableSource

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
        renamed = (*FEATURE_KEYS, "sample_type")
        unknown = sorted(key for key in self.rename if key not in renamed)
        if unknown:
            msg = f"rename: '{unknown[0]}' is none of {', '.join(renamed)}"
            raise ValueError(msg)
        return self
