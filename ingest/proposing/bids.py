"""BIDS data sets: images of subjects, and segmentations under ``derivatives``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from roentgene.ingest.proposing.bids_labels import label_names
from roentgene.ingest.proposing.bids_names import BidsFile, Template, parse
from roentgene.ingest.proposing.found import BASELINE, Found
from roentgene.ingest.proposing.label_regions import Labels, labels_of
from roentgene.ingest.proposing.listing import Listing
from roentgene.ingest.proposing.mask_content import labels_in
from roentgene.ingest.proposing.pairing import Paired, pair_up
from roentgene.ingest.proposing.proposal import Proposal, as_name, counted, may_stand

_DESCRIPTION = "dataset_description.json"
_MASKS = ("dseg", "mask")
_MODALITY = {"anat": "MR", "pet": "PT", "ct": "CT"}
# maps of probabilities and curves of time are no images to be measured beside a mask
_NO_IMAGES = frozenset(("probseg", "defacemask", "angio", "events", "blood"))


def propose_bids(listing: Listing) -> Proposal | None:
    """Recognise a BIDS data set, or a part of one.

    A mask says by its name whom it shows and not on which image it was drawn: it is put on the
    images of its visit that its name allows and whose grid it has.

    Parameters
    ----------
    listing : Listing
        What stands in the folder.

    Returns
    -------
    Proposal or None
        None where no mask is named by BIDS, or none lies on an image.
    """
    parsed = [file for name in listing.volumes if (file := parse(name)) is not None]
    by_template = _by_template(parsed)
    masks = [t for t in by_template if t.suffix in _MASKS]
    images = [t for t in by_template if _is_image(t)]
    if not masks or not images:
        return None
    found = Found()
    _tell_unused(found, listing, parsed, by_template)
    for mask in masks:
        _pair_mask(found, mask, masks, images, listing)
    if not found.sections:
        return None
    # also those at which nobody drew anything
    found.visits |= {file.session for file in parsed if file.session is not None}
    description = _description(listing)
    return found.proposal(
        "a BIDS data set with segmentations",
        title=_plain(description.get("Name")),
        license=_plain(description.get("License")),
    )


def _by_template(parsed: Iterable[BidsFile]) -> dict[Template, list[BidsFile]]:
    by_template: dict[Template, list[BidsFile]] = defaultdict(list)
    for file in parsed:
        if may_stand(file.template.pattern):
            by_template[file.template].append(file)
    return by_template


def _is_image(template: Template) -> bool:
    is_mask = template.suffix in _MASKS or template.suffix in _NO_IMAGES
    return template.datatype in _MODALITY and not is_mask


def _tell_unused(
    found: Found,
    listing: Listing,
    parsed: Sequence[BidsFile],
    by_template: Mapping[Template, Sequence[BidsFile]],
) -> None:
    if n := len(listing.volumes) - len(parsed):
        found.left_out.append(f"{counted(n, 'image file')} not named by BIDS")
    if n := len(parsed) - sum(map(len, by_template.values())):
        found.left_out.append(
            f"{counted(n, 'file')} with names that look like they hold a date or a number"
        )
    unused: dict[str, int] = defaultdict(int)
    for template, files in by_template.items():
        if template.suffix not in _MASKS and not _is_image(template):
            unused[f"{template.datatype}/{template.suffix}"] += len(files)
    for kind, n in sorted(unused.items()):
        found.left_out.append(f"{counted(n, 'file')} of {kind}: not measured beside masks")


def _pair_mask(
    found: Found,
    mask: Template,
    masks: Sequence[Template],
    images: Sequence[Template],
    listing: Listing,
) -> None:
    constants = {} if mask.has_session else {"timepoint": BASELINE}
    fitting: list[tuple[Template, Paired]] = []
    for image in images:
        if mask.is_made_from(image):
            own = {**constants, "sequence": image.shows}
            paired = pair_up(listing.root, image.pattern, mask.pattern, own)
            if paired.pairs and paired.fits:
                fitting.append((image, paired))
    if not fitting:
        found.left_out.append(f"{mask.pattern}: lies on the grid of no image of its visit")
        return
    keys, labels = _shown(mask, masks, fitting[0][1], listing)
    for image, paired in fitting:
        own = {
            "pattern": image.pattern,
            "mask": mask.pattern,
            "sequence": image.shows,
            "modality": _MODALITY[image.datatype],
        }
        found.add({**own, **constants, **keys}, paired, labels)


def _shown(
    mask: Template, masks: Sequence[Template], paired: Paired, listing: Listing
) -> tuple[dict[str, Any], Labels]:
    """Say whose drawing a mask is, and of which regions."""
    keys: dict[str, Any] = {}
    guesses: list[str] = []
    if mask.suffix == "mask":
        named = mask.named.get("label") or mask.named.get("desc")
        labels = Labels({1: as_name(named or "") or "ROI"})
        keys["region"] = labels.regions[1]
        if named is None:
            guesses.append("regions: a mask whose name has neither label nor desc is called ROI")
    else:
        labels = labels_of(labels_in(paired.masks), label_names(mask, listing))
        keys["labels"] = labels.declared
    if mask.pipeline is not None:
        keys["rater_id"] = _rater(mask, masks)
        guesses.append("raters: who drew a mask is taken from its folder under derivatives")
    return keys, replace(labels, guessed=(*labels.guessed, *guesses))


def _rater(mask: Template, masks: Sequence[Template]) -> str:
    """Name who drew a mask: its folder, and more where that holds several of one region."""
    others = [other for other in masks if other != mask and _place(other) == _place(mask)]
    pipeline = mask.pipeline or ""
    return f"{pipeline}.{mask.shows}" if others else pipeline


def _place(mask: Template) -> tuple[str, bool, str, str | None]:
    """Tell what masks have in common that would be one region by one rater."""
    label = mask.named.get("label") or mask.named.get("desc")
    return mask.above, mask.has_session, mask.suffix, label if mask.suffix == "mask" else None


def _description(listing: Listing) -> dict[str, Any]:
    if _DESCRIPTION not in listing.others:
        return {}
    try:
        content = json.loads((listing.root / _DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _plain(said: object) -> str | None:
    text = " ".join(str(said).split()) if isinstance(said, str) else ""
    return text if text and may_stand(text) else None
