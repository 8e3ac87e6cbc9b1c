"""The image sources of a cohort file: what each gives, and whether the file can be right at all.

What is wrong with the cohort file itself stops the delivery, once; what is wrong with a pair of
files is a refusal of that pair.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from roentgene.ingest.planning.dicom_source import AnchorOf, no_anchor, read_dicom
from roentgene.ingest.planning.drawing import file_name
from roentgene.ingest.planning.region_rules import RegionRule, check_derivable, region_rules
from roentgene.ingest.privacy import UNDECLARED, Privacy
from roentgene.ingest.refusal import Gated, Refusal
from roentgene.ingest.sources.manifest import read_manifest
from roentgene.ingest.sources.pair import FIELDS, Pair
from roentgene.ingest.sources.pattern import find_pairs
from roentgene.schemas.cohort import Cohort, ImageSource
from roentgene.schemas.errors import FileError

#: What tells the regions of a mask: the region that files name, None where the labels of the
#: cohort file do, or the labels of the mask itself.
RuleKey = str | None | tuple[tuple[int, str], ...]

ReadDicom = Callable[[ImageSource, Cohort, Path, Mapping[str, str]], Gated[list[Pair]]]

_ALONE = frozenset({"mask_missing", "mask_without_image"})


@dataclass(frozen=True)
class SourceFiles:
    """An image source and what it gives.

    Parameters
    ----------
    number : int
        Its place in the cohort file.
    declared : ImageSource
        What the cohort file says of it.
    pairs : tuple of Pair
        Images with their masks.
    refused : tuple of Refusal
        Files or rows that are no pair.
    rules : mapping of RuleKey to tuple of RegionRule
        Regions of its masks. Empty where files would have to name them and there are none.
    """

    number: int
    declared: ImageSource
    pairs: tuple[Pair, ...]
    refused: tuple[Refusal, ...]
    rules: Mapping[RuleKey, tuple[RegionRule, ...]]

    @property
    def modalities(self) -> Mapping[str, str] | None:
        """Modality of each sequence, where it is declared so: then there are no others."""
        declared = self.declared.modality
        return declared if isinstance(declared, dict) else None

    def rules_of(self, pair: Pair) -> tuple[RegionRule, ...]:
        """Regions of the mask of one of its pairs."""
        return self.rules[_rule_key(pair)]


def _rule_key(pair: Pair) -> RuleKey:
    if pair.told is not None:
        return tuple(sorted(pair.told.labels.items()))
    return pair.fields.get("region")


def read_sources(
    cohort: Cohort,
    folder: Path,
    anchor_of: AnchorOf = no_anchor,
    privacy: Privacy = UNDECLARED,
) -> list[SourceFiles]:
    """Find the pairs of every image source.

    Parameters
    ----------
    cohort : Cohort
        The cohort file.
    folder : Path
        Its folder, from which relative paths start.
    anchor_of : callable
        Tells day zero of a patient, from which the days of DICOM images are counted.
    privacy : Privacy
        What may come in although it looks like a person.

    Raises
    ------
    FileError
        If the cohort file says something that no file can make right: a pattern that matches
        nothing, a manifest that is none, a timepoint, sequence or region that does not exist.
    """
    dicom = partial(read_dicom, anchor_of=anchor_of, privacy=privacy)
    sources = [_read(number, cohort, folder, dicom) for number in range(len(cohort.images))]
    _check_names(cohort, sources)
    _check_regions(cohort, sources)
    return _without_paired_elsewhere(sources, folder)


def _read(number: int, cohort: Cohort, folder: Path, dicom: ReadDicom) -> SourceFiles:
    source = cohort.images[number]
    constants = {
        name: str(value) for name in FIELDS if (value := getattr(source, name)) is not None
    }
    if source.manifest is not None:
        path = folder / source.manifest
        root = folder / source.root if source.root else path.parent
        mask_of = source.mask_of or "sequence"
        found = read_manifest(path, source.manifest, root, constants, mask_of)
    elif source.dicom is not None:
        found = dicom(source, cohort, folder, constants)
    else:
        found = _matching(source, folder, constants)
    rules = _rules(cohort, source, found.kept)
    return SourceFiles(number, source, tuple(found.kept), found.refused, rules)


def _matching(source: ImageSource, folder: Path, constants: Mapping[str, str]) -> Gated[list[Pair]]:
    found = find_pairs(folder, source.pattern or "", source.mask or "", constants)
    masks = {pair.mask for pair in found.kept}
    # a pattern such as {sequence}.nii.gz fits the masks beside the images too
    return replace(found, kept=[pair for pair in found.kept if pair.image not in masks])


def _rules(
    cohort: Cohort, source: ImageSource, pairs: Iterable[Pair]
) -> dict[RuleKey, tuple[RegionRule, ...]]:
    named = {_rule_key(pair) for pair in pairs}
    if source.numbering is not None:
        named.add(None)
    elif len(named) > 1:
        named.discard(None)  # a row that leaves out what the others say is at fault itself
    return {key: tuple(_rules_of_key(key, cohort, source)) for key in sorted(named, key=str)}


def _rules_of_key(key: RuleKey, cohort: Cohort, source: ImageSource) -> list[RegionRule]:
    if isinstance(key, tuple):
        return region_rules(dict(key), None, cohort.regions)
    return region_rules(source.numbering, key, cohort.regions)


def _check_names(cohort: Cohort, sources: Sequence[SourceFiles]) -> None:
    sequences = {pair.fields["sequence"] for source in sources for pair in source.pairs}
    for source in sources:
        sequences |= set(source.modalities or ())
    for source in sources:
        declared = source.declared
        _check_among("timepoint", declared.timepoint, cohort.timepoints, "timepoints")
        if source.modalities is not None:
            _check_among("sequence", declared.sequence, source.modalities, "modality")
        if source.pairs:
            _check_among("reference_sequence", declared.reference_sequence, sequences, "modality")


def _check_among(key: str, value: str | None, known: Collection[str], where: str) -> None:
    if value is not None and value not in known:
        msg = f"images: {key} {value!r} is not among {', '.join(sorted(known))}"
        raise FileError(msg, f"Correct it, or add it to {where}")


def _check_regions(cohort: Cohort, sources: Sequence[SourceFiles]) -> None:
    # without files to name them, nobody knows which regions the masks show
    if sources and all(source.rules for source in sources):
        rules = [rule for source in sources for made in source.rules.values() for rule in made]
        check_derivable(cohort.regions, {rule.region for rule in rules})


def _without_paired_elsewhere(sources: Sequence[SourceFiles], folder: Path) -> list[SourceFiles]:
    """Take refusals of single files back whose other half another source knows."""
    pairs = [pair for source in sources for pair in source.pairs]
    paired = {file_name(file, folder) for pair in pairs for file in (pair.image, pair.mask)}

    def stands(refusal: Refusal) -> bool:
        return refusal.reason_code not in _ALONE or refusal.file_path not in paired

    return [replace(source, refused=tuple(filter(stands, source.refused))) for source in sources]
