"""Several volumes in one series: echoes, b-values, points of time, told apart by a tag."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from itertools import combinations

import numpy as np

from roentgene.ingest.sources.dicom.header import Header
from roentgene.ingest.sources.dicom.plane import Splitting
from roentgene.ingest.sources.dicom.stacking import SAME_POSITION_MM, directions

# more tags than these together tell slices apart, and no longer volumes
_MOST_TAGS = 3

_Key = tuple[object, ...]


def split(headers: Sequence[Header]) -> dict[str, list[Header]] | None:
    """Tell the volumes of a series apart whose slices stand in the same places.

    One tag is looked for whose values part the slices into volumes that each have every place
    exactly once; if there is none, two tags together, then three. A tag that would leave a
    volume incomplete does not count.

    Parameters
    ----------
    headers : sequence of Header
        Slices of one orientation, each with a position.

    Returns
    -------
    dict of str to list of Header, or None
        The volumes in the order of the tag's values, each under what tells it, such as
        ``diffusion_b_value=1000``; None if no tag parts them cleanly.
    """
    places = _places(headers)
    n_places = max(places) + 1
    tags = [
        tag.name
        for tag in fields(Splitting)
        if len({getattr(header.splitting, tag.name) for header in headers}) > 1
    ]
    for n_tags in range(1, _MOST_TAGS + 1):
        for chosen in combinations(tags, n_tags):
            volumes: defaultdict[_Key, list[int]] = defaultdict(list)
            for index, header in enumerate(headers):
                key = tuple(getattr(header.splitting, tag) for tag in chosen)
                volumes[key].append(index)
            if all(
                len(volume) == n_places == len({places[index] for index in volume})
                for volume in volumes.values()
            ):
                return {
                    _label(chosen, key): [headers[index] for index in volumes[key]]
                    for key in sorted(volumes, key=_in_order)
                }
    return None


def _places(headers: Sequence[Header]) -> list[int]:
    """Count the places along the normal, and say which one each slice stands in."""
    normal = directions(headers[0].planes[0])[2]
    along = np.array([header.image_position for header in headers], dtype=np.float64) @ normal
    order = np.argsort(along, kind="stable")
    numbers = np.zeros(len(headers), dtype=int)
    numbers[order[1:]] = np.cumsum(np.diff(along[order]) > SAME_POSITION_MM)
    return [int(number) for number in numbers]


def _in_order(key: _Key) -> list[tuple[bool, object]]:
    # what has no value comes first, for None cannot be compared
    return [(value is not None, value) for value in key]


def _label(tags: Sequence[str], key: _Key) -> str:
    return ", ".join(f"{tag}={_as_text(value)}" for tag, value in zip(tags, key, strict=True))


def _as_text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return "\\".join(value) if isinstance(value, tuple) else "none"
