"""Names of dose-volume metrics as people write them: Dmean, D95, D2cc, V20Gy, EQD2_Dmean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Scale = Literal["physical", "EQD2", "BED"]
Kind = Literal[
    "mean", "maximum", "minimum", "dose_to_share", "dose_to_volume", "volume_receiving", "geud"
]

#: The volume of the structure, which stands beside whatever is asked.
VOLUME = "volume"

# one number has one spelling: neither 020 nor 20.0
_NUMBER = r"(?P<{}>(?:0|[1-9]\d*)(?:\.\d*[1-9])?)"
_NAME = re.compile(
    r"(?:(?P<scale>EQD2|BED)_)?"
    rf"(?:(?P<word>Dmean|Dmax|Dmin|gEUD)|D{_NUMBER.format('share')}"
    rf"|D{_NUMBER.format('cm3')}cc|V{_NUMBER.format('gray')}Gy)"
)
_WORDS: dict[str, Kind] = {
    "Dmean": "mean",
    "Dmax": "maximum",
    "Dmin": "minimum",
    "gEUD": "geud",
}
_EXAMPLES = ("Dmean", "Dmax", "Dmin", "D95", "D2cc", "V20Gy", "gEUD", "EQD2_Dmean", "BED_Dmean")
_OTHERWISE = {"dmedian": "D50", "eud": "gEUD", "d100": "Dmin", "d0": "Dmax"}


@dataclass(frozen=True)
class MetricName:
    """A metric that is asked for.

    Parameters
    ----------
    name : str
        As it is written and stored.
    kind : str
        What is computed.
    scale : {'physical', 'EQD2', 'BED'}
        Which doses it is computed from.
    amount : float or None
        Percent, cm3 or Gy, where the name has a number.
    """

    name: str
    kind: Kind
    scale: Scale = "physical"
    amount: float | None = None

    @property
    def units(self) -> tuple[str, ...]:
        """Units in which the metric is given; a volume comes as its share and as itself."""
        return ("percent", "cm3") if self.kind == "volume_receiving" else ("Gy",)


def parse_metric(name: str) -> MetricName:
    """Read the name of a metric.

    ``D95`` is the dose to 95 % of the volume, ``D2cc`` that to 2 cm3, ``V20Gy`` the volume that
    receives 20 Gy or more. ``EQD2_`` and ``BED_`` in front of any of them mean that the doses are
    converted voxel by voxel before.

    Raises
    ------
    ValueError
        If there is no such metric; the message names the nearest one.

    Examples
    --------
    >>> parse_metric("EQD2_D0.1cc")
    MetricName(name='EQD2_D0.1cc', kind='dose_to_volume', scale='EQD2', amount=0.1)
    >>> parse_metric("V20")
    Traceback (most recent call last):
    ValueError: unknown metric 'V20': did you mean 'V20Gy'?
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(_unknown(name))
    scale: Scale = "physical"
    if found["scale"] == "EQD2":
        scale = "EQD2"
    elif found["scale"] == "BED":
        scale = "BED"
    if found["word"]:
        return MetricName(name, _WORDS[found["word"]], scale)
    kind, amount = _amount(found)
    if amount <= 0 or (kind == "dose_to_share" and amount >= 100):
        raise ValueError(_unknown(name))
    return MetricName(name, kind, scale, amount)


def _amount(found: re.Match[str]) -> tuple[Kind, float]:
    if found["share"]:
        return "dose_to_share", float(found["share"])
    if found["cm3"]:
        return "dose_to_volume", float(found["cm3"])
    return "volume_receiving", float(found["gray"])


def _unknown(name: str) -> str:
    """Say which metric was probably meant; the number that was written is kept."""
    prefix = next((known for known in ("EQD2_", "BED_") if name.upper().startswith(known)), "")
    rest = name[len(prefix) :]
    meant = _OTHERWISE.get(rest.lower()) or _spelled_right(rest)
    if meant is None:
        near = get_close_matches(rest, _EXAMPLES, n=1, cutoff=0.6)
        meant = near[0] if near else None
    if meant is None:
        return f"unknown metric {name!r}: metrics are written like {', '.join(_EXAMPLES)}"
    return f"unknown metric {name!r}: did you mean '{prefix}{meant}'?"


def _spelled_right(rest: str) -> str | None:
    by_lower = {word.lower(): word for word in _WORDS}
    if rest.lower() in by_lower:
        return by_lower[rest.lower()]
    number = re.fullmatch(r"([dv])[_ ]?(\d+(?:\.\d+)?)[_ ]?(gy|cc|cm3|ml|%|)", rest.lower())
    if number is None:
        return None
    letter, amount, unit = number.groups()
    if float(amount) == 0 or (letter == "d" and unit == "gy") or (letter == "v" and unit == "%"):
        return None
    if letter == "v":
        return f"V{float(amount):g}Gy"
    if unit in ("cc", "cm3", "ml"):
        return f"D{float(amount):g}cc"
    return f"D{float(amount):g}" if float(amount) < 100 else None
