"""Texts that a spreadsheet takes for formulas and computes when it opens them.

A cell that begins with ``=``, ``+``, ``-`` or ``@`` is a formula to a spreadsheet (OWASP, *CSV
Injection*). To a clinician it may be a finding: ``+`` and ``-`` are results of markers, and
``+7/-10`` is a karyotype. So ``+`` and ``-`` count only where what follows reaches out of the
sheet; what begins with ``=``, or calls a function by ``@``, is no finding.
"""

from __future__ import annotations

import re

# functions of spreadsheets that load from elsewhere or run something
_REACHING = (
    "hyperlink|webservice|filterxml|import(?:xml|html|data|feed|range)|image|rtd|dde|call"
    "|register(?:[.]id)?|exec|indirect"
)
# a cell of another program (cmd|' /C calc'!A0), or of another sheet or file ('[f.xls]S'!A1)
_ELSEWHERE = "[|].*!|![$]?[A-Za-z]{1,3}[$]?[0-9]"
# the signs, and their wide forms, which spreadsheets of East Asia take for the same
_EQUALS, _AT, _SIGNS = "[=\uff1d]", "[@\uff20]", "[@\uff20+\uff0b\uff0d-]"

#: A cell that a spreadsheet would compute and that is no finding, for the engines of Polars and
#: of Python's :mod:`re`, which read it alike.
LIVE_FORMULA = (
    rf"(?s)^\s*(?:{_EQUALS}.*\S|{_AT}\s*[A-Za-z][A-Za-z0-9_.]*\s*[(]"
    rf"|{_SIGNS}.*(?:(?i:{_REACHING})\s*[(]|{_ELSEWHERE}))"
)
_LIVE = re.compile(LIVE_FORMULA)


def is_live_formula(text: str) -> bool:
    """Whether a spreadsheet would compute the text, and it is no finding.

    Examples
    --------
    >>> [is_live_formula(text) for text in ("=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", '="007"')]
    [True, True, True, True]
    >>> [is_live_formula(text) for text in ("+", "-2", "+7/-10", "-2+3", "+EGFR(amp)", "=", "@12")]
    [False, False, False, False, False, False, False]
    """
    return _LIVE.match(text) is not None
