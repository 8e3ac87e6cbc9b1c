"""Id rules: the declared, ordered way from an id as a file gives it to the id of the cohort."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from roentgene.schemas.declared import Declared

RuleName = Literal[
    "trim",
    "upper",
    "lower",
    "tcga_patient",
    "tcga_sample",
    "strip_prefix",
    "strip_suffix",
    "add_prefix",
    "zero_pad",
    "regex",
    "keyed_hash",
]

#: Rules that are written with a text, and those that may be.
_WITH_TEXT = frozenset({"strip_prefix", "strip_suffix", "add_prefix", "zero_pad", "regex"})
_MAYBE_WITH_TEXT = frozenset({"tcga_sample"})
#: Lengths of a TCGA barcode that names a sample: without and with the letter of its vial.
_TCGA_SAMPLE_LENGTHS = ("15", "16")
_MOST_DIGITS = 32
_LONGEST_PATTERN = 500
#: Group of a regular expression that is kept.
KEPT_GROUP = "id"


class IdRule(Declared):
    r"""One step of the declared way from an id as given to the id of the cohort.

    A step without a text is written as a word, ``upper``; one with a text as ``{strip_suffix:
    _11}``. They apply in their order, and one that does not fit an id leaves it as it is:

    - ``upper``, ``lower``: letter case. ``trim``: blanks around the id, which are always taken
      away.
    - ``strip_prefix``, ``strip_suffix``, ``add_prefix``: a text.
    - ``zero_pad``: zeros before the digits at the end until there are so many: ``{zero_pad: 3}``
      makes ``STS_002`` of ``STS_2``.
    - ``tcga_patient``, ``tcga_sample``: the first 12 characters of a TCGA barcode, which name the
      patient, or the first 15, which name the specimen (``{tcga_sample: 16}`` with its vial).
    - ``regex``: what the group ``id`` of a regular expression holds, ``{regex:
      '^(?P<id>P\d+)[DR]$'}``; or the id with every match replaced, ``{regex: '[._]', replace:
      '-'}``, where ``\1`` stands for the first group. The syntax is that of RE2, which takes
      linear time whatever the id is, and so has no look-around.
    - ``keyed_hash``: a hash in place of what the rules before it leave, made with the key that the
      environment variable ``ROENTGENE_ID_KEY`` names; where one source of a cohort has it, all
      must.
    """

    rule: RuleName
    """What is done to the id."""
    argument: str = ""
    """The text that is stripped or added, the number of digits or characters, or the pattern."""
    replace: str | None = None
    """What stands in place of every match of ``regex``; left out, its group ``id`` is kept."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """Accept ``upper``, ``{strip_suffix: _11}`` and ``{regex: '[._]', replace: '-'}``."""
        if isinstance(value, str):
            return {"rule": value}
        if isinstance(value, dict) and "rule" not in value:
            named = [key for key in value if key != "replace"]
            if len(named) == 1:
                others = {key: one for key, one in value.items() if key == "replace"}
                return {**others, "rule": named[0], "argument": str(value[named[0]])}
        return value

    @model_validator(mode="after")
    def _argument_where_needed(self) -> IdRule:
        if self.rule not in _MAYBE_WITH_TEXT:
            needs = self.rule in _WITH_TEXT
            if needs != bool(self.argument):
                how = f"write '{{{self.rule}: TEXT}}'"
                msg = how if needs else f"'{self.rule}' takes no argument"
                raise ValueError(msg)
        if self.replace is not None and self.rule != "regex":
            msg = f"'replace' belongs to regex, not to '{self.rule}'"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _argument_usable(self) -> IdRule:
        if self.rule == "zero_pad" and not _is_number(self.argument, _MOST_DIGITS):
            msg = f"zero_pad takes the number of digits, 1 to {_MOST_DIGITS}"
            raise ValueError(msg)
        if self.rule == "tcga_sample" and self.argument not in {"", *_TCGA_SAMPLE_LENGTHS}:
            msg = "tcga_sample takes 15 characters, or 16 with the letter of the vial"
            raise ValueError(msg)
        if self.rule == "regex":
            _check_pattern(self.argument, self.replace)
        return self

    @property
    def short(self) -> str:
        """The rule as it is written in a cohort file."""
        if not self.argument:
            return self.rule
        number = self.rule in {"zero_pad", "tcga_sample"}
        argument = self.argument if number else _quoted(self.argument)
        replaced = "" if self.replace is None else f", replace: {_quoted(self.replace)}"
        return f"{{{self.rule}: {argument}{replaced}}}"


def _is_number(text: str, most: int) -> bool:
    # digits of other scripts are digits to Python, but no number here
    return text.isascii() and text.isdigit() and 1 <= int(text[:_LONGEST_PATTERN]) <= most


def _quoted(text: str) -> str:
    """Quote a text that YAML could read as a number, a truth value or its own signs."""
    if text.startswith("_") and text.isascii() and text.replace("_", "").isalnum():
        return text
    inner = text.replace("'", "''")
    return f"'{inner}'"


def _check_pattern(pattern: str, replacement: str | None) -> None:
    """Refuse a pattern that RE2 cannot take, or that keeps nothing (``ValueError``)."""
    # RE2 itself bounds what a pattern may expand to
    if len(pattern) > _LONGEST_PATTERN:
        msg = f"a regex has at most {_LONGEST_PATTERN} characters"
        raise ValueError(msg)
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if replacement is not None:
            pc.replace_substring_regex(pa.array([""]), pattern=pattern, replacement=replacement)
            return
        found = pc.extract_regex(pa.array([""]), pattern=pattern)
    except pa.ArrowInvalid as error:
        msg = f"'{pattern}' is no regular expression that can be used: {error}"
        raise ValueError(msg) from error
    if KEPT_GROUP not in {field.name for field in found.type}:
        msg = f"regex has no group (?P<{KEPT_GROUP}>…), and no 'replace' says what else to do"
        raise ValueError(msg)
