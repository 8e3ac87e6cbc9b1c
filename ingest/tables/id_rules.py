"""The declared way from an id as given to the id of the cohort, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from roentgene.schemas.id_rules import KEPT_GROUP, IdRule
from roentgene.warehouse.id_key import IdKey

_TCGA = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}(-[0-9]{2}([A-Z](?![A-Z0-9])|(?![A-Z0-9])))?")
_PATIENT_LENGTH, _SAMPLE_LENGTH = 12, 15
_LAST_DIGITS = re.compile(r"[0-9]+\Z")


def normalise_id(given: str, rules: Iterable[IdRule], key: IdKey | None = None) -> str:
    r"""Apply the declared rules in their order to one id.

    ``tcga_patient`` and ``tcga_sample`` give barcodes in capitals. A rule that does not fit an id
    leaves it alone: a prefix or suffix that it lacks is not missed. Blanks around the id go before
    the first rule and after each. ``keyed_hash`` makes nothing of nothing.

    Parameters
    ----------
    given : str
        Id as the file has it.
    rules : iterable of IdRule
        The declared way.
    key : IdKey, optional
        Key of ``keyed_hash``.

    Raises
    ------
    ValueError
        If ids are to be hashed and there is no key: a fault of the caller.

    Examples
    --------
    >>> normalise_id(" tcga-du-7294-01A-11D ", [IdRule(rule="tcga_patient")])
    'TCGA-DU-7294'
    >>> normalise_id("TCGA-DU-7294-01A-11D", [IdRule(rule="tcga_sample", argument="16")])
    'TCGA-DU-7294-01A'
    >>> normalise_id("plgg-7", [IdRule(rule="tcga_patient")])
    'plgg-7'
    >>> rules = [IdRule(rule="strip_suffix", argument="_11"), IdRule(rule="lower")]
    >>> normalise_id("UPENN-GBM-00001_11", rules)
    'upenn-gbm-00001'
    >>> normalise_id("2", [IdRule(rule="add_prefix", argument="STS_00")])
    'STS_002'
    >>> normalise_id("STS_2", [IdRule(rule="zero_pad", argument="3")])
    'STS_002'
    >>> normalise_id("APL_17D", [IdRule(rule="regex", argument="^(?P<id>.+)[DR]$")])
    'APL_17'
    >>> normalise_id("TCGA.AB.3009", [IdRule(rule="regex", argument="[.]", replace="-")])
    'TCGA-AB-3009'
    >>> normalise_id(" Ab ", [])
    'Ab'
    """
    return normalise_ids([given], rules, key)[given]


def normalise_ids(
    given: Iterable[str], rules: Iterable[IdRule], key: IdKey | None = None
) -> dict[str, str]:
    """Apply the declared rules to many ids; see :func:`normalise_id`.

    Returns
    -------
    dict of str to str
        Id of the cohort for each distinct id as given, in the order of the file.
    """
    names = list(dict.fromkeys(given))
    found = [name.strip() for name in names]
    for rule in rules:
        found = [text.strip() for text in _apply(rule, found, key)]
    return dict(zip(names, found, strict=True))


def _apply(rule: IdRule, texts: list[str], key: IdKey | None) -> list[str]:
    match rule.rule:
        case "upper":
            return [text.upper() for text in texts]
        case "lower":
            return [text.lower() for text in texts]
        case "strip_prefix":
            return [text.removeprefix(rule.argument) for text in texts]
        case "strip_suffix":
            return [text.removesuffix(rule.argument) for text in texts]
        case "add_prefix":
            return [rule.argument + text for text in texts]
        case "zero_pad":
            return [_padded(text, int(rule.argument)) for text in texts]
        case "tcga_patient":
            return [_barcode(text, _PATIENT_LENGTH) for text in texts]
        case "tcga_sample":
            length = int(rule.argument or _SAMPLE_LENGTH)
            return [_barcode(text, length) for text in texts]
        case "regex":
            return _by_pattern(rule, texts)
        case "keyed_hash":
            return [_hashed(text, key) for text in texts]
        case "trim":
            return texts


def _padded(text: str, n_digits: int) -> str:
    return _LAST_DIGITS.sub(lambda found: found[0].zfill(n_digits), text)


def _barcode(text: str, length: int) -> str:
    """Begin of a TCGA barcode; what is none, or is too short to name a sample, as it is."""
    found = _TCGA.match(text.upper())
    if found is None:
        return text
    if length == _PATIENT_LENGTH:
        return found[0][:length]
    return found[0][:length] if found[1] else text


def _by_pattern(rule: IdRule, texts: list[str]) -> list[str]:
    # RE2, for its time is linear in the id; the standard library's is not
    column = pa.array(texts, pa.string())
    if rule.replace is not None:
        replaced: list[str] = pc.replace_substring_regex(
            column, pattern=rule.argument, replacement=rule.replace
        ).to_pylist()
        return replaced
    found = pc.extract_regex(column, pattern=rule.argument).to_pylist()
    return [
        text if parts is None else parts[KEPT_GROUP]
        for text, parts in zip(texts, found, strict=True)
    ]


def _hashed(text: str, key: IdKey | None) -> str:
    if key is None:
        msg = "ids are to be hashed, and no key was given"
        raise ValueError(msg)
    return key.hashed(text) if text else ""
