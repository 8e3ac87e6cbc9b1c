"""Tables that say who is who: sample sheets, and persons who are patients of two cohorts."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from roentgene.schemas.declared import Name
from roentgene.schemas.divided_ids import DividedIds
from roentgene.schemas.id_rules import IdRule
from roentgene.schemas.table_source import TableSource

#: What a sample sheet may take out of the id, besides the patient.
SAMPLE_PARTS = ("sample_type", "timepoint", "lesion_id")


class SampleTable(DividedIds):
    """A sample sheet: which specimen belongs to whom.

    Any table with a column of samples can be read as one, such as a MAF whose ids end in the kind
    of the specimen: ``id_pattern: '^(?P<patient_id>.+)(?P<sample_type>[DR])$'`` with ``rename:
    {sample_type: {D: Primary, R: Relapse}}`` and ``repeats: true``.
    """

    kind: Literal["sample"]
    sample: str
    """Column with the sample's id."""
    sample_rules: tuple[IdRule, ...] = ()
    """Rules that lead from the id of the file to that of the sample, where files call one sample
    by barcodes of different length.
    """
    sample_type: str | None = None
    """Column with the kind of specimen: Primary Solid Tumor, Blood Derived Normal."""
    collection_day: str | None = None
    """Column with the day of its collection, from day zero."""
    lesion_id: str | None = None
    """Column with the lesion that it was taken from."""
    timepoint: str | None = None
    """Column with the visit that it belongs to, one of ``timepoints``."""
    repeats: bool = False
    """Whether a sample may stand in many rows that say the same of it, as in a table of
    variants.
    """

    @model_validator(mode="after")
    def _parts_said_once(self) -> SampleTable:
        foreign = sorted(set(self.parts_of_id) - {"patient_id", *SAMPLE_PARTS})
        if foreign:
            known = ", ".join(f"{{{name}}}" for name in ("patient_id", *SAMPLE_PARTS))
            msg = f"id_pattern has the unknown placeholder {{{foreign[0]}}}; there are {known}"
            raise ValueError(msg)
        for part in SAMPLE_PARTS:
            if part in self.parts_of_id and getattr(self, part) is not None:
                msg = f"the {part} is said by '{part}' and by id_pattern; once is enough"
                raise ValueError(msg)
        return self


class PersonLinkTable(TableSource):
    """Patients of this cohort who are the same persons as patients of another cohort.

    The other cohort must be in the warehouse already. A link leads to the patient by whom the
    person is known, never on to a further link; nobody is linked because ids look alike.
    """

    kind: Literal["person_link"]
    other_cohort: Name
    """The other cohort."""
    other_id: str
    """Column with the patient's id there."""
    normalise_other: tuple[IdRule, ...] = ()
    """Rules that lead from that column to the id of the other cohort, in their order."""
    zero_offset_days: int | str | None = None
    """Day of this cohort's day zero, counted from the day zero of the other cohort: a number where
    it is the same for everybody, else a column. Left out, the days of the two do not meet.
    """

    @model_validator(mode="after")
    def _hashed_on_both_sides(self) -> PersonLinkTable:
        here, there = (
            any(rule.rule == "keyed_hash" for rule in rules)
            for rules in (self.normalise, self.normalise_other)
        )
        if here != there:
            msg = "ids are hashed on one side alone: write keyed_hash in both lists or in none"
            raise ValueError(msg)
        return self
