"""Files of a warehouse beside its tables that may name a person: reports, logs, staged cases."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from roentgene.warehouse.care.names import Names
from roentgene.warehouse.layout import Layout

_ROW = re.compile(r"<tr\b.*?</tr>\s*", re.DOTALL)
_PAGES = frozenset({".html", ".htm"})
# texts that are made of lines, each about one thing
_OF_LINES = frozenset({".jsonl", ".log", ".txt", ".csv", ".tsv", ".ndjson"})


@dataclass(frozen=True)
class Swept:
    """What was found in a folder, or done to it.

    Parameters
    ----------
    cleaned : tuple of str
        Files of which lines or rows were taken out.
    removed : tuple of str
        Files and folders that were removed.
    left : tuple of str
        Files that name the person and that only a human being can mend.
    """

    cleaned: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def sweep(layout: Layout, names: Names, *, dry_run: bool = False) -> Swept:
    """Take a person out of the files beside the tables.

    Staged cases, seals and what queries spilled are made again whenever they are needed, so they
    all go. Pages and logs lose the rows and lines that name the person; where a name is too short
    to be found in a text, the pages of the person's cohorts go whole.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    names : Names
        What the person is called.
    dry_run : bool
        Whether only to tell.

    Returns
    -------
    Swept
        By names that are relative to the warehouse, and told only where they name nobody.
    """
    staged = [path for path in _children(layout.staging)]
    cleaned, removed, left = [], list(staged), []
    for file in _files_beside(layout):
        content = _text(file)
        if names.are_in(file.name) or _is_of_cohort(file, content, names):
            removed.append(file)
        elif content is None or not _names(content, names):
            continue
        elif file == layout.study or file.suffix not in _PAGES | _OF_LINES:
            left.append(file)
        else:
            cleaned.append(file)
            if not dry_run:
                _write(file, _cleaned(file, content, names))
    for path in () if dry_run else removed:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return Swept(*(_told(layout, paths, names) for paths in (cleaned, removed, left)))


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _files_beside(layout: Layout) -> Iterator[Path]:
    """Give the files that no other step of an erasure sees to."""
    seen_to = {layout.data, layout.staging, layout.releases, layout.published.parent}
    for path in _children(layout.root):
        if path in seen_to or path.name.startswith((layout.catalogue.name, "writer.lock")):
            continue
        yield from (one for one in (path, *path.rglob("*")) if one.is_file())


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return None


def _names(content: str, names: Names) -> bool:
    return names.are_in(content) or names.are_in(html.unescape(content))


def _is_of_cohort(file: Path, content: str | None, names: Names) -> bool:
    if not names.untelling or content is None or file.suffix not in _PAGES:
        return False
    return any(re.search(rf"\b{re.escape(cohort)}\b", content) for cohort in names.cohorts)


def _cleaned(file: Path, content: str, names: Names) -> str:
    if file.suffix in _PAGES:
        content = _ROW.sub(lambda row: "" if _names(row[0], names) else row[0], content)
    return "".join(line for line in content.splitlines(keepends=True) if not _names(line, names))


def _write(file: Path, content: str) -> None:
    unfinished = file.with_name(f".{file.name}.erasing")
    unfinished.write_text(content, encoding="utf-8")
    unfinished.replace(file)


def _told(layout: Layout, paths: list[Path], names: Names) -> tuple[str, ...]:
    told = [path.relative_to(layout.root).as_posix() for path in paths]
    return tuple(names.taken_out(name) or "" for name in told)
