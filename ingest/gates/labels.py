"""The gate of a mask's values: label maps go in, images and scaled masks that pass for one do not.

Whoever exports a mask as an image gives it 255 for 1, or 0.00392 for 1; whoever confuses two
files gives an image for a mask. Neither fails by itself: the regions would be absent, or hold
whatever voxels have the right value by chance.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.gates.image import Place
from roentgene.ingest.refusal import Refusal

#: What the column ``label`` of ``imaging.mask_label`` can hold.
LARGEST_LABEL = 2**31 - 1

_COUNTED_DIRECTLY = 1 << 16
_SHOWN = 8
# the values of an 8-bit mask that was scaled to the range from 0 to 1
_SCALE = 255
_ROUNDED = 0.15


def check_labels(values: NDArray[Any], place: Place) -> Refusal | None:
    """Refuse a mask with values that are no labels.

    Gives ``non_integer_labels`` or ``labels_out_of_range``.

    Parameters
    ----------
    values : ndarray
        Mask values; those of the background may be left out.
    place : Place
        What is looked at.
    """
    if values.dtype.kind == "f":
        broken = values[~(np.isfinite(values) & (values == np.rint(values)))]
        if broken.size:
            detail = f"{broken.size} voxels hold values such as {float(broken[0]):.6g}"
            return place.refuse("non_integer_labels", f"{detail}{_hint(values)}")
    if not values.size:
        return None
    low, high = int(values.min()), int(values.max())
    if low >= 0 and high <= LARGEST_LABEL:
        return None
    return place.refuse("labels_out_of_range", f"its values range from {low} to {high}")


def label_inventory(values: NDArray[Any], n_voxels: int) -> dict[int, int]:
    """Count the voxels of each value of a mask.

    Parameters
    ----------
    values : ndarray
        Mask values that :func:`check_labels` let pass; background may be left out.
    n_voxels : int
        Voxels of the whole mask: what is not among ``values`` is background.

    Returns
    -------
    dict of int to int
        Voxels by value, in the order of the values.

    Examples
    --------
    >>> label_inventory(np.array([0, 2, 2], dtype=np.uint8), 10)
    {0: 8, 2: 2}
    """
    whole = values.ravel() if values.dtype.kind in "iub" else values.ravel().astype(np.int64)
    if whole.size and whole.max() < _COUNTED_DIRECTLY:
        counts = np.bincount(whole)
        labels = np.flatnonzero(counts)
        counts = counts[labels]
    else:
        labels, counts = np.unique(whole, return_counts=True)
    found = dict(zip(labels.tolist(), counts.tolist(), strict=True))
    background = found.pop(0, 0) + n_voxels - whole.size
    return {0: background, **found} if background else found


def check_inventory(inventory: Mapping[int, int], max_labels: int, place: Place) -> Refusal | None:
    """Refuse a mask with more different values than labels have (``too_many_labels``).

    Parameters
    ----------
    inventory : mapping of int to int
        Voxels of each value.
    max_labels : int
        How many values beside 0 there may be.
    place : Place
        What is looked at.
    """
    n_labels = len(inventory.keys() - {0})
    if n_labels <= max_labels:
        return None
    detail = f"{n_labels} values beside 0 where gates.max_labels is {max_labels}"
    return place.refuse("too_many_labels", detail)


def label_warning(
    inventory: Mapping[int, int], used: Collection[int] | None, place: Place
) -> Refusal | None:
    """Warn of a mask without any region, or with values that no region has.

    Gives ``empty_mask`` or ``unexpected_labels``, both warnings.

    Parameters
    ----------
    inventory : mapping of int to int
        Voxels of each value.
    used : collection of int or None
        Values that belong to a region; None where every value but 0 does.
    place : Place
        What is looked at.
    """
    labels = inventory.keys() - {0}
    if not labels:
        return place.refuse("empty_mask", f"all {inventory.get(0, 0)} voxels are 0")
    if used is None:
        return None
    unused = sorted(labels - set(used))
    if not unused:
        return None
    shown = ", ".join(f"{label} ({inventory[label]} voxels)" for label in unused[:_SHOWN])
    more = f" and {len(unused) - _SHOWN} further" if len(unused) > _SHOWN else ""
    detail = f"no region has the values {shown}{more}; regions have {_words(used)}"
    if not labels & set(used):
        detail += ", of which it holds none"
    return place.refuse("unexpected_labels", detail)


def _words(labels: Collection[int]) -> str:
    return ", ".join(map(str, sorted(labels)))


def _hint(values: NDArray[Any]) -> str:
    """Say so if an 8-bit mask was scaled to the range from 0 to 1."""
    scaled = values.astype(np.float64) * _SCALE
    if not np.isfinite(scaled).all() or scaled.min() < 0 or scaled.max() > _SCALE + 1:
        return ""
    labels = np.rint(scaled)
    # such masks are saved as 0.00392 too, and 255 times that is 0.9996
    if np.abs(scaled - labels).max() > _ROUNDED:
        return ""
    shown = _words([int(label) for label in np.unique(labels) if label][:_SHOWN])
    return f", as a mask scaled to the range from 0 to 1 does; times {_SCALE} they are {shown}"
