"""What ``study.yaml`` says of an ingest that nobody watches: what it takes in, and in which order.

Paths start at the folder of the warehouse.
"""

from __future__ import annotations

from pydantic import Field, field_validator

from roentgene.schemas.declared import Declared


class WatchedFolder(Declared):
    """A folder into which deliveries come, each a folder of its own with a manifest in it."""

    folder: str
    """The folder; its deliveries are taken in in the order of their names."""
    cohort: str
    """Cohort file for all of them; its own paths start at the folder of the delivery."""
    manifest: str = Field(default="SHA256SUMS", pattern=r"^[^/]+$")
    """File of a delivery that lists all others as ``sha256sum`` does."""
    quiet_minutes: int = Field(default=5, ge=0)
    """Minutes for which nothing in a delivery may have changed before it is looked at."""


class ScheduledIngest(Declared):
    """What ``roentgene ingest run --pending`` takes in, in this order."""

    cohorts: tuple[str, ...] = ()
    """Cohort files, by their path from the folder of the warehouse or from the root."""
    watch: tuple[WatchedFolder, ...] = ()
    """Folders into which deliveries come; looked at after the cohort files."""
    logs: str | None = "logs"
    """Folder for the logs of these runs, a file each; null for none."""
    keep_logs: int = Field(default=400, ge=1)
    """Logs that are kept in that folder; the oldest go first."""

    @field_validator("cohorts")
    @classmethod
    def _each_once(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({one for one in given if given.count(one) > 1})
        if twice:
            msg = f"{twice[0]} stands twice"
            raise ValueError(msg)
        return given
