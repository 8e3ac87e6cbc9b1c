"""Families of tests, and which features of a family count once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from roentgene.analyses.association.rank_correlation import duplicate_columns
from roentgene.analyses.association.ranks import Mask
from roentgene.analyses.constant import Floats
from roentgene.schemas.analyses.association import Association


def family_labels(spec: Association, prefix: str, columns: pa.Table) -> list[str]:
    """Family of each feature against one target block: its own of the file, or the default.

    The default is run x target block x region x profile: what a reader takes for one question.
    """
    if spec.family is not None:
        return [spec.family] * columns.num_rows
    pairs = zip(columns["region"].to_pylist(), columns["profile"].to_pylist(), strict=True)
    return [f"{spec.name}|{prefix}|{region}|{profile}" for region, profile in pairs]


def numbered(labels: Sequence[Sequence[str]]) -> tuple[list[str], list[NDArray[np.intp]]]:
    """Sorted distinct labels of all blocks, and their numbers block by block."""
    flat = np.asarray([label for block in labels for label in block])
    names, codes = np.unique(flat, return_inverse=True)
    ends = np.cumsum([len(block) for block in labels])[:-1]
    return names.tolist(), np.split(codes.astype(np.intp), ends)


def counted_before(
    values: Floats, columns: pa.Table, is_shape: Mask, family: NDArray[np.intp]
) -> Mask:
    """Features of a family that say what another one of it says.

    Parameters
    ----------
    values : ndarray, shape (persons, features)
        Features of the persons that are tested.
    columns : pyarrow.Table
        Keys of the features, one row each.
    is_shape : ndarray of bool, shape (features,)
        Shape belongs to the segmentation: under whatever profile it stands, it is one feature of
        what was drawn on a sequence. The one of most persons counts, of equal ones the first.
        Where one mask serves several sequences, its values are equal and count once for that;
        masks that were drawn on each are several.
    family : ndarray of int, shape (features,)
        Number of the family of each.
    """
    names = zip(
        *(columns[key].to_pylist() for key in ("region", "sequence", "feature")), strict=True
    )
    found: dict[tuple[int, str, str, str], list[int]] = {}
    for number, (region, sequence, feature) in enumerate(names):
        if is_shape[number]:
            found.setdefault((int(family[number]), region, sequence, feature), []).append(number)
    n_persons = np.isfinite(values).sum(axis=0)
    repeated = np.zeros(columns.num_rows, bool)
    for alike in found.values():
        best = max(alike, key=lambda number: (int(n_persons[number]), -number))
        repeated[[number for number in alike if number != best]] = True
    others = np.flatnonzero(~repeated)
    repeated[others] = duplicate_columns(values[:, others], family[others])
    return repeated
