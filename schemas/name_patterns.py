"""Patterns of ids and names of columns: ``{placeholders}``, or a regular expression."""

from __future__ import annotations

import re
from functools import cache

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_GROUP = "(?P<"


def placeholders(pattern: str) -> tuple[str, ...]:
    """Names that a pattern has parts for, in their order, each once.

    Raises
    ------
    ValueError
        If the pattern cannot be read.

    Examples
    --------
    >>> placeholders("{patient_id}_{date}_{time}")
    ('patient_id', 'date', 'time')
    >>> placeholders(r"(?P<patient_id>TCGA-..-....)")
    ('patient_id',)
    """
    return tuple(_compiled(pattern, shortest_first=True).groupindex)


def parts_of(pattern: str, text: str) -> dict[str, str] | None:
    r"""Take the parts out of a text.

    A regular expression is looked for anywhere in the text. A pattern of placeholders must match
    the whole of it; there a placeholder takes as little as it can, and the last one the rest.

    Returns
    -------
    dict of str to str or None
        Text of each part; None where the pattern does not match.

    Examples
    --------
    >>> parts_of("{sequence}_{region}_{feature}", "FLAIR_NC_GLCM_Energy")
    {'sequence': 'FLAIR', 'region': 'NC', 'feature': 'GLCM_Energy'}
    >>> parts_of(r"/(?P<patient_id>P\d+)/", "/scans/P17/t1.nii.gz")
    {'patient_id': 'P17'}
    """
    return _matched(pattern, text, shortest_first=True)


def is_ambiguous(pattern: str, text: str) -> bool:
    """Whether the placeholders of a pattern could divide a text in another way too.

    Examples
    --------
    >>> is_ambiguous("{patient_id}_{scan}", "STS_002_11")
    True
    >>> is_ambiguous("{patient_id}_{scan}", "STS-002_11")
    False
    """
    return parts_of(pattern, text) != _matched(pattern, text, shortest_first=False)


def _matched(pattern: str, text: str, *, shortest_first: bool) -> dict[str, str] | None:
    expression = _compiled(pattern, shortest_first=shortest_first)
    found = expression.search(text) if _GROUP in pattern else expression.fullmatch(text)
    if found is None:
        return None
    return {name: part for name, part in found.groupdict().items() if part is not None}


@cache
def _compiled(pattern: str, *, shortest_first: bool) -> re.Pattern[str]:
    try:
        return re.compile(pattern if _GROUP in pattern else _expression(pattern, shortest_first))
    except re.error as error:
        msg = f"'{pattern}' is no regular expression: {error}"
        raise ValueError(msg) from error


def _expression(pattern: str, shortest_first: bool) -> str:
    anything = ".+?" if shortest_first else ".+"
    expression, seen, end = "", set[str](), 0
    for found in _PLACEHOLDER.finditer(pattern):
        name, fixed = found[1], pattern[end : found.start()]
        if end and not fixed:
            msg = f"'{pattern}' does not say where one placeholder ends and the next begins"
            raise ValueError(msg)
        group = f"(?P={name})" if name in seen else f"(?P<{name}>{anything})"
        expression += re.escape(fixed) + group
        seen.add(name)
        end = found.end()
    rest = pattern[end:]
    if not seen or set("{}") & set(_PLACEHOLDER.sub("", pattern)):
        msg = f"'{pattern}' is no pattern: write {{placeholders}} in small letters"
        raise ValueError(msg)
    return expression + re.escape(rest)
