"""Reading for a release: our queries at pinned versions of views, rows of a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from roentgene.queries.pinned import pinned_text, views_read
from roentgene.queries.registry import View, registry
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import (
    ExpressionBlock,
    GeneTarget,
    MutationBlock,
    ProgressionTarget,
    ReleaseSpec,
)
from roentgene.schemas.release_steps import StabilityStep
from roentgene.warehouse.releases.manifest import Manifest
from roentgene.warehouse.store import Warehouse

_BATCH_ROWS = 250_000


class PinnedReader:
    """Reads a warehouse at its snapshot, each view in the version that the release pins.

    Parameters
    ----------
    warehouse : Warehouse
        Opened to read, at the snapshot.
    views : mapping of str to View
        Version of each view by its full name.
    """

    def __init__(self, warehouse: Warehouse, views: Mapping[str, View]) -> None:
        self.warehouse = warehouse
        self.views = views

    def frame(self, query: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Rows of a query of ``queries/releases``.

        Raises
        ------
        FileError
            If the snapshot lacks a view in the version that is pinned.
        """
        rows = self._run(query, parameters).to_arrow_table()
        # a column without any value has no type of its own in Arrow, nor would it in polars
        return pl.from_arrow(rows)  # type: ignore[return-value]

    def batches(self, query: str, parameters: Mapping[str, Any]) -> Iterator[pa.RecordBatch]:
        """Rows of a query, streamed.

        DuckDB goes on while a batch is worked on, as far as its buffer reaches; with the one
        megabyte that it has by itself it mostly waits. The next batch is made meanwhile.
        """
        self.warehouse.connection.execute("SET streaming_buffer_size = '32MB'")
        rows = self._run(query, parameters).to_arrow_reader(_BATCH_ROWS)
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(next, rows, None)
            while (batch := coming.result()) is not None:
                coming = ahead.submit(next, rows, None)
                yield batch

    def _run(self, query: str, parameters: Mapping[str, Any] | None) -> duckdb.DuckDBPyConnection:
        text = pinned_text(f"releases/{query}", self.views)
        bound = dict(parameters) if parameters else None
        try:
            return self.warehouse.connection.execute(text, bound)
        except duckdb.CatalogException as error:
            msg = (
                f"snapshot {self.warehouse.snapshot_id} lacks something that the release reads: "
                f"{str(error).splitlines()[0]}"
            )
            raise FileError(msg, "Choose a later snapshot, or older view_versions") from error

    @contextmanager
    def registered(self, **tables: pl.DataFrame) -> Iterator[None]:
        """Let queries read tables that are given, for as long as the block lasts."""
        con = self.warehouse.connection
        for name, rows in tables.items():
            con.register(name, rows.to_arrow())
        try:
            yield
        finally:
            for name in tables:
                con.unregister(name)


def queries_of(spec: ReleaseSpec) -> tuple[str, ...]:
    """Name the queries that a release needs, for the versions of the views behind them."""
    needed = {"patients", "anchors"}
    if any(block.view == "patient_feature" for block in spec.features):
        needed |= {"measurement_places", "averaged_cells"}
    if any(block.view == "delta_radiomics" for block in spec.features):
        needed |= {"measurement_places", "delta_cells"}
    if any(isinstance(block, MutationBlock) for block in spec.genomic):
        needed.add("gene_status_cells")
    if any(isinstance(block, ExpressionBlock) for block in spec.genomic):
        needed.add("expression_cells")
    if isinstance(spec.target, GeneTarget):
        needed.add("gene_status_cells")
    if isinstance(spec.target, ProgressionTarget):
        needed.add("progressions")
    if any(isinstance(step, StabilityStep) and step.run for step in spec.prepare):
        needed.add("stored_stability")
    return tuple(f"releases/{name}" for name in sorted(needed))


def views_of(spec: ReleaseSpec, study_pins: Mapping[str, int]) -> dict[str, View]:
    """Give the views that a release reads: as its file pins them, else the study, else the newest.

    Raises
    ------
    FileError
        If a pin names a view or version that does not exist.
    """
    _refuse_unknown_pins(spec.view_versions)
    return views_read(queries_of(spec), {**study_pins, **spec.view_versions})


def _refuse_unknown_pins(pins: Mapping[str, int]) -> None:
    known: dict[str, list[int]] = {}
    for view in registry().views:
        for name in (view.full_name, view.full_name.split(".", 1)[1]):
            known.setdefault(name, []).append(view.version)
    for name, version in pins.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            cure = f"Did you mean {near[0]!r}?" if near else "'roentgene views list' names them"
            msg = f"view_versions: there is no view {name!r}"
            raise FileError(msg, cure)
        if version not in known[name]:
            msg = f"view_versions: view {name!r} has no version {version}"
            raise FileError(msg, f"It has {', '.join(map(str, sorted(known[name])))}")


def views_of_manifest(manifest: Manifest) -> dict[str, View]:
    """Give the views that a release read, in its versions; what they read goes with them.

    Raises
    ------
    FileError
        If this version of roentgene does not have one of them.
    """
    pins = {name.split(".", 1)[1]: view.version for name, view in manifest.views.items()}
    pinned = {view.full_name: view for view in registry().pinned(pins)}
    return {name: pinned[name] for name in manifest.views}
