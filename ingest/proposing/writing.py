"""A proposal as the text of a cohort file, with comments on what is to be looked over."""

from __future__ import annotations

import math
import os
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from roentgene.ingest.proposing.proposal import Proposal, Section, as_name, may_stand
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.errors import FileError

_WIDTH = 98
_PATHS = ("pattern", "mask", "dicom", "file")
_UNKNOWN_ID, _UNKNOWN = "COHORT", "write it here"
# what came with the data must not end a comment and begin a key
_NO_LETTER, _SHORTEST_ID = re.compile(r"[\W_]+"), 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def write_proposal(proposal: Proposal, folder: Path, to: Path, *, force: bool = False) -> None:
    """Write a proposal as a cohort file.

    Parameters
    ----------
    proposal : Proposal
        What was recognised.
    folder : Path
        Where it was recognised.
    to : Path
        The file; paths in it start at its folder.
    force : bool
        Whether a file that is there already is written over.

    Raises
    ------
    FileError
        If the file exists, cannot be written, or would have to name a folder whose name looks
        like it holds a person or a date.
    """
    check_free(to, force=force)
    text = cohort_text(proposal, folder, to)
    try:
        with to.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        msg = f"{to} cannot be written ({error.strerror})"
        raise FileError(msg, "Write elsewhere with -o") from error


def check_free(to: Path, *, force: bool) -> None:
    """Refuse to write over a file (``FileError``), unless that is wanted."""
    if to.exists() and not (force and to.is_file()):
        msg = f"{to} exists"
        raise FileError(msg, "Write elsewhere with -o, or over a file with --force")


def cohort_text(proposal: Proposal, folder: Path, to: Path) -> str:
    """Lay a proposal out as the text of a cohort file.

    Parameters
    ----------
    proposal : Proposal
        What was recognised.
    folder : Path
        Where it was recognised.
    to : Path
        The file that the text is for, from whose folder its paths start.

    Raises
    ------
    FileError
        As :func:`write_proposal`.
    """
    start = _way(folder, to)
    parts = [
        *_header(proposal),
        *_head(proposal, folder),
        *_timepoints(proposal),
        "images:",
        *_sections(proposal.images, start),
        *_regions(proposal),
        *_block("profiles", ["original"], "how features are extracted; profiles of study.yaml"),
    ]
    if proposal.tables:
        parts += ["tables:", *_sections(proposal.tables, start)]
    expected = _expected(proposal)
    if expected:
        parts += _block("expect", expected, "what every patient should have")
    text = "\n".join(parts) + "\n"
    # what is written must be what ingest reads
    Cohort.model_validate(yaml.safe_load(text))
    return text


def _way(folder: Path, to: Path) -> str:
    """Find the way from the cohort file to the folder."""
    way = Path(os.path.relpath(folder.resolve(), to.resolve().parent)).as_posix()
    if not may_stand(way) or set("{}") & set(way):
        msg = "the way from the cohort file to the folder would stand in it, and has braces in it"
        if not may_stand(way):
            msg = (
                "the way from the cohort file to the folder would stand in it, and looks like it "
                "holds a date, a name or a number of somebody"
            )
        raise FileError(msg, "Write the file into the folder itself: -o DIR/cohort.yaml")
    return way


def _header(proposal: Proposal) -> Iterator[str]:
    yield from _comment(
        "Proposed by 'roentgene ingest propose'. Look it over, correct it, then see with "
        "'roentgene ingest plan' what it would do."
    )
    yield from _comment(f"Recognised: {proposal.recognised}")
    yield from _comment(f"Found: {proposal.found}")
    for title, lines in (("Guessed", proposal.guessed), ("Not in this file", proposal.left_out)):
        if lines:
            yield from _comment(f"{title}:")
            for line in lines:
                yield from _comment(f"- {line}")
    yield ""


def _comment(text: str, indent: str = "") -> list[str]:
    plain = _CONTROL.sub(" ", text)
    return textwrap.wrap(
        plain,
        _WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _head(proposal: Proposal, folder: Path) -> Iterator[str]:
    candidates = (proposal.title or "", folder.resolve().name)
    known = [as_name(text) for text in candidates if _names_nobody(text, proposal.patient_ids)]
    cohort_id = next(filter(None, known), _UNKNOWN_ID)
    yield from _block("cohort_id", cohort_id, "short name of the population: look")
    yield from _block("title", proposal.title or _UNKNOWN)
    yield from _block("license", proposal.license or _UNKNOWN)
    told = "a guess: diagnosis, first_surgery, baseline_scan or rt_start"
    yield from _block("day_zero", "baseline_scan", told)


def _names_nobody(text: str, patient_ids: Collection[str]) -> bool:
    """Whether neither a pattern nor the id of a patient stands in a text."""
    plain = _NO_LETTER.sub("", text.casefold())
    ids = (_NO_LETTER.sub("", one.casefold()) for one in patient_ids)
    return may_stand(text) and not any(len(one) >= _SHORTEST_ID and one in plain for one in ids)


def _timepoints(proposal: Proposal) -> Iterator[str]:
    if proposal.timepoints and list(proposal.timepoints) != ["baseline"]:
        yield from _block("timepoints", proposal.timepoints, "in their order")


def _regions(proposal: Proposal) -> Iterator[str]:
    if proposal.regions:
        yield from _block("regions", [dict(one) for one in proposal.regions])


def _expected(proposal: Proposal) -> dict[str, list[str]]:
    found = {
        "sequences": list(proposal.sequences),
        "regions": list(proposal.drawn),
    }
    return {key: names for key, names in found.items() if names}


def _sections(sections: Sequence[Section], start: str) -> Iterator[str]:
    for section in sections:
        for line in section.says:
            yield from _comment(line, "  ")
        keys = {
            key: _from(start, value) if key in _PATHS else value
            for key, value in section.keys.items()
        }
        lines = _dumped(keys, section.entries)
        yield from (f"  {'- ' if number == 0 else '  '}{line}" for number, line in enumerate(lines))


def _from(start: str, path: str) -> str:
    if start == ".":
        return path
    return start if path == "." else f"{start}/{path}"


def _block(key: str, value: Any, told: str | None = None) -> Iterator[str]:
    lines = _dumped({key: value})
    if told is not None and len(lines) == 1:
        lines[0] = f"{lines[0]}  # {told}"
    elif told is not None:
        lines.insert(0, f"# {told}")
    yield from lines


def _dumped(
    keys: Mapping[str, Any], entries: Mapping[str, Mapping[str, str]] | None = None
) -> list[str]:
    """Write keys one below the other, and what fits behind them in one line.

    Parameters
    ----------
    keys : mapping of str to object
        Keys with their values.
    entries : mapping of str to mapping of str to str, optional
        Comments behind the entries of the value of a key.
    """
    lines: list[str] = []
    for key, value in keys.items():
        said = (entries or {}).get(key, {})
        one = f"{key}: {_flow(value)}"
        if not isinstance(value, Mapping | list) or (not said and len(one) <= _WIDTH):
            lines.append(one)
        elif isinstance(value, Mapping):
            lines.append(f"{key}:")
            for name, entry in value.items():
                told = f"  # {_CONTROL.sub(' ', said[name])}" if name in said else ""
                lines.append(f"  {_flow(name)}: {_flow(entry)}{told}")
        else:
            lines += [f"{key}:", *(f"  - {_flow(entry)}" for entry in value)]
    return lines


def _flow(value: Any) -> str:
    """Write a value in one line."""
    text = yaml.safe_dump(
        _plain(value), default_flow_style=True, sort_keys=False, width=math.inf, allow_unicode=True
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
