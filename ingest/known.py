"""What the catalogue knows of a cohort before a delivery is planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import polars as pl
import pyarrow as pa

from roentgene.ingest.habitat_model import HabitatModel, model_of_row
from roentgene.ingest.refusal import Stage
from roentgene.queries import render
from roentgene.queries.query_file import query_text
from roentgene.schemas.tables import table

#: Tables to which several sources add what they know; what is stored fills what they leave open.
GROWING = (
    "study.patient",
    "study.lesion",
    "study.timepoint",
    "genomic.sample",
    "genomic.assay",
)
#: Tables that the cohort file says all of: what it leaves out is no longer so.
DECLARED = ("study.expectation", "study.specimen_rule", "study.flow_step")
_HABITAT_MODEL = "imaging.habitat_model"
# queries that other cohorts answer too
_OF_ALL_COHORTS = frozenset({"image_owners", "panels"})
_UNDONE = frozenset({"open", "retry"})

Measured = tuple[str, str, str]


class ArrowQuery(Protocol):
    """Reads the catalogue, e.g. ``Warehouse.arrow``."""

    def __call__(self, sql: str, parameters: Mapping[str, Any] | None = None, /) -> pa.Table:
        """Run a query with bound parameters."""


@dataclass(frozen=True)
class StoredMeasurement:
    """A measurement: its number, the work that made it, and what has become of it.

    ``from_table`` says that others measured, and that it came ready-made.
    """

    measurement_id: int
    work_key: str
    current: bool
    from_table: bool = False


@dataclass(frozen=True)
class SourceFile:
    """A table file as it was last ingested; see ``ops.source_file``."""

    content_hash: str
    known_hash: str
    n_rows: int
    n_ids: int | None = None
    n_matched: int | None = None
    proposed_rules: str | None = None


class StoredFile(NamedTuple):
    """An image or mask file as it was last read; see ``ops.image_file``."""

    content_hash: str
    state: str


@dataclass(frozen=True)
class Panel:
    """Genes of a panel, and whether another cohort was profiled with it."""

    genes: frozenset[str]
    used_elsewhere: bool


@dataclass(frozen=True)
class StoredRefusal:
    """Something refused before: at which stage, in which file, and what was decided."""

    stage: Stage
    file_path: str | None
    subject: str | None
    state: str


@dataclass(frozen=True)
class Known:
    """The catalogue's knowledge of one cohort.

    Parameters
    ----------
    last_batch : str or None
        Newest batch of the cohort.
    measured : mapping
        (segmentation, series, extraction) to its measurement.
    image_owners : mapping of str to frozenset of str
        Content hash of each image to everybody under whom it stands.
    imaged_patients : frozenset of str
        Patients with images or ready-made features.
    source_files : mapping
        (file, kind) of each table to its last state.
    image_files : mapping of str to StoredFile
        Image and mask files by name, as they were last read.
    unmatched : dict of str to list
        Rows of ``ops.unmatched_id`` by file.
    refusals : mapping of str to StoredRefusal
        Everything refused before, by id.
    growing : mapping of str to polars.DataFrame
        Rows of the tables in :data:`GROWING`.
    panels : mapping of str to Panel
        Every gene panel.
    declared : mapping of str to polars.DataFrame
        Rows of the tables in :data:`DECLARED`.
    habitat_models : mapping of str to HabitatModel
        Fitted models of habitats by name.
    gene_sets : mapping of tuple of str to int
        Genes of every gene set, by its collection, version and name.
    """

    last_batch: str | None
    measured: Mapping[Measured, StoredMeasurement]
    image_owners: Mapping[str, frozenset[str]]
    imaged_patients: frozenset[str]
    source_files: Mapping[tuple[str, str], SourceFile]
    image_files: Mapping[str, StoredFile]
    unmatched: Mapping[str, list[dict[str, str | None]]]
    refusals: Mapping[str, StoredRefusal]
    growing: Mapping[str, pl.DataFrame]
    panels: Mapping[str, Panel]
    declared: Mapping[str, pl.DataFrame]
    habitat_models: Mapping[str, HabitatModel]
    gene_sets: Mapping[tuple[str, str, str], int] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether the cohort has no batch, so that no stored row is its own."""
        return self.last_batch is None

    @property
    def done(self) -> dict[Measured, str]:
        """Work on images that is done, as plans compare it."""
        return {
            key: stored.work_key for key, stored in self.measured.items() if not stored.from_table
        }

    @property
    def patients(self) -> frozenset[str]:
        """Patients of the cohort."""
        return frozenset(self.growing["study.patient"]["patient_id"])

    @property
    def samples(self) -> dict[str, str]:
        """Patient of each sample."""
        rows = self.growing["genomic.sample"].select("sample_id", "patient_id")
        return dict(rows.iter_rows())

    @property
    def retried(self) -> frozenset[str]:
        """Files that somebody asked to be worked on again."""
        return frozenset(
            refusal.file_path
            for refusal in self.refusals.values()
            if refusal.state == "retry" and refusal.file_path is not None
        )

    @property
    def undone_refusals(self) -> dict[str, StoredRefusal]:
        """Refusals that nobody has waived and nothing has resolved."""
        return {key: refusal for key, refusal in self.refusals.items() if refusal.state in _UNDONE}

    @property
    def standing_refusals(self) -> frozenset[str]:
        """Refusals that nothing has resolved, waived ones among them."""
        return frozenset(
            key for key, refusal in self.refusals.items() if refusal.state != "resolved"
        )


def read_known(arrow: ArrowQuery, cohort_id: str) -> Known:
    """Read what the catalogue knows of a cohort, which may be new."""
    cohort = {"cohort_id": cohort_id}
    newest = last_batch(arrow, cohort_id)

    def found(name: str) -> pl.DataFrame:
        # of a cohort without a batch nothing is known but what others answer
        if newest is None and name not in _OF_ALL_COHORTS:
            return pl.DataFrame()
        return pl.DataFrame(arrow(query_text(f"ingest/{name}"), cohort))

    def stored(name: str) -> pl.DataFrame:
        declared = table(name)
        if newest is None:
            return pl.DataFrame(declared.arrow_schema.empty_table())
        return pl.DataFrame(arrow(render.rows_of_cohort(declared), cohort))

    owners: dict[str, set[str]] = defaultdict(set)
    for content_hash, owner in found("image_owners").iter_rows():
        owners[content_hash].add(owner)
    unmatched: dict[str, list[dict[str, str | None]]] = defaultdict(list)
    for row in found("unmatched_ids").to_dicts():
        unmatched[row.pop("file_path")].append(row)
    return Known(
        last_batch=newest,
        measured={
            (segmentation, series, extraction): StoredMeasurement(*state)
            for segmentation, series, extraction, *state in found("done_work").iter_rows()
        },
        image_owners={digest: frozenset(names) for digest, names in owners.items()},
        imaged_patients=frozenset(row["patient_id"] for row in found("imaged_patients").to_dicts()),
        source_files={
            (row.pop("file_path"), row.pop("kind")): SourceFile(**row)
            for row in found("source_files").to_dicts()
        },
        image_files={
            name: StoredFile(content_hash, state)
            for name, content_hash, state in found("image_files").iter_rows()
        },
        unmatched=dict(unmatched),
        refusals={
            row.pop("refusal_id"): StoredRefusal(**row) for row in found("refusals").to_dicts()
        },
        growing={name: stored(name) for name in GROWING},
        panels=_panels(found("panels").to_dicts()),
        habitat_models={
            row["name"]: model_of_row(row) for row in stored(_HABITAT_MODEL).to_dicts()
        },
        declared={name: stored(name) for name in DECLARED},
        gene_sets=_gene_sets(arrow),
    )


def _panels(rows: list[dict[str, Any]]) -> dict[str, Panel]:
    genes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        genes[row["panel"]].add(row["hugo_symbol"])
    shared = {row["panel"] for row in rows if row["used_elsewhere"]}
    return {panel: Panel(frozenset(found), panel in shared) for panel, found in genes.items()}


def _gene_sets(arrow: ArrowQuery) -> dict[tuple[str, str, str], int]:
    columns = arrow(query_text("ingest/gene_sets")).to_pydict().values()
    return {
        (collection, version, gene_set): n_genes
        for collection, version, gene_set, n_genes in zip(*columns, strict=True)
    }


def last_batch(arrow: ArrowQuery, cohort_id: str) -> str | None:
    """Newest batch of a cohort, if it has any."""
    found = arrow(query_text("ingest/last_batch"), {"cohort_id": cohort_id}).to_pylist()
    return found[0]["batch_id"] if found else None
