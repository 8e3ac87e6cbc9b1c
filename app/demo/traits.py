"""Who the patients of the synthetic study are: hidden traits that images and genes are made from.

Everything random comes from a stream of its own under the seed, so that one part can change, or
patients be made in another order, and the rest stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


class Stream(IntEnum):
    """What a stream of random numbers is for; its number must never change."""

    TRAITS = 0
    EXPRESSION = 1
    MUTATION = 2
    CLINICAL = 3
    VISITS = 4
    IMAGES = 5


def random_stream(seed: int, stream: Stream, *index: int) -> np.random.Generator:
    """Random numbers for one purpose, and for one patient where an index is given."""
    key = (int(stream), *index)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


@dataclass(frozen=True)
class Traits:
    """What is true of the patients, and what no file of the study says.

    ``texture_length``, ``heterogeneity`` and ``size`` are standard normal and independent of each
    other: the correlation length of the tumour's texture, its amplitude, and its volume.
    ``responder`` tells whose tumour shrinks and grows homogeneous. Arrays have one element a
    patient.
    """

    patient_ids: tuple[str, ...]
    texture_length: Floats
    heterogeneity: Floats
    size: Floats
    responder: Flags

    def __len__(self) -> int:
        """Count the patients."""
        return len(self.patient_ids)


def draw_traits(seed: int, patients: int) -> Traits:
    """Draw the patients.

    Parameters
    ----------
    seed : int
        Seed of the study.
    patients : int
        How many; the first half of a random order responds.
    """
    rng = random_stream(seed, Stream.TRAITS)
    normal = rng.standard_normal((3, patients))
    return Traits(
        patient_ids=tuple(f"DEMO-{number:03d}" for number in range(1, patients + 1)),
        texture_length=normal[0],
        heterogeneity=normal[1],
        size=normal[2],
        responder=rng.permutation(patients) < patients // 2,
    )
