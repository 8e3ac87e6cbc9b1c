"""The ROIs and segments of a DICOM tree by their names, as the ``rois`` of a cohort file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from roentgene.ingest.proposing.dicom_series import MOST_WRITTEN, as_glob
from roentgene.ingest.proposing.dicom_texts import PersonalWords
from roentgene.ingest.proposing.name_words import without_modality
from roentgene.ingest.proposing.proposal import as_name, counted
from roentgene.ingest.sources.dicom.damage import DAMAGE, unwarned
from roentgene.ingest.sources.dicom.header import Header
from roentgene.ingest.sources.dicom.scan import DicomTree
from roentgene.ingest.sources.dicom.segmentation_object import list_segments
from roentgene.ingest.sources.dicom.structure_set import read_structure_set
from roentgene.ingest.sources.volume import VolumeError

_FRACTIONAL = "FRACTIONAL"


@dataclass
class RoiKinds:
    """ROIs and segments by name.

    Parameters
    ----------
    regions : mapping of str to str
        Region of each pattern of names, as ``rois`` of a cohort file has it.
    says : mapping of str to str
        How often each was drawn.
    n_withheld : int
        Different names that are left out, as they may name somebody.
    n_rarer : int
        Names that are left out, as there are very many.
    n_nameless : int
        Names of which nothing is left that a region may be called.
    n_unreadable : int
        Files that cannot be read.
    merged : tuple of str
        Patterns that stand for several names.
    is_fractional : bool
        Whether a segmentation says how much of a voxel belongs to a region.
    """

    regions: dict[str, str] = field(default_factory=dict)
    says: dict[str, str] = field(default_factory=dict)
    n_withheld: int = 0
    n_rarer: int = 0
    n_nameless: int = 0
    n_unreadable: int = 0
    merged: tuple[str, ...] = ()
    is_fractional: bool = False


def kinds_of_rois(tree: DicomTree, words: PersonalWords) -> RoiKinds:
    """Name the ROIs of all structure sets and the segments of all segmentations.

    Names that differ by a modality at their end (``GTV_CT``, ``GTV_PET``) become one pattern and
    one region, unless one file holds several of them.

    Parameters
    ----------
    tree : DicomTree
        What was found.
    words : PersonalWords
        What must not be written.
    """
    kinds = RoiKinds()
    files: list[list[str]] = []
    patients: dict[str, set[str]] = defaultdict(set)
    withheld: set[str] = set()
    for header, names in _named(tree, kinds):
        withheld |= {name for name in names if not words.may_stand(name, header.patient_id)}
        files.append(names)
        for name in names:
            patients[name].add(header.patient_id)
    counts = Counter(name for names in files for name in names if name and name not in withheld)
    kinds.n_withheld = len(withheld)
    patterns = _patterns(counts, files)
    by_count = sorted(patterns, key=lambda p: -sum(counts[name] for name in patterns[p]))
    kinds.n_rarer = len(by_count[MOST_WRITTEN:])
    for pattern in by_count[:MOST_WRITTEN]:
        covered = patterns[pattern]
        region = as_name(without_modality(covered[0]) if len(covered) > 1 else covered[0])
        if region is None:
            kinds.n_nameless += len(covered)
            continue
        kinds.regions[pattern] = region
        n_patients = len(set().union(*(patients[name] for name in covered)))
        n_drawn = sum(counts[name] for name in covered)
        kinds.says[pattern] = f"{counted(n_drawn, 'time')}, {counted(n_patients, 'patient')}"
    kinds.merged = tuple(p for p in kinds.regions if p.endswith("*"))
    return kinds


def _named(tree: DicomTree, kinds: RoiKinds) -> Iterable[tuple[Header, list[str]]]:
    for header in tree.structure_sets:
        try:
            yield header, [roi.name for roi in read_structure_set(header.path).rois]
        except VolumeError:
            kinds.n_unreadable += 1
    for header in tree.segmentations:
        try:
            yield header, [segment.label for segment in list_segments(header.path)]
        except VolumeError:
            kinds.n_unreadable += 1
            continue
        kinds.is_fractional |= _segmentation_type(header.path) == _FRACTIONAL


def _segmentation_type(path: Path) -> str | None:
    from pydicom import dcmread

    try:
        with unwarned():
            dataset = dcmread(path, stop_before_pixels=True, specific_tags=["SegmentationType"])
            return str(dataset.get("SegmentationType"))
    except DAMAGE:
        return None


def _patterns(counts: Mapping[str, int], files: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Bring together what differs by its modality alone; the commonest names come first."""
    stems: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        stems[without_modality(name)].append(name)
    merged: dict[str, list[str]] = {}
    single: dict[str, list[str]] = {}
    for stem, names in stems.items():
        separators = "".join(sorted({name[len(stem) : len(stem) + 1] for name in names}))
        separator = separators if len(separators) == 1 else "[_. -]"
        pattern = f"{as_glob(stem)}{separator}*"
        covered = [name for name in counts if fnmatchcase(name, pattern)]
        together = any(len(set(names) & set(file)) > 1 for file in files)
        if len(names) > 1 and sorted(covered) == sorted(names) and not together:
            merged[pattern] = names
        else:
            single |= {as_glob(name): [name] for name in names}
    return single | merged
