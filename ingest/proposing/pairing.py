"""Whether an image pattern and a mask pattern belong together: what they pair, on which grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.proposing.mask_content import lie_on_one_grid
from roentgene.ingest.sources.pair import Pair
from roentgene.ingest.sources.pattern import find_pairs
from roentgene.schemas.errors import FileError


@dataclass(frozen=True)
class Paired:
    """What two patterns pair.

    Parameters
    ----------
    pairs : tuple of Pair
        Images with masks; no image is one of the masks.
    n_without_mask, n_without_image : int
        Images and masks that stand alone.
    fits : bool
        Whether image and mask lie on one grid, in at least one of a few pairs.
    """

    pairs: tuple[Pair, ...]
    n_without_mask: int = 0
    n_without_image: int = 0
    fits: bool = False

    @property
    def patients(self) -> frozenset[str]:
        """Patients of the pairs, as the files call them."""
        return frozenset(pair.fields["patient_id"] for pair in self.pairs)

    def values(self, field: str) -> frozenset[str]:
        """Values of a field of the pairs."""
        return frozenset(pair.fields[field] for pair in self.pairs if field in pair.fields)

    @property
    def masks(self) -> tuple[Path, ...]:
        """Masks of the pairs, each once."""
        return tuple(dict.fromkeys(pair.mask for pair in self.pairs))

    @property
    def images(self) -> tuple[Path, ...]:
        """Images of the pairs, each once."""
        return tuple(dict.fromkeys(pair.image for pair in self.pairs))


def pair_up(root: Path, image: str, mask: str, constants: Mapping[str, str]) -> Paired:
    """Pair the files of two patterns, as the cohort file will.

    Parameters
    ----------
    root : Path
        Folder that the patterns start from.
    image, mask : str
        The patterns.
    constants : mapping of str to str
        Fields that the cohort file will state.
    """
    try:
        found = find_pairs(root, image, mask, {"timepoint": "baseline", **constants})
    except FileError:
        # no image matches, or nothing names the patient: they do not belong together
        return Paired(())
    masks = {pair.mask for pair in found.kept}
    pairs = tuple(pair for pair in found.kept if pair.image not in masks)
    alone = [refusal.reason_code for refusal in found.refused]
    names = {str(path.relative_to(root)) for path in masks}
    n_without_mask = sum(
        refusal.reason_code == "mask_missing" and refusal.file_path not in names
        for refusal in found.refused
    )
    fits = lie_on_one_grid([(pair.image, pair.mask) for pair in pairs])
    return Paired(pairs, n_without_mask, alone.count("mask_without_image"), fits)
