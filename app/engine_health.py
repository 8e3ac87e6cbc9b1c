"""Whether the engines that are installed give the agreed values on the digital phantom of IBSI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from roentgene.app.finding import Finding
from roentgene.ingest.extract.phantom import (
    PHANTOM_SETTINGS,
    PhantomFeature,
    PhantomResult,
    measure_phantom,
)
from roentgene.schemas.errors import ExtractionUnavailableError

_REPORT = "Do not extract with it, and please report it"


@dataclass(frozen=True)
class EngineFinding(Finding):
    """What an engine gave on the phantom.

    Parameters
    ----------
    match : tuple of str
        Features whose value is the agreed one.
    offset : tuple of str
        Features whose value differs from it by a whole number.
    vary : tuple of str
        Features with another value, or with none.
    """

    match: tuple[str, ...] = ()
    offset: tuple[str, ...] = ()
    vary: tuple[str, ...] = ()


def check_engines() -> Iterator[Finding]:
    """Measure the phantom with every engine that names the features of IBSI."""
    for name in PHANTOM_SETTINGS:
        try:
            yield from map(_finding, measure_phantom(name))
        except ExtractionUnavailableError:
            yield Finding(f"engine {name}", "ok", "not installed, and not checked")
        except Exception as error:
            detail = f"fails on the IBSI phantom: {type(error).__name__}: {error}"
            yield Finding(f"engine {name}", "warning", detail, _REPORT)


def _finding(result: PhantomResult) -> EngineFinding:
    exact, offset = result.of_status("exact"), result.of_status("offset")
    variant = result.of_status("variant")
    n_features = len(result.features)
    detail = f"{result.version}, {len(exact)} of {n_features} features match the IBSI phantom"
    if offset:
        shown = ", ".join(f"{one.feature} by {one.difference:+.0f}" for one in offset)
        detail += f"; offset: {shown}"
    if variant:
        detail += f"; vary: {', '.join(map(_beside_reference, variant))}"
    other = result.undeclared
    if other:
        detail += f"; unlike vocab.feature: {', '.join(one.feature for one in other)}"
    return EngineFinding(
        f"engine {result.engine} ({result.path})",
        "warning" if other else "ok",
        detail,
        _REPORT if other else "",
        match=_names(exact),
        offset=_names(offset),
        vary=_names(variant),
    )


def _beside_reference(one: PhantomFeature) -> str:
    value = "no value" if one.value is None else f"{one.value:.4g}"
    return f"{one.feature} ({value}, agreed {one.reference.value:.4g})"


def _names(features: list[PhantomFeature]) -> tuple[str, ...]:
    return tuple(one.feature for one in features)
