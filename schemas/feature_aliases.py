"""Names of PyRadiomics' features through its versions: what each is called today, if anything.

A feature that was only renamed has today's name, so that an old table joins a fresh one. One whose
formula has changed since is another feature under the same name: it is kept apart.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal, NamedTuple

from roentgene.schemas.packaged import packaged_text
from roentgene.schemas.words import pyradiomics_features

_RELEASE = re.compile(r"\d+(?:\.\d+)*")
# a class of PyRadiomics that no vocabulary has words for: its shapes in two dimensions
_OTHER_CLASSES = frozenset({"shape2D"})

Release = tuple[int, ...]
Relation = Literal["renamed", "equal", "changed"]
_RELATIONS: Mapping[str, Relation] = {
    "renamed": "renamed",
    "equal": "equal",
    "changed": "changed",
}


@dataclass(frozen=True)
class NameRule:
    """What became of features of one name.

    Parameters
    ----------
    image_type, feature_class, name : str
        Features that it speaks of; ``*`` stands for anything.
    since, before : str or None
        First version that it holds for, and first one for which it no longer does.
    relation : {'renamed', 'equal', 'changed'}
        Whether the feature has another name today, is mathematically equal to one of today, or
        was computed otherwise.
    today : str or None
        Name of today, unless it was computed otherwise.
    source : str
        Where that is written: PyRadiomics' release notes, pull requests, code.
    """

    image_type: str
    feature_class: str
    name: str
    since: str | None
    before: str | None
    relation: Relation
    today: str | None
    source: str

    def speaks_of(self, parts: Sequence[str], version: Release) -> bool:
        """Whether it holds for a feature, given by its three parts, of a version."""
        patterns = (self.image_type, self.feature_class, self.name)
        return (
            all(fnmatchcase(part, pattern) for part, pattern in zip(parts, patterns, strict=True))
            and (self.since is None or version >= release(self.since))
            and (self.before is None or version < release(self.before))
        )


class TodaysName(NamedTuple):
    """A feature as it is called here.

    Parameters
    ----------
    feature : str
        Today's name; with ``@before-VERSION`` behind it where that name means something else now.
    known : bool
        Whether the vocabulary has a word for it.
    changed : NameRule or None
        Why it is kept apart.
    """

    feature: str
    known: bool
    changed: NameRule | None


def release(version: str) -> Release:
    """Numbers of a version; one without any counts as older than all.

    Examples
    --------
    >>> release("v3.0.1"), release("1.3.0.post59+g2e6d2c1"), release("unknown")
    ((3, 0, 1), (1, 3, 0), ())
    """
    found = _RELEASE.search(version)
    return tuple(int(number) for number in found[0].split(".")) if found else ()


def is_pyradiomics_name(feature: str) -> bool:
    """Whether a name has the form ``<image type>_<class>_<name>`` with a class of PyRadiomics.

    Examples
    --------
    >>> is_pyradiomics_name("original_shape_Volume"), is_pyradiomics_name("size_of_tumour")
    (True, False)
    """
    parts = feature.split("_")
    return len(parts) == 3 and all(parts) and parts[1] in _classes()


@cache
def name_rules() -> tuple[NameRule, ...]:
    """Every rule, as it is packaged."""
    rows = csv.DictReader(packaged_text("vocabulary", "pyradiomics_aliases.csv").splitlines())
    return tuple(
        NameRule(
            image_type=row["image_type"],
            feature_class=row["class"],
            name=row["name"],
            since=row["since"] or None,
            before=row["before"] or None,
            relation=_RELATIONS[row["relation"]],
            today=row["today"] or None,
            source=row["source"],
        )
        for row in rows
    )


@cache
def todays_name(feature: str, version: str) -> TodaysName:
    """Say what a feature of some version of PyRadiomics is called today.

    Of several changes since then the first one names the feature, so that what is kept apart
    under one name was computed in one way.

    Parameters
    ----------
    feature : str
        Name that PyRadiomics gave it.
    version : str
        Version of PyRadiomics. One without a number counts as the oldest.

    Examples
    --------
    >>> todays_name("original_shape_Volume", "1.3.0").feature
    'original_shape_VoxelVolume'
    >>> todays_name("original_shape_Sphericity", "1.3.0").feature
    'original_shape_Sphericity@before-2.1.0'
    >>> todays_name("original_shape_Sphericity", "v3.0.1").feature
    'original_shape_Sphericity'
    """
    parts = feature.split("_")
    if len(parts) != 3:
        return TodaysName(feature, known=False, changed=None)
    image_type, feature_class, name = parts
    found = release(version)
    for rule in name_rules():
        if rule.today is not None and rule.speaks_of(parts, found):
            name = rule.today
            break
    now = [image_type, feature_class, name]
    changes = [r for r in name_rules() if r.relation == "changed" and r.speaks_of(now, found)]
    if not changes:
        known = (feature_class, name) in pyradiomics_features()
        return TodaysName("_".join(now), known, changed=None)
    first = min(changes, key=lambda rule: release(rule.before or ""))
    return TodaysName(f"{'_'.join(now)}@before-{first.before}", known=False, changed=first)


@cache
def _classes() -> frozenset[str]:
    return frozenset(feature_class for feature_class, _ in pyradiomics_features()) | _OTHER_CLASSES
