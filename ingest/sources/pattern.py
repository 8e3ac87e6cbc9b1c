"""Images and masks by file pattern: ``{placeholders}`` become fields, which pair the files."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from pathlib import Path

from roentgene.ingest.refusal import Gated, Refusal
from roentgene.ingest.sources.pair import DEFAULTS, FIELDS, MaskOf, Pair
from roentgene.schemas.errors import FileError

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def find_pairs(
    folder: Path, image_pattern: str, mask_pattern: str, constants: Mapping[str, str]
) -> Gated[list[Pair]]:
    """Find images and the masks that lie on them.

    An image and a mask belong together where every placeholder that both patterns have, or that
    a constant gives, has the same value.

    Parameters
    ----------
    folder : Path
        Folder that relative patterns start from.
    image_pattern, mask_pattern : str
        Paths with placeholders, e.g. ``images/{patient_id}/{sequence}.nii.gz``.
    constants : mapping of str to str
        Fields that the cohort file states.

    Raises
    ------
    FileError
        If a placeholder is unknown, no file matches, or no field gives the patient.
    """
    images = _matching(folder, image_pattern)
    masks = _matching(folder, mask_pattern)
    if not images:
        msg = f"no file matches the pattern {image_pattern}"
        raise FileError(msg, "Correct the pattern; relative ones start at the cohort file's folder")
    mask_names = set(_PLACEHOLDER.findall(mask_pattern))
    image_names = set(_PLACEHOLDER.findall(image_pattern))
    _check_fields(image_names | mask_names | set(constants))
    unclear = _ambiguous(folder, images, masks, mask_names, image_names)
    if unclear:
        return Gated([], unclear)
    return _paired(folder, images, masks, image_names & mask_names, _mask_of(mask_names), constants)


def _mask_of(mask_names: set[str]) -> MaskOf:
    """Tell what masks were drawn for, as their pattern says it."""
    if "volume_index" in mask_names:
        return "volume"
    return "sequence" if "sequence" in mask_names else "visit"


def _matching(folder: Path, pattern: str) -> list[tuple[Path, dict[str, str]]]:
    """Files that a pattern matches, with the values of its placeholders."""
    unknown = sorted(set(_PLACEHOLDER.findall(pattern)) - set(FIELDS))
    if unknown:
        msg = f"pattern {pattern!r} has an unknown placeholder {{{unknown[0]}}}"
        raise FileError(msg, f"Placeholders are {', '.join(f'{{{name}}}' for name in FIELDS)}")
    whole = str(folder / pattern)
    wildcard = "*".join(map(glob.escape, _PLACEHOLDER.split(whole)[::2]))
    candidates = sorted(glob.glob(wildcard))  # noqa: PTH207 - an absolute pattern
    expression = expression_of(whole)
    matches = ((Path(name), expression.fullmatch(name)) for name in candidates)
    return [(path, match.groupdict()) for path, match in matches if match]


def expression_of(pattern: str) -> re.Pattern[str]:
    """Make the expression that a pattern stands for.

    A placeholder takes as little as it can, and no slash; where it stands again it is the same
    text.

    Parameters
    ----------
    pattern : str
        Path with placeholders.

    Examples
    --------
    >>> expression_of("{patient_id}/{patient_id}_T1.nii").fullmatch("P_1/P_1_T1.nii")["patient_id"]
    'P_1'
    """
    seen: set[str] = set()
    expression = ""
    for number, part in enumerate(_PLACEHOLDER.split(pattern)):
        if number % 2 == 0:
            expression += re.escape(part)
        else:
            expression += f"(?P={part})" if part in seen else f"(?P<{part}>[^/]+?)"
            seen.add(part)
    return re.compile(expression)


def _check_fields(names: set[str]) -> None:
    for needed in ("patient_id", "sequence", "timepoint"):
        if needed not in names:
            msg = f"nothing says the {needed} of the images"
            raise FileError(
                msg, f"Put {{{needed}}} into the pattern, or write '{needed}: …' beside it"
            )


def _ambiguous(
    folder: Path,
    images: list[tuple[Path, dict[str, str]]],
    masks: list[tuple[Path, dict[str, str]]],
    mask_names: set[str],
    image_names: set[str],
) -> tuple[Refusal, ...]:
    """Masks that would fit several patients."""
    patients = {fields.get("patient_id") for _, fields in images}
    if "patient_id" in mask_names or "patient_id" not in image_names or len(patients) < 2:
        return ()
    detail = f"its pattern does not say which of {len(patients)} patients it belongs to"
    return tuple(
        Refusal("manifest", "ambiguous_mask", path.name, detail, file_path=_name(path, folder))
        for path, _ in masks
    )


def _paired(
    folder: Path,
    images: list[tuple[Path, dict[str, str]]],
    masks: list[tuple[Path, dict[str, str]]],
    shared: set[str],
    mask_of: MaskOf,
    constants: Mapping[str, str],
) -> Gated[list[Pair]]:
    by_key: dict[tuple[str, ...], list[tuple[Path, dict[str, str]]]] = {}
    order = sorted(shared)
    for path, fields in masks:
        by_key.setdefault(tuple(fields[name] for name in order), []).append((path, fields))
    pairs, refused, used = [], [], set[tuple[str, ...]]()
    for path, fields in images:
        key = tuple(fields[name] for name in order)
        used.add(key)
        for mask, mask_fields in by_key.get(key, []):
            values = {**DEFAULTS, **constants, **mask_fields, **fields}
            pairs.append(Pair(path, mask, values, mask_of))
        if key not in by_key:
            refused.append(_alone("mask_missing", path, folder, {**constants, **fields}))
    for key, left in by_key.items():
        if key not in used:
            refused += [
                _alone("mask_without_image", path, folder, {**constants, **fields})
                for path, fields in left
            ]
    return Gated(pairs, tuple(refused))


def _alone(code: str, path: Path, folder: Path, fields: Mapping[str, str]) -> Refusal:
    subject = " ".join(fields[n] for n in ("patient_id", "timepoint", "sequence") if n in fields)
    detail = "no mask matches it" if code == "mask_missing" else "no image matches it"
    return Refusal("manifest", code, subject, detail, file_path=_name(path, folder))


def _name(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
