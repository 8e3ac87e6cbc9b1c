"""Paths that name people: such files are refused without their path, and hashed ids leave them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from roentgene.ingest.gates.privacy import personal_paths, refuse_path
from roentgene.ingest.identity import file_state
from roentgene.ingest.planning.drawing import file_name
from roentgene.ingest.planning.image_sources import SourceFiles
from roentgene.ingest.privacy import Privacy, hashes_ids, unnamed
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.sources.pair import Pair
from roentgene.schemas.cohort import ImageSource


@dataclass(frozen=True)
class StoredNames:
    """How files are called in the catalogue.

    Parameters
    ----------
    folder : Path
        The cohort file's folder.
    hidden : mapping of Path to (str, str)
        For files of a source whose ids are hashed, the patient's id as paths may have it and its
        hash.
    """

    folder: Path
    hidden: Mapping[Path, tuple[str, str]]

    def __call__(self, path: Path) -> str:
        """Name a file: relative to the cohort file, with the hash where the id stood."""
        name = file_name(path, self.folder)
        return hidden_name(name, *self.hidden[path]) if path in self.hidden else name


def stored_names(
    sources: Iterable[SourceFiles], folder: Path, normalise: Callable[[str, ImageSource], str]
) -> StoredNames:
    """Find out how the files of some sources are called in the catalogue.

    Parameters
    ----------
    sources : iterable of SourceFiles
        The image sources with their pairs.
    folder : Path
        The cohort file's folder.
    normalise : callable
        Declared id rules.
    """
    hidden = {}
    for source in sources:
        if hashes_ids(source.declared.normalise):
            for pair in source.pairs:
                given = pair.fields["patient_id"]
                # of a DICOM id paths have no issuer
                in_paths = pair.told.patient_id if pair.told is not None else given
                ids = in_paths, normalise(given, source.declared)
                hidden.update(dict.fromkeys(_files(pair), ids))
    return StoredNames(folder, hidden)


def hidden_name(name: str, given: str, hashed: str) -> str:
    """Put the hash of an id in its place in the name of a file.

    Parameters
    ----------
    name : str
        Name of the file.
    given : str
        Id as the name has it: as a part between other signs, or else anywhere.
    hashed : str
        What takes its place.

    Examples
    --------
    >>> hidden_name("images/12/T12.nii.gz", "12", "QJ3X")
    'images/QJ3X/T12.nii.gz'
    >>> hidden_name("images/P4711.nii.gz", "4711", "QJ3X")
    'images/PQJ3X.nii.gz'
    """
    part = rf"(?<![A-Za-z0-9]){re.escape(given)}(?![A-Za-z0-9])"
    found, n_found = re.subn(part, lambda _: hashed, name)
    return found if n_found else name.replace(given, hashed)


def without_personal_paths(
    source: SourceFiles, names: StoredNames, privacy: Privacy
) -> SourceFiles:
    """Refuse the pairs of a source whose paths look like a person.

    Parameters
    ----------
    source : SourceFiles
        An image source and what it gives.
    names : StoredNames
        How its files are called.
    privacy : Privacy
        What may come in: column ``file_path`` of ``imaging.series``.

    Returns
    -------
    SourceFiles
        Without these pairs and with a refusal for each of their files. Refusals tell nobody's
        path, and where ids are hashed no id either.
    """
    called = {path: names(path) for pair in source.pairs for path in _files(pair)}
    personal = personal_paths(dict.fromkeys(called.values()), privacy)
    looks = {path: personal[name] for path, name in called.items() if name in personal}
    lines = {path: pair for pair in source.pairs for path in _files(pair) if path in looks}
    refused = [
        refuse_path(kind, _place(source), _state(path), lines[path].row_number)
        for path, kind in looks.items()
    ]
    others = [_untold(refusal, source, names.folder, privacy) for refusal in source.refused]
    return replace(
        source,
        pairs=tuple(pair for pair in source.pairs if not looks.keys() & set(_files(pair))),
        refused=(*others, *refused),
    )


def personal_field(pair: Pair, patient_id: str, privacy: Privacy) -> tuple[str, str] | None:
    """Find the first field of a pair that looks like a person, and what it looks like.

    Parameters
    ----------
    pair : Pair
        The pair; its manifest or headers may say what no path does.
    patient_id : str
        The cohort's id of its patient, in place of the one given.
    privacy : Privacy
        What may come in: columns ``patient_id``, ``rater_id`` and so on.
    """
    for name, value in {**pair.fields, "patient_id": patient_id}.items():
        kind = privacy.personal_text(value, ["imaging.series"], name)
        if kind is not None:
            return name, kind
    return None


def _untold(refusal: Refusal, source: SourceFiles, folder: Path, privacy: Privacy) -> Refusal:
    """Take the path out of a refusal, and the id, where they may not be told."""
    path = refusal.file_path
    personal = path is not None and bool(personal_paths([path], privacy))
    if not personal and not hashes_ids(source.declared.normalise):
        return unnamed(refusal)
    if path is None or refusal.row_number is not None:
        return replace(unnamed(refusal), subject="row")
    place, subject = _place(source), f"file {_state(folder / path)}"
    return replace(unnamed(refusal), file_path=place, subject=subject)


def _files(pair: Pair) -> tuple[Path, ...]:
    return pair.image, pair.mask


def _place(source: SourceFiles) -> str:
    """Where a file of a source is to be looked for, as the cohort file says it."""
    declared = source.declared
    return declared.manifest or declared.pattern or declared.dicom or f"source {source.number + 1}"


def _state(path: Path) -> str:
    try:
        return file_state(path.stat())
    except OSError:
        return "that is not there"
