"""The regions of a cohort file: what is made of what the masks show."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, FiniteFloat, model_validator

from roentgene.schemas.declared import Declared, Name


class FitOn(Declared):
    """Patients on whom a model of habitats is fitted."""

    patients: tuple[str, ...] = Field(min_length=1)
    """Their ids in the cohort."""


class Habitats(Declared):
    """Clusters of the values that the voxels of a region have in several sequences.

    The model is fitted once, stored in ``imaging.habitat_model``, and from then on applied as it
    is; to fit another one, give it another name.
    """

    of: Name
    """Region that is divided."""
    sequences: tuple[str, ...] = Field(min_length=1)
    """Sequences of the visit whose values decide, all on the grid of the region's mask."""
    k: int = Field(ge=2, le=20)
    """Number of habitats; they are numbered by the ascending mean of the first sequence."""
    model: Name
    """Name of the model."""
    fit_on: FitOn | Literal["all"] = "all"
    """Patients on whom it is fitted, or ``all`` who are there when that is done."""
    normalise: Literal["none", "region"] = "none"
    """Whether each image is z-scored within the region first: for MR, whose values have no unit."""
    seed: int = Field(default=0, ge=0)
    """From which the starts of the clustering are drawn."""
    starts: int = Field(default=10, ge=1, le=1000)
    """Number of starts, of which the best is taken."""

    @model_validator(mode="after")
    def _sequences_once(self) -> Habitats:
        if len(set(self.sequences)) != len(self.sequences):
            msg = "a sequence stands twice"
            raise ValueError(msg)
        return self


class Region(Declared):
    """A region made of others: where it begins, and what is then done, in the order of the keys.

    It begins as a ``union``, as an ``intersection`` or ``from`` one region; then come ``ring_mm``,
    ``within``, ``without`` and ``largest_component``. Where it begins stands in one mask; what it
    lies within or without may also stand in another mask of the visit, on the same grid.
    """

    region: Name
    """Name of the region, which no drawn one has."""
    union: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """Regions whose voxels it has together."""
    intersection: tuple[Name, ...] | None = Field(default=None, min_length=2)
    """Regions whose common voxels it has."""
    from_: Name | None = Field(default=None, alias="from")
    """Region that it is made from by the keys below."""
    ring_mm: tuple[FiniteFloat, FiniteFloat] | None = None
    """Not the region itself but a ring around it: where it begins and where it ends, in mm."""
    within: Name | None = None
    """Region that it does not leave: brain, lung. This one ends there, and that one stays."""
    without: tuple[Name, ...] = ()
    """Regions whose voxels are taken away from it."""
    largest_component: bool = False
    """Keep its largest piece alone; voxels that touch at a corner are one piece."""
    habitats: Habitats | None = None
    """Not one region but as many as there are habitats, ``REGION_MODEL@HASH_1`` and so on; goes
    with no other key but ``measure``.
    """
    measure: bool = True
    """Whether features of it are extracted; false for one that only others are made from, and
    the one key that may be said of a drawn region.
    """

    @model_validator(mode="after")
    def _one_rule(self) -> Region:
        begins = [given for given in (self.union, self.intersection, self.from_) if given]
        if self.habitats is not None:
            if begins or self.is_changed:
                msg = "habitats are of one region: leave the other keys out"
                raise ValueError(msg)
            return self
        if not begins and self.is_drawn and not self.measure:
            return self
        if len(begins) != 1 or (self.from_ is not None and not self.is_changed):
            msg = (
                "give either 'union: [A, B]', 'intersection: [A, B]', or 'from: A' with at least "
                "one of 'ring_mm: [inner, outer]', 'within: B', 'without: [C]' and "
                "'largest_component: true'"
            )
            raise ValueError(msg)
        if self.ring_mm is not None and not 0 <= self.ring_mm[0] < self.ring_mm[1]:
            msg = "ring_mm is [inner, outer] in millimetres with 0 <= inner < outer"
            raise ValueError(msg)
        return self

    @property
    def is_drawn(self) -> bool:
        """Whether nothing is said of how it is made, so that a mask must show it."""
        made = self.union or self.intersection or self.from_ or self.habitats
        return not (made or self.is_changed)

    @property
    def is_changed(self) -> bool:
        """Whether anything is done to what it begins with."""
        return bool(
            self.ring_mm is not None or self.within or self.without or self.largest_component
        )

    @property
    def parts(self) -> tuple[str, ...]:
        """Regions it begins with, which stand in one mask."""
        begins = self.habitats.of if self.habitats else self.from_
        return self.union or self.intersection or ((begins,) if begins else ())

    @property
    def limits(self) -> tuple[str, ...]:
        """Regions that it lies within or without, which may stand in another mask."""
        return (*((self.within,) if self.within else ()), *self.without)
