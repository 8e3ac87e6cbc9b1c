"""The tables of a cohort file that hold what others measured: features, and metrics of doses."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from roentgene.schemas.canonical import canonical_json
from roentgene.schemas.declared import Declared, Name
from roentgene.schemas.divided_ids import FEATURE_KEYS, DividedIds
from roentgene.schemas.name_patterns import placeholders
from roentgene.schemas.table_source import TableSource


class VisitRank(Declared):
    """The visit as its rank among those of the patient, where the file has no name for it."""

    rank_of: str
    """Column, or part of the id, whose values put the visits of a patient in order: numbers, or
    dates that begin with the year. The first becomes the first of ``timepoints``, and so on.
    """
    dates: bool = False
    """Whether the values are calendar dates. They are not stored; where ``day_zero`` is
    ``baseline_scan``, the days since the patient's first become the days of the visits.
    """


class FeaturesTable(DividedIds):
    """Features that others extracted: one row a region and rater, a column a feature.

    ``timepoint``, ``sequence``, ``region``, ``lesion_id``, ``rater_id`` and ``repeat_no`` are
    constants, or templates whose placeholders are columns: ``rater_id: "{reader}"``. What stands
    in the id or in the names of the columns, ``id_pattern`` and ``columns`` take from there; parts
    of the id that have another name stand in templates like columns.

    Features of PyRadiomics get the names of today, so that an old table joins a fresh one; those
    whose formula has changed since keep theirs with ``@before-VERSION`` behind it.
    """

    kind: Literal["features"]
    timepoint: str | VisitRank | None = None
    """Visit, one of ``timepoints``."""
    sequence: str | None = None
    """Sequence of the image."""
    region: str | None = None
    """Region that was measured."""
    modality: str | None = None
    """DICOM modality of the images."""
    lesion_id: str = "1"
    """Lesion that was measured."""
    rater_id: str = "1"
    """Who drew the region."""
    repeat_no: str = "1"
    """Which repetition by the rater it is."""
    engine: Name
    """Program that extracted the features."""
    engine_version: str | None = None
    """Version of that program; left out, the table's diagnostics say it."""
    profile: Name
    """Name for the settings of that program."""
    features: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Columns that hold features; left out, those that ``columns`` describes, and for PyRadiomics
    all that are named like its features.
    """
    columns: str | None = None
    """Form of the names of columns that hold features: ``{sequence}_{region}_{feature}``. A
    placeholder takes as little as it can, the last one the rest.
    """
    ignore: tuple[str, ...] = ()
    """Columns that are left aside without a word."""
    value_scale: Literal["raw", "zscore"] = "raw"
    """Whether the values were z-scored; such values are never compared with raw ones."""

    @property
    def parts_of_columns(self) -> tuple[str, ...]:
        """Parts that ``columns`` takes out of the names of columns."""
        return placeholders(self.columns) if self.columns else ()

    @model_validator(mode="after")
    def _columns_readable(self) -> FeaturesTable:
        if self.columns and "feature" not in self.parts_of_columns:
            msg = "columns has no {feature}"
            raise ValueError(msg)
        foreign = sorted({*self.parts_of_columns} - {*FEATURE_KEYS, "class", "feature"})
        if foreign:
            known = ", ".join(f"{{{name}}}" for name in (*FEATURE_KEYS, "class", "feature"))
            msg = f"columns has the unknown placeholder {{{foreign[0]}}}; there are {known}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _keys_said_once(self) -> FeaturesTable:
        for key in FEATURE_KEYS:
            said = [
                name
                for name, says in (
                    (f"'{key}'", key in self.model_fields_set and getattr(self, key) is not None),
                    ("id_pattern", key in self.parts_of_id),
                    ("columns", key in self.parts_of_columns),
                )
                if says
            ]
            if len(said) > 1:
                msg = f"the {key} is said by {' and by '.join(said)}; once is enough"
                raise ValueError(msg)
            if not said and getattr(self, key) is None:
                cure = f"write '{key}: …', or {{{key}}} in id_pattern or columns"
                msg = f"nothing says the {key}: {cure}"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _features_said(self) -> FeaturesTable:
        if self.features is not None and self.columns is not None:
            msg = "give either 'features' or 'columns'"
            raise ValueError(msg)
        if self.engine != "pyradiomics":
            if self.features is None and self.columns is None:
                msg = f"say by 'features' or 'columns' which columns hold features of {self.engine}"
                raise ValueError(msg)
            if self.engine_version is None:
                msg = f"say by 'engine_version' which version of {self.engine} it was"
                raise ValueError(msg)
        return self


class DvhTable(TableSource):
    """Dose-volume metrics that others computed: one row a structure and metric.

    ``timepoint``, ``structure``, ``metric``, ``unit``, ``dose``, ``lesion_id``, ``rater_id`` and
    ``repeat_no`` are constants, or templates whose placeholders are columns: ``"{roi}"``.
    """

    kind: Literal["dvh"]
    timepoint: str
    """Visit, one of ``timepoints``."""
    structure: str = "{structure}"
    """Structure that was measured."""
    metric: str = "{metric}"
    """Metric: Dmean, D95, V20Gy."""
    value: str = "value"
    """Column with the value."""
    unit: str = "{unit}"
    """Unit of the value: Gy, cGy (stored in Gy), percent, or cm3."""
    dose: str = "RTDOSE"
    """Name of the dose, where a visit has several."""
    lesion_id: str = "1"
    """Lesion that the structure shows."""
    rater_id: str = "1"
    """Who drew the structure."""
    repeat_no: str = "1"
    """Which repetition by the rater it is."""
    rename: dict[str, str] = {}
    """Metrics as the file calls them, and their names here: ``{"Mean dose": Dmean}``."""
    engine: Name
    """Program that computed the metrics."""
    engine_version: str
    """Version of that program."""
    profile: Name
    """Name for the settings of that program."""
    settings: dict[str, Any] = {}
    """What is known of them; where there is EQD2 or BED, ``alpha_beta``."""

    @field_validator("settings")
    @classmethod
    def _settings_plain(cls, settings: dict[str, Any]) -> dict[str, Any]:
        try:
            canonical_json(settings)
        except (TypeError, ValueError):
            msg = "settings are texts, numbers, lists and mappings; dates never enter the warehouse"
            raise ValueError(msg) from None
        return settings
