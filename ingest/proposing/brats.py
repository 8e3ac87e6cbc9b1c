"""BraTS folders: one a patient or a visit, with four sequences and the labels of the tumour."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from roentgene.ingest.proposing.label_regions import Labels, glioma_labels
from roentgene.ingest.proposing.listing import Listing
from roentgene.ingest.proposing.mask_content import labels_in
from roentgene.ingest.proposing.pairing import Paired, pair_up
from roentgene.ingest.proposing.proposal import Proposal, Section, counted, in_order, may_stand

_MASK = "seg"
# sequences by the names of each time, the one on which tumours are measured first
_UNTIL_2022 = ("t1ce", "t1", "t2", "flair")
_SINCE_2023 = ("t1c", "t1n", "t2w", "t2f")
_OLD = re.compile(
    rf"(?P<above>(?:[^/]+/)*)(?P<case>brats[^/]*)/(?P=case)_(?P<shows>{'|'.join(_UNTIL_2022)}|{_MASK})"
    r"(?P<suffix>\.nii(?:\.gz)?)",
    re.IGNORECASE,
)
_NEW = re.compile(
    r"(?P<above>(?:[^/]+/)*)(?P<first>BraTS-[A-Za-z]+(?:-[A-Za-z]+)*-)(?P<number>[0-9]+)-(?P<visit>[0-9]{3})"
    rf"/(?P=first)(?P=number)-(?P=visit)-(?P<shows>{'|'.join(_SINCE_2023)}|{_MASK})"
    r"(?P<suffix>\.nii(?:\.gz)?)",
)


@dataclass(frozen=True)
class _Layout:
    """Folders that one pair of patterns finds."""

    above: str
    first: str | None
    suffix: str

    @property
    def folder_and_start(self) -> str:
        if self.first is None:
            return f"{self.above}{{patient_id}}/{{patient_id}}_"
        case = f"{self.first}{{patient_id}}-{{timepoint}}"
        return f"{self.above}{case}/{case}-"

    @property
    def keys(self) -> dict[str, Any]:
        start = self.folder_and_start
        return {
            "pattern": f"{start}{{sequence}}{self.suffix}",
            "mask": f"{start}{_MASK}{self.suffix}",
        }


def propose_brats(listing: Listing) -> Proposal | None:
    """Recognise folders of the BraTS challenges, by both of their ways to name files.

    Until 2022 a folder is a patient (``BraTS2021_00001/BraTS2021_00001_t1ce.nii.gz``); since 2023
    it is a patient at a visit (``BraTS-GLI-00001-000/BraTS-GLI-00001-000-t1c.nii.gz``).

    Parameters
    ----------
    listing : Listing
        What stands in the folder.

    Returns
    -------
    Proposal or None
        None where no file is named so.
    """
    files, unknown = _by_layout(listing)
    found: dict[_Layout, Paired] = {}
    for layout in files:
        keys = layout.keys
        found[layout] = pair_up(listing.root, keys["pattern"], keys["mask"], {})
    found = {layout: paired for layout, paired in found.items() if paired.pairs}
    if not found:
        return None
    masks = sorted({mask for paired in found.values() for mask in paired.masks})
    since_2023 = all(layout.first is not None for layout in found)
    labels = glioma_labels(labels_in(masks), since_2023=since_2023)
    return _proposal(found, labels, _told_left_out(found, unknown))


def _by_layout(listing: Listing) -> tuple[dict[_Layout, int], int]:
    files: dict[_Layout, int] = defaultdict(int)
    n_unknown = 0
    for name in listing.volumes:
        matched = _NEW.fullmatch(name) or _OLD.fullmatch(name)
        if matched is None or not may_stand(matched["above"]):
            n_unknown += 1
            continue
        first = matched.groupdict().get("first")
        files[_Layout(matched["above"], first, matched["suffix"])] += 1
    return files, n_unknown


def _proposal(found: Mapping[_Layout, Paired], labels: Labels, left_out: list[str]) -> Proposal:
    visits = frozenset[str]().union(*(p.values("timepoint") for p in _with_visits(found)))
    images = tuple(_section(layout, paired, labels) for layout, paired in found.items())
    everything = list(found.values())
    guessed = list(labels.guessed)
    timepoints: dict[str, dict[str, int]] = {}
    if visits:
        timepoints = {name: {"order": order} for order, name in enumerate(in_order(visits))}
        guessed.append(
            f"visits: the last three digits of a folder, {len(visits)} different ones; their days "
            "are not known"
        )
    if any(layout.first is None for layout in found):
        timepoints = {"baseline": {"order": 0, "day": 0}} | {
            name: {"order": order + 1} for order, name in enumerate(timepoints)
        }
    patients = frozenset(
        f"{layout.first or ''}{patient}" for layout, p in found.items() for patient in p.patients
    )
    names = frozenset[str]().union(*(paired.values("sequence") for paired in everything))
    return Proposal(
        recognised=" and ".join(sorted({_said(layout) for layout in found})),
        images=images,
        patient_ids=patients,
        counts={
            "patients": len(patients),
            "images": sum(len(paired.images) for paired in everything),
            "masks": sum(len(paired.masks) for paired in everything),
        },
        timepoints={} if list(timepoints) == ["baseline"] else timepoints,
        regions=labels.unions,
        sequences=tuple(_known(names)),
        drawn=labels.shown,
        guessed=tuple(guessed),
        left_out=tuple(left_out),
    )


def _known(names: Collection[str]) -> list[str]:
    """Sequences of the challenges, in their order and as the files spell them."""
    known = (*_UNTIL_2022, *_SINCE_2023)
    return [name for one in known for name in sorted(names) if name.casefold() == one]


def _with_visits(found: Mapping[_Layout, Paired]) -> Iterator[Paired]:
    return (paired for layout, paired in found.items() if layout.first is not None)


def _said(layout: _Layout) -> str:
    when = "until 2022" if layout.first is None else "since 2023"
    return f"BraTS folders, named as {when}"


def _section(layout: _Layout, paired: Paired, labels: Labels) -> Section:
    keys = layout.keys
    sequences = _known(paired.values("sequence"))
    if layout.first is None:
        keys["timepoint"] = "baseline"
    else:
        # the files have only the number of a patient, the published id is longer
        keys["normalise"] = [{"add_prefix": layout.first}]
    keys |= {"modality": dict.fromkeys(sequences, "MR"), "labels": labels.declared}
    whose, n_masks = counted(len(paired.patients), "patient"), len(paired.masks)
    return Section(
        keys, (f"{whose}, {counted(len(paired.images), 'image')}, {counted(n_masks, 'mask')}",)
    )


def _told_left_out(found: Mapping[_Layout, Paired], n_unknown: int) -> list[str]:
    alone = sum(paired.n_without_mask for paired in found.values())
    left_out = []
    if alone:
        left_out.append(f"{counted(alone, 'image')} without a mask, to be refused (mask_missing)")
    n_others = sum(
        len({pair.image for pair in paired.pairs if pair.fields["sequence"] not in known})
        for paired in found.values()
        for known in [_known(paired.values("sequence"))]
    )
    if n_others:
        told = "whose sequence is none of the challenge, to be refused (unknown_sequence)"
        left_out.append(f"{counted(n_others, 'image')} {told}")
    if n_unknown:
        left_out.append(f"{counted(n_unknown, 'image file')} not named as the others")
    return left_out
