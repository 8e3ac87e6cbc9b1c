"""Ids: the declared way from an id as given to the id of the cohort, and what does not meet.

Nothing is guessed. Blanks around an id never mean anything and are always taken away; whatever
else is to be changed, the cohort file says. An id that is nearly a known one is therefore refused
with the known one's name, and joined only once a rule leads from one to the other.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from unicodedata import normalize

from roentgene.ingest.tables.id_proposals import LOST_PART, RuleProposal, propose_rules
from roentgene.ingest.tables.id_rules import normalise_id as normalise_id
from roentgene.ingest.tables.id_rules import normalise_ids as normalise_ids

_PUNCTUATION = re.compile(r"(?<=\d)[\W_]+(?=\d)|[\W_]+")
# capitals of Cyrillic and Greek that look like Latin ones (Unicode Technical Standard 39)
_LOOK_ALIKE = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "ABEKMHOPCTYXSIJABEZHIKMNOPTYX",
)
# below this the most similar id is no likelier to be meant than any other
_SIMILAR = 0.6
# neighbours looked at on each side, in the order of the ids and of the ids read backwards
_NEIGHBOURS = 8
# the nearest known id is a hint for a reader; nobody reads more than these
_HINTS = 1000
# a cell that is longer is no id, and comparing it would take minutes
_LONGEST = 256


@dataclass(frozen=True)
class IdMatch:
    """Ids of a table against the ids that are known.

    Parameters
    ----------
    matched : frozenset of str
        Ids on both sides.
    only_in_table, only_in_cohort : tuple of str
        Ids that the other side does not have, sorted; near misses are among them.
    near_misses : dict of str to str
        Ids of the table that differ from another id only in case or punctuation, with that id.
    proposal : RuleProposal or None
        Id rules that would match more, where more than a fifth of the table's ids are unmatched
        and there are such rules.
    """

    matched: frozenset[str] = frozenset()
    only_in_table: tuple[str, ...] = ()
    only_in_cohort: tuple[str, ...] = ()
    near_misses: Mapping[str, str] = field(default_factory=dict)
    proposal: RuleProposal | None = None

    @property
    def n_ids(self) -> int:
        """Ids of the table."""
        return len(self.matched) + len(self.only_in_table)


def fold_id(text: str) -> str:
    """Form in which ids are equal that a reader would take for one.

    They differ only in case or punctuation, or in letters that look alike: another composition
    (NFC, NFD), wide forms, Cyrillic or Greek capitals for Latin ones. Punctuation between two
    digits stays a boundary, for there it separates two numbers.

    Examples
    --------
    >>> fold_id("TCGA-DU-7294") == fold_id("tcga.du_7294") == fold_id("tcgadu7294")
    True
    >>> fold_id("site 1-12") == fold_id("site 11-2")
    False
    >>> fold_id("\N{CYRILLIC CAPITAL LETTER ER}7") == fold_id("P7")
    True
    """
    plain = text if text.isascii() else normalize("NFKC", text).translate(_LOOK_ALIKE)
    return _PUNCTUATION.sub(_boundary, plain.casefold())


def _boundary(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    inside = start > 0 and end < len(text)
    between = inside and text[start - 1].isdigit() and text[end].isdigit()
    return "-" if between else ""


def match_ids(table_ids: Iterable[str], known_ids: Iterable[str]) -> IdMatch:
    """Compare the ids of a table with the ids that are known.

    Parameters
    ----------
    table_ids : iterable of str
        Ids after the declared rules, in the order of the file. Of two new ids that differ only in
        case or punctuation the first stands and the second is a near miss of it.
    known_ids : iterable of str
        Ids of the cohort.

    Examples
    --------
    >>> found = match_ids(["P1", "p-2", "P9"], ["P1", "P2", "P3"])
    >>> sorted(found.matched), found.only_in_table, found.only_in_cohort
    (['P1'], ('P9', 'p-2'), ('P2', 'P3'))
    >>> found.near_misses
    {'p-2': 'P2'}
    """
    wanted, known = dict.fromkeys(table_ids), frozenset(known_ids)
    only_in_table = tuple(sorted(set(wanted) - known))
    only_in_cohort = tuple(sorted(known.difference(wanted)))
    near = near_misses(wanted, known)
    matched = known.intersection(wanted)
    lost = len(only_in_table) > LOST_PART * len(wanted)
    proposal = propose_rules(wanted, known) if lost else None
    return IdMatch(matched, only_in_table, only_in_cohort, near, proposal)


def near_misses(table_ids: Iterable[str], known_ids: Iterable[str]) -> dict[str, str]:
    """Ids that differ from a known one, or from an earlier new one, in case or punctuation alone.

    Examples
    --------
    >>> near_misses(["P1", "p-2", "New 7", "new_7"], ["P1", "P2"])
    {'p-2': 'P2', 'new_7': 'New 7'}
    """
    known = frozenset(known_ids)
    folded = {fold_id(name): name for name in sorted(known, reverse=True)}
    found = {}
    for name in dict.fromkeys(table_ids):
        if name not in known:
            first = folded.setdefault(fold_id(name), name)
            if first != name:
                found[name] = first
    return found


def nearest_ids(ids: Iterable[str], others: Iterable[str]) -> dict[str, str]:
    """Most similar other id for each id that has one.

    Ids are compared without case and punctuation by the ratio of :mod:`difflib`. Against many
    others only those are compared that begin or end most alike; after a thousand ids no more
    hints are given.

    Examples
    --------
    >>> nearest_ids(["sts-2", "x"], ["STS_002", "STS_014"])
    {'sts-2': 'STS_002'}
    """
    forms = {_letters(name): name for name in sorted(others, reverse=True)}
    forwards = sorted(forms)
    backwards = sorted(form[::-1] for form in forms)
    found = {}
    for name in [name for name in ids if len(name) <= _LONGEST][:_HINTS]:
        form = _letters(name)
        candidates = {*_around(forwards, form)}
        candidates |= {other[::-1] for other in _around(backwards, form[::-1])}
        scored = [(SequenceMatcher(None, form, other).ratio(), other) for other in candidates]
        ratio, best = max(scored, key=lambda pair: (pair[0], pair[1]), default=(0.0, ""))
        if ratio >= _SIMILAR:
            found[name] = forms[best]
    return found


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _around(ordered: list[str], form: str) -> list[str]:
    place = bisect_left(ordered, form)
    return ordered[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS]
