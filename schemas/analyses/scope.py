"""What every analysis file says: the name of the question, the population, the features."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from roentgene.schemas.declared import Declared, Name


def as_set(names: tuple[str, ...]) -> tuple[str, ...]:
    """Sort names; order and repetition mean nothing, so files that ask the same are one run."""
    return tuple(sorted(set(names)))


Names = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(as_set)]
AllOrNames: TypeAlias = Literal["all"] | Names


class Scope(Declared):
    """Which population and which features; a filter that is left out lets everything in."""

    name: Name
    """Name of the question; the newest run of a name is the current one."""
    cohort_id: str
    """Cohort that is looked at."""
    regions: Names | None = None
    """Regions that are looked at."""
    sequences: Names | None = None
    """Sequences that are looked at."""
    profiles: Names | None = None
    """Profiles that are looked at."""
    features: Names | None = None
    """Features that are looked at, by their whole names."""

    @property
    def cohorts(self) -> tuple[str, ...]:
        """Cohorts whose data the answer depends on."""
        return (self.cohort_id,)

    @property
    def runs_read(self) -> tuple[str, ...]:
        """Names of earlier analyses whose results the answer depends on."""
        return ()

    @property
    def collections_read(self) -> tuple[str, ...]:
        """Collections of gene sets that the answer depends on; they belong to no cohort."""
        return ()
