"""A fitted model of habitats: plain data that is stored, hashed and carried to workers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from roentgene.schemas.canonical import canonical_json, text_hash

Normalisation = Literal["none", "region"]


@dataclass(frozen=True)
class HabitatModel:
    """Clusters of voxel values of several sequences.

    Parameters
    ----------
    name : str
        What the cohort file calls it.
    of : str
        Region whose voxels it divides.
    sequences : tuple of str
        Sequences whose values it looks at, in the order of the columns below.
    normalisation : {'none', 'region'}
        Whether each image's values were z-scored within the region first.
    means, deviations : tuple of float
        Mean and standard deviation of each sequence over all voxels that it was fitted on.
    centroids : tuple of tuple of float
        Centre of each cluster in z-scores, the cluster of the lowest first sequence in front.
    fitted_on : tuple of str
        Patients on whom it was fitted.
    n_voxels : int
        Voxels on which it was fitted.
    seed, n_starts : int
        Of the clustering.
    method : str
        How it was clustered.
    library_versions : str
        JSON of the libraries that did it.
    definition : str
        Hash of what the cohort file says of it.
    """

    name: str
    of: str
    sequences: tuple[str, ...]
    normalisation: Normalisation
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    centroids: tuple[tuple[float, ...], ...]
    fitted_on: tuple[str, ...]
    n_voxels: int
    seed: int
    n_starts: int
    method: str
    library_versions: str
    definition: str

    @property
    def model_id(self) -> str:
        """Name and hash of everything that decides to which habitat a voxel belongs."""
        deciding = (
            self.of,
            self.sequences,
            self.normalisation,
            self.means,
            self.deviations,
            self.centroids,
        )
        return f"{self.name}@{text_hash(canonical_json(deciding))[:8]}"

    def region(self, prefix: str, number: int) -> str:
        """Name of one of its habitats, counted from 1: that of another model has another."""
        return f"{prefix}_{self.model_id}_{number}"

    def regions(self, prefix: str) -> tuple[str, ...]:
        """Names of all its habitats, in their order."""
        return tuple(self.region(prefix, n) for n in range(1, len(self.centroids) + 1))

    def derivation(self, number: int) -> str:
        """How a habitat is made, in words."""
        looked_at = ", ".join(self.sequences)
        k = len(self.centroids)
        return f"habitat {number} of {k} of {self.of} by {looked_at}, model {self.model_id}"

    def row(self, cohort_id: str) -> dict[str, Any]:
        """Row of ``imaging.habitat_model``."""
        columns = asdict(self)
        scaling = {"means": self.means, "deviations": self.deviations}
        columns["region"] = columns.pop("of")
        del columns["means"], columns["deviations"]
        return {
            **columns,
            "cohort_id": cohort_id,
            "model_id": self.model_id,
            "k": len(self.centroids),
            "sequences": list(self.sequences),
            "fitted_on": list(self.fitted_on),
            "scaling": canonical_json(scaling),
            "centroids": canonical_json(self.centroids),
        }


def model_of_row(row: dict[str, Any]) -> HabitatModel:
    """Make the model of a row of ``imaging.habitat_model``; the opposite of ``row``."""
    scaling = json.loads(row["scaling"])
    return HabitatModel(
        name=row["name"],
        of=row["region"],
        sequences=tuple(row["sequences"]),
        normalisation=row["normalisation"],
        means=tuple(scaling["means"]),
        deviations=tuple(scaling["deviations"]),
        centroids=tuple(tuple(centre) for centre in json.loads(row["centroids"])),
        fitted_on=tuple(row["fitted_on"]),
        n_voxels=row["n_voxels"],
        seed=row["seed"],
        n_starts=row["n_starts"],
        method=row["method"],
        library_versions=row["library_versions"],
        definition=row["definition"],
    )
