"""Which id rule is missing: rules that would lead the unmatched ids of a table to known ones.

A proposal is for a person to look at and to write into the cohort file; no id is joined by it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from roentgene.ingest.tables.id_rules import normalise_ids
from roentgene.schemas.id_rules import IdRule

#: Part of a table's ids beyond which unmatched ones are no longer a few strangers.
LOST_PART = 0.2

# what leads fewer ids than these to known ones may be chance
_FEW = 3
_MOST_RULES = 4
_MOST_AFFIXES = 8
# a text that is stripped or added is no longer than this
_LONGEST_AFFIX = 24
# the ids that are looked at to find a rule, spread over the table
_LOOKED_AT = 2000
_SEPARATORS = ("-", "_", "")
_LAST_DIGITS = re.compile(r"[0-9]+\Z")


@dataclass(frozen=True)
class RuleProposal:
    """Id rules that would match more ids of a table.

    Parameters
    ----------
    rules : tuple of IdRule
        To be written behind those that the table declares.
    n_matched : int
        Ids of the table that would be known with them.
    n_before : int
        Ids of the table that are known without.
    n_ids : int
        Ids of the table.
    """

    rules: tuple[IdRule, ...]
    n_matched: int
    n_before: int
    n_ids: int

    @property
    def normalise(self) -> str:
        """The rules as a cohort file has them: ``[upper, {strip_suffix: _11}]``."""
        return f"[{', '.join(rule.short for rule in self.rules)}]"

    def __str__(self) -> str:
        """Say what they would do."""
        return f"normalise: {self.normalise} would match {self.n_matched} of {self.n_ids}"


def propose_rules(table_ids: Iterable[str], known_ids: Iterable[str]) -> RuleProposal | None:
    """Find the fewest id rules that match the most ids of a table.

    From letter case on, the rule that gains most is taken, then the next that still gains: letter
    case, TCGA barcode, separators, zeros before the last number, and texts before or behind that
    unmatched ids have more or less than known ones. A text of digits alone is never stripped or
    added, for it may be part of the number.

    Parameters
    ----------
    table_ids : iterable of str
        Ids of a table after its declared rules.
    known_ids : iterable of str
        Ids of the cohort.

    Returns
    -------
    RuleProposal or None
        None where no rule matches at least three ids more.

    Examples
    --------
    >>> str(propose_rules(["p1_11", "p2_11", "p3_11", "x"], ["P1", "P2", "P3", "P4"]))
    'normalise: [upper, {strip_suffix: _11}] would match 3 of 4'
    """
    every = sorted(set(table_ids))
    known = frozenset(known_ids)
    if not known or not every:
        return None
    looked_at = every[:: len(every) // _LOOKED_AT + 1]
    starts = [(), (IdRule(rule="upper"),), (IdRule(rule="lower"),)]
    found = [_climb(looked_at, known, start) for start in starts]
    # of what matches as much, the fewest rules
    rules = max(found, key=lambda rules: (_n_known(looked_at, known, rules), -len(rules)))
    n_before = len(known.intersection(every))
    n_matched = _n_known(every, known, rules)
    if n_matched - n_before < _FEW:
        return None
    return RuleProposal(rules, n_matched, n_before, len(every))


def _climb(
    ids: Sequence[str], known: Collection[str], start: tuple[IdRule, ...]
) -> tuple[IdRule, ...]:
    rules, n_known = start, _n_known(ids, known, start)
    while len(rules) < _MOST_RULES:
        now = list(normalise_ids(ids, rules).values())
        steps = [(_n_known(now, known, (rule,)), rule) for rule in _candidates(now, known)]
        best, rule = max(steps, key=lambda step: step[0], default=(0, None))
        if rule is None or best <= n_known:
            break
        rules, n_known = (*rules, rule), best
    return rules


def _n_known(ids: Iterable[str], known: Collection[str], rules: tuple[IdRule, ...]) -> int:
    return sum(found in known for found in normalise_ids(ids, rules).values())


def _candidates(ids: Sequence[str], known: Collection[str]) -> Iterator[IdRule]:
    for name in ("upper", "lower", "tcga_patient", "tcga_sample"):
        yield IdRule.model_validate(name)
    for separator in _SEPARATORS:
        pattern = {"rule": "regex", "argument": r"[-_.\s]+", "replace": separator}
        yield IdRule.model_validate(pattern)
    lengths = Counter(len(found[0]) for name in known if (found := _LAST_DIGITS.search(name)))
    for length, _ in lengths.most_common(1):
        yield IdRule(rule="zero_pad", argument=str(length))
    for rule, texts in _affixes([name for name in ids if name not in known], known).items():
        for text, _ in texts.most_common(_MOST_AFFIXES):
            yield IdRule.model_validate({"rule": rule, "argument": text})


def _affixes(ids: Iterable[str], known: Collection[str]) -> dict[str, Counter[str]]:
    """Texts that unmatched ids have before or behind a known id, or lack; with how often."""
    found: dict[str, Counter[str]] = {
        "strip_suffix": Counter(),
        "strip_prefix": Counter(),
        "add_prefix": Counter(),
    }
    tails: dict[str, set[str]] = {}
    for name in known:
        for cut in range(1, min(len(name), _LONGEST_AFFIX)):
            tails.setdefault(name[cut:], set()).add(name[:cut])
    for name in ids:
        for cut in range(1, min(len(name), _LONGEST_AFFIX)):
            if name[:-cut] in known:
                found["strip_suffix"][name[-cut:]] += 1
            if name[cut:] in known:
                found["strip_prefix"][name[:cut]] += 1
        found["add_prefix"].update(tails.get(name, ()))
    for texts in found.values():
        for text in [text for text in texts if text.isdigit() or not text.strip()]:
            del texts[text]
    return found
