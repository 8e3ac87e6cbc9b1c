"""Which regions the values of masks stand for: a numbering, a table, or names to fill in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from roentgene.ingest.proposing.mask_content import N_LOOKED_INTO
from roentgene.schemas.label_schemes import label_schemes

_SINGLE = "ROI"
_UNTIL_2022, _SINCE_2023 = "brats_1_2_4", "brats_1_2_3"
_ENHANCING = {_UNTIL_2022: 4, _SINCE_2023: 3}
_CAVITY = "RC"


@dataclass(frozen=True)
class Labels:
    """Regions of the values of masks.

    Parameters
    ----------
    regions : mapping of int to str
        Region of each value.
    scheme : str or None
        The numbering that says so, of those that come with roentgene.
    unions : tuple of mapping
        Regions that are made of them and come with no numbering.
    guessed : tuple of str
        What a person must look at.
    """

    regions: Mapping[int, str]
    scheme: str | None = None
    unions: tuple[Mapping[str, Any], ...] = ()
    guessed: tuple[str, ...] = ()

    @property
    def declared(self) -> dict[int, str] | str:
        """What a cohort file has under ``labels``."""
        return self.scheme or dict(self.regions)

    @property
    def shown(self) -> tuple[str, ...]:
        """All regions, drawn and made."""
        derived = label_schemes()[self.scheme].derived if self.scheme else ()
        return (*self.regions.values(), *derived, *(str(one["region"]) for one in self.unions))


def glioma_labels(values: Collection[int], *, since_2023: bool = False) -> Labels:
    """Name the labels of BraTS, in whichever of its numberings they are.

    Until 2022 enhancing tumour was 4, and 3 was not used; since 2023 it is 3, and from 2024 on 4
    may be the cavity that a resection left.

    Parameters
    ----------
    values : collection of int
        Values that a few masks hold.
    since_2023 : bool
        Which numbering to guess where neither 3 nor 4 stands in them.

    Examples
    --------
    >>> glioma_labels({1, 2, 4}).declared, glioma_labels({1, 2, 3}).declared
    ('brats_1_2_4', 'brats_1_2_3')
    >>> glioma_labels({1, 2, 3, 4}).declared
    {1: 'NCR', 2: 'ED', 3: 'ET', 4: 'RC'}
    """
    looked = f"in up to {N_LOOKED_INTO} masks that were looked into"
    if 3 in values and 4 in values:
        scheme = label_schemes()[_SINCE_2023]
        told = f"labels: 3 is enhancing tumour and 4 a resection cavity ({_CAVITY}), as both stand"
        unions = tuple(
            {"region": region, "union": list(parts)} for region, parts in scheme.derived.items()
        )
        return Labels({**scheme.labels, 4: _CAVITY}, None, unions, (f"{told} {looked}",))
    if 3 in values or 4 in values:
        name = _SINCE_2023 if 3 in values else _UNTIL_2022
        told = f"labels: enhancing tumour is {_ENHANCING[name]}, as it stands {looked}"
    else:
        name = _SINCE_2023 if since_2023 else _UNTIL_2022
        told = (
            f"labels: neither 3 nor 4 stands {looked}; enhancing tumour is 4 in data sets until "
            "2022 and 3 in those since 2023, so look which it is here"
        )
    return Labels(label_schemes()[name].labels, name, (), (told,))


def is_glioma_numbering(values: Collection[int]) -> bool:
    """Whether values are those of BraTS until 2022, which nothing else is known to use.

    Examples
    --------
    >>> is_glioma_numbering({1, 2, 4}), is_glioma_numbering({1, 2, 3})
    (True, False)
    """
    return set(values) == {1, 2, 4}


def labels_of(values: Collection[int], known: Mapping[int, str] | None = None) -> Labels:
    """Name the values of masks, as far as anything says what they are.

    Parameters
    ----------
    values : collection of int
        Values that a few masks hold.
    known : mapping of int to str, optional
        Names that a table of labels gives.
    """
    if known:
        nameless = sorted(set(values) - set(known))
        told = f"labels: no table names {_listed(nameless)}, which stand in masks"
        regions = {**known, **{value: f"label_{value}" for value in nameless}}
        return Labels(dict(sorted(regions.items())), guessed=(told,) if nameless else ())
    if is_glioma_numbering(values):
        named = glioma_labels(values)
        told = "labels: 1, 2 and 4 are taken for the NCR, ED and ET of BraTS"
        return replace(named, guessed=(told,))
    if len(values) <= 1:
        value = next(iter(values), 1)
        told = f"labels: nothing says what label {value} shows; write its name for {_SINGLE}"
        return Labels({value: _SINGLE}, guessed=(told,))
    told = "labels: nothing says what they show; write the names of the regions for label_1 …"
    return Labels({value: f"label_{value}" for value in sorted(values)}, guessed=(told,))


def _listed(values: Collection[int]) -> str:
    return ", ".join(map(str, values))
