"""The model of ``flow`` in ``cohort.yaml``: the steps from all patients to those analysed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from roentgene.schemas.declared import Declared

Has = Literal[
    "visit",
    "features",
    "variable",
    "outcome",
    "event",
    "treatment",
    "response",
    "biomarker",
    "sample",
    "assay",
    "dose",
]

#: What a visit can be asked of, and what has words.
_VISITED = frozenset({"visit", "features", "variable", "response", "sample", "dose"})
_WITH_WORDS = frozenset({"variable", "response", "biomarker", "outcome"})
#: What the kinds of tables give, where it is not called like them.
_OF_KIND: Mapping[str, Has] = {
    "clinical": "variable",
    "timepoint": "visit",
    "features": "features",
    "dose": "dose",
    "outcome": "outcome",
    "event": "event",
    "treatment": "treatment",
    "response": "response",
    "biomarker": "biomarker",
    "sample": "sample",
}
_OF_FEATURES = ("sequence", "region", "profile")


class FlowStep(Declared):
    """One step of the flow of patients, as a STROBE or CONSORT diagram has it.

    A patient passes who has what the step asks for, and has passed the steps before it.
    """

    step: str
    """What the step is called in the diagram."""
    has: Has
    """What a patient must have: a row at a ``visit``, ``features`` that were measured, a clinical
    ``variable`` with a value, an ``outcome``, ``event``, ``treatment`` or ``response``, a
    ``biomarker`` result, a ``sample``, an ``assay``, or a ``dose`` metric of a structure.
    """
    name: str | None = None
    """Which variable, endpoint, event type, treatment, criteria, marker, sample type, assay or dose
    metric; left out, any.
    """
    among: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Words of which the patient must have one: values of the variable or marker, categories of
    the response, event codes of the outcome; left out, any.
    """
    timepoint: str | None = None
    """At which visit; left out, at any."""
    sequence: str | None = None
    """Features of which sequence; left out, of any."""
    region: str | None = None
    """Features of which region; left out, of any."""
    profile: str | None = None
    """Features of which profile; left out, of any."""
    reason: str | None = None
    """Why patients are lost here, as the diagram says it; left out, what they lack."""

    @model_validator(mode="after")
    def _makes_sense(self) -> FlowStep:
        if self.among is not None and self.name is None:
            msg = f"'among' has words of one {self.has}: say by 'name' which it is"
            raise ValueError(msg)
        if self.has in {"visit", "features"} and self.name is not None:
            msg = f"'name' is not for {self.has}"
            raise ValueError(msg)
        if self.has not in _WITH_WORDS and self.among is not None:
            msg = f"'among' is not for {self.has}"
            raise ValueError(msg)
        if self.has not in _VISITED and self.timepoint is not None:
            msg = f"'timepoint' is not for {self.has}, which belongs to the patient"
            raise ValueError(msg)
        foreign = [key for key in _OF_FEATURES if getattr(self, key) is not None]
        if self.has != "features" and foreign:
            msg = f"'{foreign[0]}' is for features, not for {self.has}"
            raise ValueError(msg)
        return self

    @property
    def why_lost(self) -> str:
        """Why patients are lost at the step."""
        if self.reason is not None:
            return self.reason
        wanted = [self.name, self.sequence, self.region, self.profile]
        words = " ".join([self.has, *(word for word in wanted if word is not None)])
        among = "" if self.among is None else f" among {', '.join(self.among)}"
        visit = "" if self.timepoint is None else f" at {self.timepoint}"
        return f"no {words}{among}{visit}"


def expected_steps(
    timepoints: Sequence[str], tables: Sequence[str], *, measured: bool
) -> tuple[FlowStep, ...]:
    """Make the steps of a cohort that declares none: what it expects of every patient, in order.

    Parameters
    ----------
    timepoints : sequence of str
        Visits at which images are expected.
    tables : sequence of str
        Kinds of tables that every patient should stand in.
    measured : bool
        Whether the cohort has images or ready-made features at all.
    """
    steps = [
        FlowStep(step=f"features at {visit}", has="features", timepoint=visit)
        for visit in timepoints
    ]
    if measured and not steps:
        steps.append(FlowStep(step="features", has="features"))
    for kind in dict.fromkeys(tables):
        known = _OF_KIND.get(kind)
        if known is None:
            steps.append(FlowStep(step=kind, has="assay", name=kind))
        else:
            steps.append(FlowStep(step=kind, has=known))
    return tuple(steps)


def flow_rows(steps: Sequence[FlowStep]) -> Iterator[dict[str, Any]]:
    """Rows of ``study.flow_step``, without the cohort."""
    for number, one in enumerate(steps, start=1):
        yield {
            "step_no": number,
            "step": one.step,
            "has": one.has,
            "name": one.name,
            "among": None if one.among is None else list(one.among),
            "timepoint_id": one.timepoint,
            "sequence": one.sequence,
            "region": one.region,
            "profile": one.profile,
            "reason": one.why_lost,
        }
