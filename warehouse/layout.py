"""Where things lie in a warehouse folder, and how the folder is found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.study import STUDY_FILE, read_study

WAREHOUSE_VARIABLE = "ROENTGENE_WAREHOUSE"


@dataclass(frozen=True)
class Layout:
    """Paths of a warehouse; all derived from its root, so that it can be moved or copied whole."""

    root: Path

    @property
    def study(self) -> Path:
        """Settings of the study."""
        return self.root / STUDY_FILE

    @property
    def catalogue(self) -> Path:
        """DuckLake's catalogue."""
        return self.root / "catalog.sqlite"

    @property
    def hot_journal(self) -> Path:
        """Left behind by a writer that was killed inside its commit."""
        return self.root / "catalog.sqlite-journal"

    @property
    def writer_lock(self) -> Path:
        """Locked by the one process that writes."""
        return self.root / "writer.lock"

    @property
    def run_lock(self) -> Path:
        """Locked by the one run that takes in everything that is pending."""
        return self.root / "run.lock"

    @property
    def erasure(self) -> Path:
        """What says that an erasure is under way; it names nobody."""
        return self.root / "erasure.json"

    @property
    def data(self) -> Path:
        """Parquet files; never read without the catalogue."""
        return self.root / "data"

    @property
    def staging(self) -> Path:
        """Batches under way."""
        return self.root / "staging"

    @property
    def seals(self) -> Path:
        """What says that a delivery holds nothing new."""
        return self.staging / "seals"

    @property
    def catalogue_before_upgrade(self) -> Path:
        """The catalogue as it was before the last upgrade."""
        return self.staging / "before-upgrade" / "catalog.sqlite"

    @property
    def spill(self) -> Path:
        """Where a query goes that does not fit its memory."""
        return self.staging / "spill"

    @property
    def releases(self) -> Path:
        """Frozen data sets, a folder each."""
        return self.root / "releases"

    @property
    def published(self) -> Path:
        """The analyst's file."""
        return self.root / "published" / "analyst.duckdb"

    @property
    def reports(self) -> Path:
        """Gate reports."""
        return self.root / "reports"


def find_warehouse(folder: Path | None = None) -> Layout:
    """Find the warehouse that a command means.

    Parameters
    ----------
    folder : Path, optional
        The folder itself. Without it ``$ROENTGENE_WAREHOUSE`` is taken, then the nearest folder
        upward that holds a ``study.yaml``.

    Raises
    ------
    WarehouseError
        If there is none.
    """
    variable = os.environ.get(WAREHOUSE_VARIABLE)
    named = folder or (Path(variable) if variable else None)
    if named is not None:
        layout = Layout(named.resolve())
        if not layout.study.is_file() or not _has_catalogue(layout):
            msg = f"{named} is no warehouse: it lacks {STUDY_FILE} or catalog.sqlite"
            raise WarehouseError(msg, f"Make one with 'roentgene init {named}'")
        return layout
    here = Path.cwd()
    for candidate in (here, *here.parents):
        layout = Layout(candidate)
        if layout.study.is_file() and _has_catalogue(layout):
            return layout
    msg = "no warehouse here or in any folder above"
    raise WarehouseError(msg, f"Name one with -w DIR or ${WAREHOUSE_VARIABLE}")


def _has_catalogue(layout: Layout) -> bool:
    """Whether the catalogue lies in the folder, or ``study.yaml`` names a database for it."""
    if layout.catalogue.is_file():
        return True
    try:
        return read_study(layout.root).storage.catalog is not None
    except FileError:
        return False
