"""An image and a mask that belong together, as the files name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: Placeholders of patterns, columns of manifests, keys of an image source.
FIELDS = (
    "patient_id",
    "timepoint",
    "sequence",
    "rater_id",
    "lesion_id",
    "repeat_no",
    "region",
    "volume_index",
)
#: What a mask was drawn for: one volume of a sequence, all of the sequence, all of the visit.
MaskOf = Literal["volume", "sequence", "visit"]
#: What a field is where neither file nor cohort file says it.
DEFAULTS = {"rater_id": "1", "lesion_id": "1", "repeat_no": "1"}


@dataclass(frozen=True)
class Pair:
    """An image and a mask on its grid, or an image alone.

    Parameters
    ----------
    image, mask : Path
        Files.
    fields : mapping of str to str
        Values of :data:`FIELDS`.
    mask_of : {'volume', 'sequence', 'visit'}
        Whether the mask was drawn for this volume alone, for this sequence, or serves all of the
        visit.
    listed_in : str or None
        Manifest that names the pair.
    row_number : int or None
        Its line there, the header being line 1.
    """

    image: Path
    mask: Path
    fields: Mapping[str, str]
    mask_of: MaskOf
    listed_in: str | None = None
    row_number: int | None = None
