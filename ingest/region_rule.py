"""How a region is made: a tree of operations whose leaves are the values of a mask.

Plain data, so that a plan can hash it, a pool can carry it, and a worker can carry it out without
knowing the cohort file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from roentgene.ingest.perturbation import Perturbation

#: ``labels`` and ``elsewhere`` are leaves; ``without`` takes all that follow from the first.
Operation = Literal[
    "labels",
    "elsewhere",
    "union",
    "intersection",
    "without",
    "ring",
    "largest_component",
    "habitat",
    "perturbed",
]


@dataclass(frozen=True)
class Rule:
    """An operation with what it is done to.

    Parameters
    ----------
    operation : str
        What is done.
    of : tuple of Rule
        To which regions: one for a ring and for the largest component, none for a leaf.
    labels : tuple of int
        For ``labels``: mask values, in their order; none for every value but 0.
    known : tuple of int or None
        For ``labels``: all values beside 0 that the mask may have; None for any.
    ring_mm : tuple of float or None
        For ``ring``: where it begins and where it ends, in millimetres.
    region : str or None
        For ``elsewhere``: name of the region in another mask of the visit; for ``habitat``: the
        model.
    number : int or None
        For ``habitat``: which of the model's, from 1 on.
    perturbation : Perturbation or None
        For ``perturbed``: what is done to the region.
    """

    operation: Operation
    of: tuple[Rule, ...] = ()
    labels: tuple[int, ...] = ()
    known: tuple[int, ...] | None = None
    ring_mm: tuple[float, float] | None = None
    region: str | None = None
    number: int | None = None
    perturbation: Perturbation | None = None

    @property
    def content(self) -> list[Any]:
        """The same as lists, numbers and words, from which a hash is made.

        Examples
        --------
        >>> core = Rule("labels", labels=(1, 4))
        >>> Rule("ring", (core,), ring_mm=(0, 5)).content
        ['ring', [0.0, 5.0], ['labels', [1, 4]]]
        """
        said: list[Any] = [self.operation]
        if self.operation == "labels":
            said.append(list(self.labels))
            said += [] if self.known is None else [list(self.known)]
        if self.ring_mm is not None:
            # 5 and 5.0 are one ring
            said.append([float(limit) for limit in self.ring_mm])
        said += [one for one in (self.region, self.number) if one is not None]
        said += [] if self.perturbation is None else [self.perturbation.content]
        return [*said, *(part.content for part in self.of)]

    @property
    def read_labels(self) -> tuple[int, ...]:
        """Mask values that it is made from; empty for every value but 0."""
        leaves = [leaf.labels for leaf in self.leaves() if leaf.operation == "labels"]
        return tuple(sorted({value for leaf in leaves for value in leaf})) if all(leaves) else ()

    @property
    def known_labels(self) -> tuple[int, ...] | None:
        """Values beside 0 that its mask may have; None for any."""
        return next((leaf.known for leaf in self.leaves() if leaf.known is not None), None)

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Regions that it takes from other masks, each once."""
        named = [leaf.region for leaf in self.leaves() if leaf.region is not None]
        return tuple(dict.fromkeys(named))

    def leaves(self) -> Iterator[Rule]:
        """Give the leaves of the tree."""
        if not self.of:
            yield self
        for part in self.of:
            yield from part.leaves()


def united(parts: Sequence[Rule]) -> Rule:
    """Unite regions; values of one mask become one leaf, in whatever order they are named.

    Examples
    --------
    >>> united([Rule("labels", labels=(4,)), Rule("labels", labels=(1,))]).labels
    (1, 4)
    """
    if any(part.operation != "labels" for part in parts):
        return parts[0] if len(parts) == 1 else Rule("union", tuple(parts))
    # every value but 0 has all others in it
    every = any(not part.labels for part in parts)
    labels = () if every else tuple(sorted({value for part in parts for value in part.labels}))
    return Rule("labels", labels=labels, known=parts[0].known)
