"""Plain trees of image files: images and masks are told apart and paired by their names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roentgene.ingest.proposing.file_names import Named, Places, read_name
from roentgene.ingest.proposing.found import BASELINE, Found
from roentgene.ingest.proposing.image_places import image_places
from roentgene.ingest.proposing.label_regions import Labels, is_glioma_numbering, labels_of
from roentgene.ingest.proposing.listing import Listing
from roentgene.ingest.proposing.mask_content import are_label_maps, labels_in, look_into
from roentgene.ingest.proposing.mask_places import mask_places
from roentgene.ingest.proposing.name_words import modality_of
from roentgene.ingest.proposing.narrowing import Constants, narrowed
from roentgene.ingest.proposing.pairing import Paired, pair_up
from roentgene.ingest.proposing.proposal import Proposal, as_name, counted, may_stand

_ONLY_SEQUENCE = "image"
_SEQUENCE = "{sequence}"
# Hounsfield units of air; no other modality goes so low
_AIR = -900.0


@dataclass
class _Pairs(Found):
    """What is found, knowing the values of the masks of the whole folder."""

    #: some masks may lack what others have
    values: frozenset[int] = frozenset()


def propose_name_pairs(listing: Listing) -> Proposal | None:
    """Recognise images and masks by their names, and find the patterns of these.

    A file is a mask where a word of its name or folder says so, or where files of its kind hold
    nothing but a few whole numbers. Patterns are believed where they pair files that lie on one
    grid.

    Parameters
    ----------
    listing : Listing
        What stands in the folder.

    Returns
    -------
    Proposal or None
        None where nothing pairs.
    """
    found = _Pairs()
    images, masks = _told_apart([read_name(name) for name in listing.volumes], listing.root, found)
    if not images or not masks:
        return None
    of_images = image_places(images)
    of_masks = mask_places(masks, of_images)
    found.values = labels_in(listing.root / mask.name for mask in masks)
    image_patterns = _narrowed_images(of_images, found)
    # patterns of one sequence each are paired with masks of that sequence
    always = ("sequence",) if any("sequence" in own for own in image_patterns.values()) else ()
    image_names = [image.name for image in images]
    for pattern in _writable(of_masks, found):
        files = of_masks.patterns[pattern]
        for mask, own in narrowed(pattern, files, image_names, always=always).items():
            if may_stand(mask):
                _pair_mask(found, mask, own, image_patterns, listing.root)
    if not found.sections:
        return None
    found.guessed |= {**of_images.guessed, **of_masks.guessed}
    _tell_unpaired(found, len(images), len(masks))
    return found.proposal("images and masks by their names")


def _told_apart(
    files: Sequence[Named], root: Path, found: _Pairs
) -> tuple[list[Named], list[Named]]:
    """Tell images and masks apart, by content where names do not."""
    repeated = Counter(file.start for file in files)
    kinds: dict[tuple[object, ...], list[Named]] = defaultdict(list)
    masks = [file for file in files if file.is_mask]
    for file in files:
        if not file.is_mask:
            known = file.start if repeated[file.start] > 1 and file.folders else ""
            kinds[len(file.folders), file.tail.template, known, file.ending].append(file)
    images = []
    for alike in kinds.values():
        if are_label_maps(root / file.name for file in alike):
            masks += alike
            told = "masks: some are not named as such, but hold a few whole numbers alone"
            found.guessed[told] = None
        else:
            images += alike
    return images, masks


def _writable(places: Places, found: _Pairs) -> Iterator[str]:
    for pattern, names in places.patterns.items():
        if may_stand(pattern) and not set("{}") & set("".join(names)):
            yield pattern
        else:
            told = "with names that look like they hold a date or a number of somebody"
            found.left_out.append(f"{counted(len(names), 'file')} {told}")


def _narrowed_images(places: Places, found: _Pairs) -> dict[str, Constants]:
    patterns: dict[str, Constants] = {}
    for pattern in _writable(places, found):
        own = narrowed(pattern, places.patterns[pattern])
        patterns |= {one: constants for one, constants in own.items() if may_stand(one)}
    return patterns


def _pair_mask(
    found: _Pairs,
    mask: str,
    of_mask: Constants,
    images: Mapping[str, Constants],
    root: Path,
) -> None:
    for image, of_image in images.items():
        own = {**of_image, **of_mask}
        if any(of_image[key] != own[key] for key in of_image):
            continue
        if "{timepoint}" not in mask and "{timepoint}" not in image:
            own["timepoint"] = BASELINE
        if _SEQUENCE not in image:
            own.setdefault("sequence", _ONLY_SEQUENCE)
        paired = pair_up(root, image, mask, own)
        if not paired.pairs:
            continue
        for pattern, more, part in _on_one_grid(image, mask, paired, root, own):
            _add_section(found, pattern, mask, part, more)


def _on_one_grid(
    image: str, mask: str, paired: Paired, root: Path, own: dict[str, str]
) -> Iterator[tuple[str, dict[str, str], Paired]]:
    """Keep the sequences on whose grid the mask lies, together where all are."""
    sequences = sorted(paired.values("sequence"))
    if _SEQUENCE not in image or _SEQUENCE in mask or len(sequences) == 1:
        if paired.fits:
            yield image, own, paired
        return
    parts = {}
    for sequence in sequences:
        pattern = image.replace(_SEQUENCE, sequence)
        parts[sequence] = pattern, pair_up(root, pattern, mask, own | {"sequence": sequence})
    if all(part.fits for _, part in parts.values()):
        yield image, own, paired
        return
    for sequence, (pattern, part) in parts.items():
        if part.fits and may_stand(pattern):
            yield pattern, own | {"sequence": sequence}, part


def _add_section(found: _Pairs, image: str, mask: str, paired: Paired, own: dict[str, str]) -> None:
    keys: dict[str, Any] = {"pattern": image, "mask": mask, **own}
    if (modality := _modality(paired, found)) is not None:
        keys["modality"] = modality
    if "region" in own:
        keys["region"] = as_name(own["region"]) or "ROI"
        labels = Labels({1: str(keys["region"])})
    elif "{region}" in mask:
        labels = Labels({n: name for n, name in enumerate(sorted(paired.values("region")), 1)})
    else:
        labels = labels_of(_values(paired, found))
        keys["labels"] = labels.declared
    found.add(keys, paired, labels)


def _values(paired: Paired, found: _Pairs) -> frozenset[int]:
    own = labels_in(paired.masks)
    together = own | found.values
    return together if is_glioma_numbering(together) else own


def _modality(paired: Paired, found: _Pairs) -> dict[str, str] | str | None:
    known: dict[str, str] = {}
    for pair in paired.pairs:
        sequence = pair.fields["sequence"]
        if sequence not in known:
            known[sequence] = modality_of(sequence) or _by_values(pair.image)
    unknown = sorted(sequence for sequence, modality in known.items() if not modality)
    if unknown:
        found.guessed["modality: nothing says it of all sequences; add 'modality'"] = None
        return None
    if len(set(known.values())) == 1:
        return next(iter(known.values()))
    if not all(map(may_stand, known)):
        # they would have to be named one by one
        found.guessed["modality: not written, for names of sequences look like dates"] = None
        return None
    return dict(sorted(known.items()))


def _by_values(image: Path) -> str:
    content = look_into(image)
    return "CT" if content is not None and content.lowest <= _AIR else ""


def _tell_unpaired(found: _Pairs, n_images: int, n_masks: int) -> None:
    for what, n_all, paired in (
        ("image", n_images, found.images),
        ("mask", n_masks, found.masks),
    ):
        if n := n_all - len(paired):
            found.left_out.append(f"{counted(n, what)} in no pair")
