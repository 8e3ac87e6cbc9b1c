"""The patients of the synthetic study, and what went otherwise than planned with some of them.

Nothing here is a fault of a file: a visit that was missed, a sequence that was not acquired, an
enhancement that is gone. Such findings must come out of the warehouse as a status or a gap in
coverage, and never as a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from roentgene.app.demo.traits import Traits

COHORT_ID = "DEMO"
TIMEPOINTS = ("baseline", "week_6", "month_3")
#: How far each reader's boundaries lie from the truth: standard deviation in millimetres.
READERS: Mapping[str, float] = {"reader_1": 0.25, "reader_2": 0.7}
#: Who draws every visit; the other reader draws the baseline alone.
REFERENCE_READER = "reader_1"
#: Fewer patients leave nobody to have the findings.
MIN_PATIENTS = 8


@dataclass(frozen=True)
class Patient:
    """One patient's part of the traits, with what was not done or not seen.

    ``absent`` are visits that did not take place, ``without_sequence`` pairs of visit and
    sequence that were not acquired, ``without_enhancement`` pairs of visit and reader whose mask
    has no enhancing part.
    """

    number: int
    patient_id: str
    texture_length: float
    heterogeneity: float
    size: float
    responder: bool
    absent: frozenset[str] = frozenset()
    without_sequence: frozenset[tuple[str, str]] = frozenset()
    without_enhancement: frozenset[tuple[str, str]] = frozenset()
    has_expression: bool = True
    has_mutations: bool = True

    @property
    def sample_id(self) -> str:
        """Specimen of the primary tumour."""
        return f"{self.patient_id}-T"


def make_patients(traits: Traits) -> tuple[Patient, ...]:
    """Make the patients, first responders and first others having the findings.

    One responder's enhancement is gone at the last visit, and one is drawn without enhancement by
    the second reader; one other patient misses the last visit, and one has no FLAIR at the
    second. The last patient's DNA was not profiled, the last but one has no RNA.

    Raises
    ------
    ValueError
        If there are fewer than ``MIN_PATIENTS``.
    """
    n = len(traits)
    if n < MIN_PATIENTS:
        msg = f"a study of {n} patients; at least {MIN_PATIENTS} are needed"
        raise ValueError(msg)
    first, second = np.flatnonzero(traits.responder)[:2]
    third, fourth = np.flatnonzero(~traits.responder)[:2]
    last_visit = TIMEPOINTS[-1]
    no_enhancement = {first: (last_visit, REFERENCE_READER), second: ("baseline", "reader_2")}
    return tuple(
        Patient(
            number=i,
            patient_id=traits.patient_ids[i],
            texture_length=float(traits.texture_length[i]),
            heterogeneity=float(traits.heterogeneity[i]),
            size=float(traits.size[i]),
            responder=bool(traits.responder[i]),
            absent=frozenset({last_visit} if i == third else ()),
            without_sequence=frozenset({("week_6", "FLAIR")} if i == fourth else ()),
            without_enhancement=frozenset({no_enhancement[i]} if i in no_enhancement else ()),
            has_expression=i != n - 2,
            has_mutations=i != n - 1,
        )
        for i in range(n)
    )
