"""Markdown as GitHub reads it: text, tables, headings and the links between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`+)(.+?)\1")
_ESCAPES = str.maketrans({"\\": r"\\", "*": r"\*", "<": "&lt;", ">": "&gt;"})
_NO_ANCHOR = re.compile(r"[^\w\- ]")
_BLANKS = re.compile(r"\s+")
_WORD_END = re.compile(r"[\s,;:]")


def prose(text: str) -> str:
    r"""Write text so that every sign means itself, but for code between backticks.

    Examples
    --------
    >>> prose("a * b < c, as in ``x * y``")
    'a \\* b &lt; c, as in `x * y`'
    """
    parts, end = [], 0
    text = _BLANKS.sub(" ", text).strip()
    for found in _CODE.finditer(text):
        parts += [text[end : found.start()].translate(_ESCAPES), code(found[2])]
        end = found.end()
    parts.append(text[end:].translate(_ESCAPES))
    return "".join(parts)


def sentence(text: str) -> str:
    """Write a phrase as a sentence; a name in front keeps its form.

    Examples
    --------
    >>> sentence("day of the visit"), sentence("lesion_id of the other. Or 0?")
    ('Day of the visit.', 'lesion_id of the other. Or 0?')
    """
    words = prose(text)
    if _WORD_END.split(words, 1)[0].isalpha():
        words = words[0].upper() + words[1:]
    return words if words.endswith((".", "?", "!")) else f"{words}."


def code(text: str) -> str:
    """Write a name as code."""
    return f"`{text}`"


def listed(names: Iterable[str]) -> str:
    """Write names as code, with commas between them."""
    return ", ".join(code(name) for name in names)


def anchor(heading: str) -> str:
    """Name that a heading has in links.

    Examples
    --------
    >>> anchor("imaging.feature_value"), anchor("tables: kind `clinical`")
    ('imagingfeature_value', 'tables-kind-clinical')
    """
    return _NO_ANCHOR.sub("", heading.lower()).replace(" ", "-")


def link(text: str, heading: str = "", page: str = "") -> str:
    """Link to a page, or to a heading of it or of this one.

    Examples
    --------
    >>> link("its row", "ops.batch", "tables.md")
    '[its row](tables.md#opsbatch)'
    """
    return f"[{text}]({page}{'#' + anchor(heading) if heading else ''})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Write a table; its cells are Markdown.

    Examples
    --------
    >>> print(table(["sign", "means"], [["`|`", "or"]]))
    | sign | means |
    | --- | --- |
    | `\|` | or |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_in_cell(cell) for cell in line)} |" for line in lines)


def _in_cell(text: str) -> str:
    return text.replace("|", r"\|")


def bullets(items: Iterable[str]) -> str:
    """Write a list."""
    return "\n".join(f"- {item}" for item in items)


def fenced(text: str, language: str) -> str:
    """Write lines as they are."""
    return f"```{language}\n{text.rstrip()}\n```"


def page(*blocks: str) -> str:
    """Put blocks together, each apart from the next."""
    return "\n\n".join(block for block in blocks if block) + "\n"
