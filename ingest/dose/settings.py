"""What is asked of a dose: metrics, and the parameters that stand in their formulas."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from roentgene.ingest.dose.metric_names import MetricName, parse_metric
from roentgene.schemas.declared import Declared, explain
from roentgene.schemas.errors import FileError

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

#: What is computed where nothing else is asked; all of it without a parameter.
USUAL_METRICS = (
    *("Dmean", "Dmax", "Dmin", "D2", "D50", "D95", "D98", "D0.1cc", "D1cc", "D2cc"),
    *("V5Gy", "V10Gy", "V20Gy", "V30Gy", "V40Gy", "V50Gy", "V60Gy"),
)


class DoseSettings(Declared):
    """Settings of the dose-volume metrics of an extraction.

    ``geud_a`` and ``alpha_beta`` are by structure. A name may be a pattern (``Lung*``); the name
    itself goes before any pattern, a longer pattern before a shorter one, and ``"*"`` is every
    other structure. A structure that nothing fits has no value for what needs the parameter.
    """

    metrics: tuple[str, ...] = Field(default=USUAL_METRICS, min_length=1)
    """Metrics by name: Dmean, Dmax, Dmin, gEUD, D95 (Gy to 95 % of the volume), D2cc, V20Gy; each
    also after EQD2_ or BED_. The volume stands beside them always.
    """
    geud_a: dict[str, Finite] = Field(default={})
    """Parameter a of gEUD by structure: negative for targets, 1 and more for organs at risk."""
    alpha_beta: dict[str, Positive] = Field(default={})
    """Alpha/beta in Gy by structure, for EQD2 and BED."""
    grid: Literal["dose", "image"] = "dose"
    """Voxels that count: those of the dose grid, or those of the image that the structures were
    drawn on, with the dose interpolated linearly.
    """
    max_outside_percent: float = Field(default=0.0, ge=0, lt=100)
    """Share of a structure that may lie outside the dose grid; what is measured then is marked as
    approximate, and beyond it nothing is measured.
    """

    @field_validator("metrics")
    @classmethod
    def _known_metrics(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            parse_metric(name)
        repeated = [name for position, name in enumerate(names) if name in names[:position]]
        if repeated:
            msg = f"metric {repeated[0]!r} stands twice"
            raise ValueError(msg)
        return names

    @model_validator(mode="after")
    def _parameters_stated(self) -> DoseSettings:
        parsed = self.parsed_metrics
        if any(metric.kind == "geud" for metric in parsed) and not self.geud_a:
            msg = 'gEUD needs its parameter: write geud_a, e.g. {GTV: -10, "*": 8}'
            raise ValueError(msg)
        if any(metric.scale != "physical" for metric in parsed) and not self.alpha_beta:
            msg = 'EQD2 and BED need alpha/beta: write alpha_beta, e.g. {GTV: 10, "*": 3}'
            raise ValueError(msg)
        if 0 in self.geud_a.values():
            msg = "geud_a: there is no gEUD for a = 0"
            raise ValueError(msg)
        return self

    @property
    def parsed_metrics(self) -> tuple[MetricName, ...]:
        """The metrics, read."""
        return tuple(parse_metric(name) for name in self.metrics)


def parameter_of(structure: str, by_structure: Mapping[str, float]) -> float | None:
    """Parameter that is stated for a structure; None where none is.

    Parameters
    ----------
    structure : str
        Name of the structure.
    by_structure : mapping of str to float
        Parameters by name or pattern; see :class:`DoseSettings`.

    Examples
    --------
    >>> [parameter_of(name, {"GTV": 10, "Lung*": 3}) for name in ("GTV", "Lung_L", "Heart")]
    [10, 3, None]
    """
    if structure in by_structure:
        return by_structure[structure]
    fitting = [pattern for pattern in by_structure if fnmatchcase(structure, pattern)]
    return by_structure[max(fitting, key=lambda p: (len(p), p))] if fitting else None


def read_dose_settings(settings: Mapping[str, Any]) -> DoseSettings:
    """Read the settings of a profile.

    Parameters
    ----------
    settings : mapping
        Settings as written.

    Raises
    ------
    FileError
        Names the setting, what is wrong with it and, where it is misspelt, the nearest valid one.
    """
    try:
        return DoseSettings.model_validate(dict(settings))
    except ValidationError as error:
        msg = explain(error, DoseSettings, ("settings",))
        raise FileError(msg, "Correct the profile in study.yaml") from None
