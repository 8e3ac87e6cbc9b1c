"""The model of ``specimen_rule`` in ``cohort.yaml``: which specimen stands for its patient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, model_validator

from roentgene.schemas.declared import Declared, Name


class SpecimenStep(Declared):
    """One step of the choice: a word such as ``earliest``, or words in the order of preference."""

    by: Literal["sample_type", "timepoint", "earliest", "latest", "sample_id"]
    """What decides: the ``sample_type`` or ``timepoint`` of the specimen, its ``collection_day``
    (``earliest``, ``latest``), or its id, which only makes the choice the same every time.
    """
    words: tuple[str, ...] = ()
    """Types or visits, the preferred one first; specimens of others come last, among them those
    that have none.
    """

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """Accept ``earliest`` and ``{sample_type: [Primary, Recurrence]}``."""
        if isinstance(value, str):
            return {"by": value}
        if isinstance(value, dict) and len(value) == 1 and "by" not in value:
            ((by, words),) = value.items()
            return {"by": by, "words": [words] if isinstance(words, str) else words}
        return value

    @model_validator(mode="after")
    def _words_where_needed(self) -> SpecimenStep:
        needs = self.by in {"sample_type", "timepoint"}
        if needs != bool(self.words):
            how = f"write '{{{self.by}: [FIRST, SECOND]}}'"
            msg = how if needs else f"'{self.by}' takes no words"
            raise ValueError(msg)
        if len(set(self.words)) != len(self.words):
            msg = f"a word stands twice under {self.by}"
            raise ValueError(msg)
        return self


class SpecimenRule(Declared):
    """How one specimen, or one value, stands for a patient who has several.

    ``mart.patient_sample`` and ``mart.patient_assay_value`` go by it; without a rule they have
    nothing to say of such patients.
    """

    name: Name
    """Name of the rule, which stands beside every value that it picked."""
    prefer: tuple[SpecimenStep, ...] = Field(default=(), min_length=1)
    """Steps in their order: the next one decides where those before it leave several."""
    aggregate: Literal["mean"] | None = None
    """``mean``: no specimen is picked, and the values of all are averaged."""

    @model_validator(mode="after")
    def _one_way(self) -> SpecimenRule:
        if bool(self.prefer) == (self.aggregate is not None):
            msg = "give either 'prefer', the steps of the choice, or 'aggregate: mean'"
            raise ValueError(msg)
        return self

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows of ``study.specimen_rule``, without the cohort."""
        if self.aggregate is not None:
            yield self._row(1, self.aggregate, 1, None)
        for number, step in enumerate(self.prefer, start=1):
            for place, word in enumerate(step.words or (None,), start=1):
                yield self._row(number, step.by, place, word)

    def _row(self, step_no: int, criterion: str, place: int, word: str | None) -> dict[str, Any]:
        found = {"step_no": step_no, "criterion": criterion, "place": place, "word": word}
        return {"name": self.name, **found}
