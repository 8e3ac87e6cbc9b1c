"""What ``study.yaml`` says of an ingest that nobody watches: what it takes in, and in which order.

Paths start at the folder of the warehouse.
"""

from __future__ import annotations

from pydantic import Field, field_validator

from roentgene.schemas.declared import Declared


class ScheduledIngest(Declared):
    """What ``roentgene ingest run --pending`` takes in, in this order."""

    cohorts: tuple[str, ...] = ()
    """Cohort files, by their path from the folder of the warehouse or from the root."""
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
