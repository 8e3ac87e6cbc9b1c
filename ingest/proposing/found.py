"""Sections of a cohort file on their way into a proposal, and what was met on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roentgene.ingest.proposing.label_regions import Labels
from roentgene.ingest.proposing.pairing import Paired
from roentgene.ingest.proposing.proposal import (
    Proposal,
    Section,
    counted,
    in_order,
    is_name,
    may_stand,
)

#: The visit where nothing says one.
BASELINE = "baseline"


@dataclass
class Found:
    """What pairs of image and mask patterns give together.

    Parameters
    ----------
    sections : list of Section
        Image sources.
    images, masks : set of Path
        Files of them.
    patients, visits : set of str
        As the files name them.
    sequences, drawn : dict of str to None
        Sequences and regions, in the order in which they were met.
    unions : dict of str to mapping
        Regions that are made of others, by name.
    guessed : dict of str to None
        What was guessed, one a line.
    left_out : list of str
        What is there and not in the file.
    """

    sections: list[Section] = field(default_factory=list)
    images: set[Path] = field(default_factory=set)
    masks: set[Path] = field(default_factory=set)
    patients: set[str] = field(default_factory=set)
    visits: set[str] = field(default_factory=set)
    sequences: dict[str, None] = field(default_factory=dict)
    drawn: dict[str, None] = field(default_factory=dict)
    unions: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    guessed: dict[str, None] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def add(self, keys: Mapping[str, Any], paired: Paired, labels: Labels) -> None:
        """Take an image source.

        Parameters
        ----------
        keys : mapping of str to object
            Its keys in the cohort file.
        paired : Paired
            What its patterns pair.
        labels : Labels
            Regions of its masks.
        """
        whose = counted(len(paired.patients), "patient")
        said = f"{whose}, {counted(len(paired.images), 'image')}"
        if paired.n_without_mask:
            said += f", {paired.n_without_mask:,} more without a mask (mask_missing)"
        self.sections.append(Section(keys, (said,)))
        self.images |= set(paired.images)
        self.masks |= set(paired.masks)
        self.patients |= paired.patients
        self.visits |= paired.values("timepoint")
        self.sequences |= dict.fromkeys(sorted(paired.values("sequence")))
        self.drawn |= dict.fromkeys(labels.shown)
        self.unions |= {str(union["region"]): union for union in labels.unions}
        self.guessed |= dict.fromkeys(labels.guessed)

    def proposal(
        self, recognised: str, *, title: str | None = None, license: str | None = None
    ) -> Proposal:
        """Make a proposal of everything.

        Parameters
        ----------
        recognised : str
            What the folder is taken for.
        title, license : str, optional
            What the folder says of itself.
        """
        timepoints = self._timepoints()
        sequences = self._writable(self.sequences, "sequence")
        drawn = self._writable(self.drawn, "region")
        return Proposal(
            recognised=recognised,
            images=tuple(self.sections),
            patient_ids=frozenset(self.patients),
            counts={
                "patients": len(self.patients),
                "images": len(self.images),
                "masks": len(self.masks),
            },
            title=title,
            license=license,
            timepoints=timepoints,
            regions=tuple(self.unions.values()),
            sequences=sequences,
            drawn=drawn,
            guessed=tuple(self.guessed),
            left_out=tuple(self.left_out),
        )

    def _writable(self, names: Iterable[str], what: str) -> tuple[str, ...]:
        """Keep the names that may be written; those that placeholders take may be anything."""
        found = tuple(names)
        kept = tuple(name for name in found if may_stand(name))
        if n := len(found) - len(kept):
            self.left_out.append(
                f"{counted(n, f'name of a {what}', f'names of {what}s')} that look like they hold "
                "a date or a number of somebody; rename them"
            )
        return kept

    def _timepoints(self) -> dict[str, Mapping[str, int]]:
        """Put the visits in the order of their names."""
        plain = {name for name in self.visits if may_stand(name) and is_name(name)}
        if n := len(self.visits) - len(plain):
            self.left_out.append(
                f"{counted(n, 'visit')} whose names look like dates, which never enter the "
                "warehouse, or have signs that no name may have; rename them. Until then they are "
                "refused (unknown_timepoint)"
            )
        names = in_order(plain - {BASELINE})
        if BASELINE in plain or not plain:
            names.insert(0, BASELINE)
        if len(names) > 1:
            self.guessed["visits: in the order of their names; their days are not known"] = None
        return {
            name: {"order": order} | ({"day": 0} if order == 0 else {})
            for order, name in enumerate(names)
        }
