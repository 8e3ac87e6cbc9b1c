"""Which folder, or part of a file name, is the patient, the visit or the sequence of images.

Nothing is known but the names of all images together: what differs from file to file and comes back
in others is a patient, a known word is what it says.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from roentgene.ingest.proposing.file_names import SEPARATORS, Named, Places, ended
from roentgene.ingest.proposing.name_words import Tail, is_visit, modality_of, says_image


def image_places(images: Sequence[Named]) -> Places:
    """Find the patterns of images.

    Parameters
    ----------
    images : sequence of Named
        The images, of which files at different depths are looked at apart.
    """
    places = Places()
    by_depth: dict[int, list[Named]] = defaultdict(list)
    for image in images:
        by_depth[len(image.folders)].append(image)
    for same_depth in by_depth.values():
        _of_depth(_with_unknown_sequences(same_depth, places), places)
    return places


def _of_depth(images: Sequence[Named], places: Places) -> None:
    level, by_start = _patient_of(images)
    if level is None and not by_start:
        places.not_understood += [image.name for image in images]
        return
    roles = _roles(images, level, places)
    for image in images:
        parts, fields = [], {}
        for number, folder in enumerate(image.folders):
            role = roles.get(number)
            parts.append(folder if role is None else f"{{{role}}}")
            if role is not None:
                fields[role] = folder
        start = _image_start(image, level, fields, by_start=by_start)
        tail = _with_sequence_alone(image.tail)
        fields |= {key: v for key, v in image.tail.fields if key == "sequence"}
        parts.append(f"{start}{image.separator}{tail}{image.ending}")
        places.patterns["/".join(parts)][image.name] = fields
        places.patients.add(fields["patient_id"])
        places.visits |= {fields[key] for key in ("timepoint",) if key in fields}
        places.sequences |= {fields[key] for key in ("sequence",) if key in fields}


def _with_unknown_sequences(images: Sequence[Named], places: Places) -> list[Named]:
    """Take the end of a name for a sequence where other images have a known one in that place."""
    starts = {image.start for image in images if image.has_sequence} - {""}
    found = []
    for image in images:
        start = max((s for s in starts if image.start.startswith(ended(s))), key=len, default=None)
        if start is None or image.has_sequence:
            found.append(image)
            continue
        sequence = image.start[len(start) :].lstrip(SEPARATORS)
        before = image.start.removesuffix(sequence)
        template = f"{{sequence}}{image.separator}{image.tail.template}"
        fields = (("sequence", sequence), *image.tail.fields)
        found.append(replace(image, tail=Tail(before, template, fields, is_mask=False)))
        told = "sequences: words that are not known stand where others have their sequence"
        places.guessed[told] = None
    return found


def _patient_of(images: Sequence[Named]) -> tuple[int | None, bool]:
    """Find the level of the folders that are patients, and whether file names begin with them."""
    levels = _varying(images)
    for level in range(len(images[0].folders)):
        if all(image.start == image.folders[level] for image in images):
            return level, True
    starts = Counter(image.start for image in images)
    places_of = defaultdict(set)
    for image in images:
        places_of[image.start].add(image.folders)
    has_starts = "" not in starts
    if has_starts and len(starts) > 1 and all(len(folders) == 1 for folders in places_of.values()):
        return None, True
    if levels:
        return levels[0], False
    if has_starts and len(starts) == 1:
        return None, True
    named = [
        level
        for level, folder in enumerate(images[0].folders)
        if not (says_image(folder) or is_visit(folder) or modality_of(folder))
    ]
    return (named[-1], False) if named else (None, False)


def _varying(images: Sequence[Named]) -> list[int]:
    """Levels of folders that may be patients: they differ, and no known word stands there."""
    levels = []
    for level in range(len(images[0].folders)):
        values = {image.folders[level] for image in images}
        known = all(is_visit(value) or says_image(value) or modality_of(value) for value in values)
        if len(values) > 1 and not known:
            levels.append(level)
    # of two levels that differ the upper one may be a group of patients, such as HGG and LGG
    if len(levels) > 1:
        below = defaultdict(set)
        for image in images:
            below[image.folders[levels[1]]].add(image.folders[levels[0]])
        if all(len(above) == 1 for above in below.values()) and len(below) > len(levels):
            per_group = len(below) / len({image.folders[levels[0]] for image in images})
            return levels[1:] if per_group > 3 else levels
    return levels


def _roles(images: Sequence[Named], level: int | None, places: Places) -> dict[int, str]:
    """Say of each level of folders which field it is, if any."""
    roles = {} if level is None else {level: "patient_id"}
    has_sequence = any(image.has_sequence for image in images)
    for number in range(len(images[0].folders)):
        values = {image.folders[number] for image in images}
        if number in roles:
            continue
        if all(map(is_visit, values)):
            roles[number] = "timepoint"
        elif all(map(modality_of, values)) and not has_sequence:
            roles[number] = "sequence"
        elif (
            len(values) > 1
            and level is not None
            and number > level
            and "timepoint" not in roles.values()
        ):
            roles[number] = "timepoint"
            told = "visits: the folders below those of the patients are taken for visits"
            places.guessed[told] = None
    return roles


def _image_start(image: Named, level: int | None, fields: dict[str, str], *, by_start: bool) -> str:
    if by_start:
        fields["patient_id"] = image.start
        return "{patient_id}"
    if image.start and level is not None and image.start == image.folders[level]:
        return "{patient_id}"
    if image.start and not image.has_sequence and "sequence" not in fields:
        fields["sequence"] = image.start
        return "{sequence}"
    return image.start


def _with_sequence_alone(tail: Tail) -> str:
    """Write what else a mask would say out again: of an image it is part of the name."""
    template = tail.template
    for key, value in tail.fields:
        if key != "sequence":
            template = template.replace(f"{{{key}}}", value)
    return template
