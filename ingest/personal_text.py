"""What in a text looks like a person: names, addresses, numbers of people, calendar dates.

Patterns find what has a form of its own; a name without a label has none (``Anna Schmidt``), which
is why columns that announce people are known by their names too. The patterns are written in what
the engines of Polars and of Python's :mod:`re` share, and no backtracking is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

# a letter of Latin, Greek or Cyrillic script; where a word begins and ends, underscores being no
# part of words here. Classes are spelt out: those of Unicode make patterns thirty times slower
_L, _FROM, _TO = "[A-Za-z\u00c0-\u024f\u0370-\u04ff]", "(?:^|[^A-Za-z0-9])", "(?:$|[^A-Za-z0-9])"
_CAPITAL = "[A-Z\u00c0-\u00de]"
# what stands before a number that is no part of an id, and where one ends, be it a sentence's last
_ALONE = "(?:^|[^A-Za-z0-9_.)+-])"
_NUMBER_ENDS = "(?:$|[^A-Za-z0-9_.-]|[.](?:[ \t]|$))"
_NO = "(?:[ _-]?(?:number|nummer|num|no|nr|id)[.]?)?"
_SAYS = "[ :.#=_-]*"

# PS3.5 of DICOM, 6.2.1: the parts of a person name are joined by ^
_NAME = "|".join(
    (
        rf"{_L}{_L}[.]?\^+{_L}",
        rf"{_L}{_L}\^\^",
        rf"{_FROM}{_CAPITAL}\^{_CAPITAL}{_L}",
        "[\u4e00-\u9fff]\\^[\u4e00-\u9fff]",
        rf"{_FROM}(?:Mr|Mrs|Ms|Dr|Prof)[.] +(?:{_CAPITAL}[.] *)?{_CAPITAL}{_L}",
        rf"{_FROM}(?:Frau|Herrn?) +{_CAPITAL}{_L}",
        rf"(?i:{_FROM}(?:patient(?:en|'?s)?[ _-]?name|name of (?:the )?patient|(?:sur|last |first "
        "|family |maiden |nach|vor|geburts)name) *[:=] *[^ ])",
    )
)
_EMAIL = "[A-Za-z0-9_%+-]@[A-Za-z0-9-]+(?:[.][A-Za-z0-9-]+)*[.][A-Za-z]{2}"
_PHONE = "|".join(
    (
        rf"(?i:{_FROM}(?:tel|telefon|telephone|phone|mobile|mobil|fax)[.]?{_NO}{_SAYS}[+(]*"
        "[0-9](?:[ ()/.-]*[0-9]){5})",
        rf"(?:^|[^A-Za-z0-9_.)+])[+][1-9][ ()/-]*[0-9](?:[ ()/-]*[0-9]){{6,13}}{_NUMBER_ENDS}",
        rf"(?:^|[^A-Za-z0-9_.)+])[+][1-9][0-9]?[0-9]?(?:[.][0-9]{{2,4}}){{2,4}}{_NUMBER_ENDS}",
        rf"(?:^|[^A-Za-z0-9_.])00[1-9][0-9]?[0-9]?[ /-][0-9]{{2,4}}[ /-][0-9]{{3}}[0-9 -]*"
        rf"{_NUMBER_ENDS}",
        # North American: neither area nor exchange begins with 0 or 1
        rf"{_ALONE}(?:1[ .-])?(?:[(][2-9][0-9]{{2}}[)] ?|[2-9][0-9]{{2}}[.-])[2-9][0-9]{{2}}[.-]"
        rf"[0-9]{{4}}{_NUMBER_ENDS}",
        rf"(?:^|[^A-Za-z0-9_.])0[1-9][0-9]{{1,4}} ?/ ?[0-9]{{5,9}}{_NUMBER_ENDS}",
    )
)
_RECORD_NUMBER = "|".join(
    (
        rf"(?i:{_FROM}(?:mrn|medical[ _-]?record{_NO}|(?:hospital|chart|admission)[ _-](?:number"
        "|num|no|nr)|fall-?(?:nr|nummer)|patienten?-?(?:nr|nummer)|pat[.]? ?nr)"
        rf"{_SAYS}(?:is )?[a-z]{{0,4}}[_-]?[0-9]{{4}})",
        rf"(?i:{_FROM}(?:patient|subject|pat[.]?)(?:'?s)?[ _-]?(?:id|identifier|number|no)[.]?"
        " *[:=#] *[a-z0-9])",
        rf"(?i:{_FROM}accession{_NO}{_SAYS}[0-9]{{5}})",
    )
)
_INSURANCE_NUMBER = "|".join(
    (
        # Social Security Administration: never 000, 666 or 9xx, nor a group of zeros
        "(?:^|[^A-Za-z0-9.-])(?:00[1-9]|0[1-9][0-9]|[1-578][0-9]{2}|6[0-57-9][0-9]|66[0-57-9])"
        "-(?:0[1-9]|[1-9][0-9])-(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
        "(?:$|[^A-Za-z0-9-])",
        # of Switzerland, the United Kingdom, France and Germany
        "(?:^|[^0-9.])756[.][0-9]{4}[.][0-9]{4}[.][0-9]{2}(?:$|[^0-9.])",
        rf"{_FROM}[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] [0-9]{{2}} [0-9]{{2}} [0-9]{{2}} [A-D]{_TO}",
        rf"{_FROM}[12] [0-9]{{2}} (?:0[1-9]|1[0-2]) [0-9][0-9AB] [0-9]{{3}} [0-9]{{3}} "
        rf"[0-9]{{2}}{_TO}",
        rf"{_FROM}[0-9]{{2}} [0-3][0-9][01][0-9]{{3}} [A-Z] [0-9]{{3}}{_TO}",
        rf"(?i:{_FROM}(?:ssn|social security|insurance|sozialversicherungs?|versicherungs?"
        rf"|versicherten|nhs|medicare|krankenkassen?|ahv|svnr)[ -]?{_NO}{_SAYS}[a-z]{{0,3}} ?"
        "[0-9](?:[ .-]?[0-9]){5})",
    )
)

_Y = "(?:19|20)[0-9]{2}"
_M, _MM = "(?:0?[1-9]|1[0-2])", "(?:0[1-9]|1[0-2])"
_D, _DD = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0[1-9]|[12][0-9]|3[01])"
_COMPACT = f"{_Y}{_MM}{_DD}"
_MONTH = (
    "(?i:jan(?:uar|uary)?|feb(?:ruar|ruary)?|mar(?:ch)?|m(?:\u00e4|ae)rz|apr(?:il)?|may|mai|june?"
    "|juni|july?|juli|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)"
)
# dots join versions and UIDs too, so that no number may stand before or behind them
_BEFORE, _BEFORE_DOTS = "(?:^|[^0-9])", "(?:^|[^0-9.])"
_BEHIND, _BEHIND_DOTS = "(?:$|[^0-9])", "(?:$|[^0-9.]|[.](?:[^0-9]|$))"
# a number of eight digits is a date if something else stands with it; not where it is a position
# (chr7:20010412-20010500), an accession (rs20190304) or a fraction
_BEFORE_COMPACT = "(?:[^A-Za-z0-9:.-]|(?:^|[^0-9:])[0-9]{0,7}-|(?:^|[^0-9])[.])"
_BEHIND_COMPACT = "(?:[^A-Za-z0-9:.]|T[0-9]{2}|[.](?:[^0-9]|$))"
_DATE = "|".join(
    (
        f"{_BEFORE}{_Y}(?:-{_M}-{_D}|/{_M}/{_D}|_{_MM}_{_DD}){_BEHIND}",
        f"{_BEFORE_DOTS}{_Y}[.]{_MM}[.]{_DD}{_BEHIND_DOTS}",
        f"{_BEFORE}(?:{_D}-{_M}|{_M}-{_D})-{_Y}{_BEHIND}",
        f"{_BEFORE}(?:{_D}/{_M}|{_M}/{_D})/{_Y}{_BEHIND}",
        f"{_BEFORE}(?:{_DD}_{_MM}|{_MM}_{_DD})_{_Y}{_BEHIND}",
        f"{_BEFORE_DOTS}(?:{_D}[.] ?{_M}|{_M}[.]{_D})[.] ?{_Y}{_BEHIND_DOTS}",
        f"{_BEFORE_COMPACT}{_COMPACT}(?:$|{_BEHIND_COMPACT})",
        f"^{_COMPACT}{_BEHIND_COMPACT}",
        f"(?i:date|datum|dob|day) *[:=] *{_COMPACT}{_BEHIND}",
        f"{_BEFORE}{_D}(?:st|nd|rd|th)?[ ./-]*{_MONTH}[ ./,-]*{_Y}{_BEHIND}",
        f"{_FROM}{_MONTH}(?:[ .]*{_D}(?:st|nd|rd|th)?[ ,]+|[ .,/-]+){_Y}{_BEHIND}",
    )
)
# a whole cell, believed only where every cell of the column is like that
_PERHAPS_DATE = (
    rf"^(?:{_D}[-/.]{_D}[-/.][0-9]{{2}}"
    rf"|{_COMPACT}(?:(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:[.][0-9]{{1,6}})?)?)?"
    rf"|{_Y}[-/.]{_MM}"
    rf"|{_D}[ -]{_MONTH}[ -][0-9]{{2}}"
    rf"|{_MONTH}{_Y})$"
)

#: What :data:`PATTERNS` calls a date.
DATE = "calendar date"
#: What each pattern finds, in the order in which they are told.
PATTERNS: Mapping[str, str] = {
    "person name": _NAME,
    "e-mail address": _EMAIL,
    "phone number": _PHONE,
    "record number": _RECORD_NUMBER,
    "insurance number": _INSURANCE_NUMBER,
    DATE: _DATE,
}
# what a text must have for a pattern to fit: most texts have it not, which is told much faster
_NEEDED: Mapping[str, str] = {
    "person name": r"\^|(?:Mr|Mrs|Ms|Dr|Prof)[.] |Frau |Herrn? |(?i:name)[^A-Za-z0-9]",
    "e-mail address": "@",
    "phone number": "[+][1-9]|00[1-9][0-9]?[0-9]?[ /-]|[0-9]{3}[).-] ?[0-9]{3}[.-][0-9]{4}"
    "|0[1-9][0-9]+ ?/ ?[0-9]|(?i:tel|phone|mobil|fax)",
    "record number": "(?i:mrn|record|accession|(?:hospital|chart|admission)[ _-]|nr|nummer"
    "|(?:pat[.]?|patient(?:'?s)?|subject(?:'?s)?)[ _-]?(?:id|number|no))",
    "insurance number": "[0-9]-[0-9]{2}-[0-9]{4}|756[.]|[0-9] [0-9]{2} [0-9]|[0-9] [A-Z] [0-9]"
    "|(?i:ssn|nhs|security|insur|versicher|medicare|kranken|ahv|svnr)",
    DATE: _Y,
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in PATTERNS.items()}

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_ANNOUNCING = re.compile(
    r"^name$|\b(?:first|last|middle|given|family|maiden|full|sur|fore) ?names?\b"
    r"|\bpatients? ?(?:s )?names?\b|\b(?:vor|nach|familien|geburts|patienten)name\b"
    r"|\b(?:referring|performing|attending|requesting|consulting) ?physicians?\b"
    r"|\b(?:operators?|physicians?|radiologists?) ?(?:s )?names?\b"
    r"|\bdate ?of ?birth\b|\bbirth ?(?:dates?|times?|days?)\b|\bgeburts ?(?:datum|tag)\b"
    r"|(?<!hla )\bdob\b"
    r"|\bmrns?\b|\bmedical ?record\b|\b(?:hospital|chart) ?(?:number|no|nr)\b"
    r"|\b(?:fall|patienten) ?(?:nummer|nr)\b|\baccession ?(?:number|num|no|nr)s?\b"
    r"|\baddress(?:es)?(?: line)?(?: \d)?$|\b(?:adresse|anschrift|strasse)\b|^street\b"
    r"|(?:^|\b(?:patient|home|postal) )zip$|\bzip ?codes?\b|\bpost(?:al)? ?codes?\b"
    r"|\b(?:plz|postleitzahl)\b"
    r"|\b(?:tele)?phones?(?: ?(?:numbers?|no|nr))?$|\bmobile(?: ?(?:phone|number|no))?$"
    r"|\btelefon|^(?:tel|fax)(?: ?(?:number|no|nr))?$|\be ?mails?\b"
    r"|\bssn\b|\bsocial ?security\b|\b(?:insurance|medicare|nhs) ?(?:number|no|nr|id)\b"
    r"|\bversicher(?:ten|ungs) ?(?:nummer|nr)\b|\bnext ?of ?kin\b|\bemergency ?contact\b"
)


def has_date(cell: str) -> pl.Expr:
    """Whether a calendar date stands anywhere in the text of a column."""
    return pl.col(cell).str.contains(_DATE)


def may_be_date(cell: str) -> pl.Expr:
    """Whether the text is a date if its neighbours are: two digits of a year, ``20190304``."""
    return has_date(cell) | pl.col(cell).str.contains(_PERHAPS_DATE)


def personal_texts(texts: pl.Series) -> dict[str, str]:
    """Find the texts in which something looks like a person.

    Parameters
    ----------
    texts : polars.Series of str
        Texts, which may repeat or be NULL; each is looked at once.

    Returns
    -------
    dict of str to str
        Each such text, with what it looks like: a key of :data:`PATTERNS`.

    Examples
    --------
    >>> personal_texts(pl.Series(["DOE^JOHN", "TCGA-DU-7294", None, "seen on 4.3.2019"]))
    {'DOE^JOHN': 'person name', 'seen on 4.3.2019': 'calendar date'}
    """
    # of categories each is written out once, however often it stands
    distinct = texts.unique(maintain_order=True).cast(pl.String).drop_nulls()
    found: dict[str, str] = {}
    for kind, pattern in PATTERNS.items():
        possible = distinct.filter(distinct.str.contains(_NEEDED[kind]))
        for text in possible.filter(possible.str.contains(pattern)):
            found.setdefault(text, kind)
    return found


def text_columns(rows: pl.DataFrame) -> list[str]:
    """Columns that hold text, as such or as categories.

    Examples
    --------
    >>> rows = pl.DataFrame({"a": ["x"], "b": ["x"], "n": [1]})
    >>> text_columns(rows.with_columns(pl.col("b").cast(pl.Categorical)))
    ['a', 'b']
    """
    # a set of types does not do: that of categories is not equal to itself there
    kinds = (pl.String, pl.Categorical, pl.Enum)
    return [name for name, kind in rows.schema.items() if isinstance(kind, kinds)]


def looks_like(text: str) -> str | None:
    """Say what in a single text looks like a person: a key of :data:`PATTERNS`, or None.

    Examples
    --------
    >>> looks_like("MRN 1234567")
    'record number'
    >>> looks_like("PCAMPMRI-00775_20000101_0927")
    'calendar date'
    >>> looks_like("1.2.840.113619.2.55.3.20190304") is None
    True
    """
    return next((kind for kind, found in _COMPILED.items() if found.search(text)), None)


def announces_person(column: str) -> bool:
    """Whether a column's name says that it holds what names people, whatever stands in it.

    Examples
    --------
    >>> [announces_person(name) for name in ("PatientName", "date_of_birth", "DOB", "zip_code")]
    [True, True, True, True]
    >>> [announces_person(name) for name in ("HLA-DOB", "GEO accession", "birth_weight", "ZIP4")]
    [False, False, False, False]
    """
    return bool(_ANNOUNCING.search(" ".join(_WORDS.findall(column)).lower()))
