"""The names under which features of a table are stored, and what is told of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from roentgene.ingest.tables.feature_columns import PYRADIOMICS, ColumnGroup
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.feature_aliases import NameRule, TodaysName, todays_name

_SHOWN = 3


def stored_names(engine: str, version: str, group: ColumnGroup) -> dict[str, TodaysName]:
    """Say under which name each column of a group is stored.

    Features of PyRadiomics get the names of today. Where two would get one name, because an old
    table has both of two that are equal, the one that is called so already has it and the other
    keeps its own. Other engines' features keep theirs; the catalogue looks them up in the
    vocabulary of the engine, if it has one.

    Parameters
    ----------
    engine : str
        Program that extracted them.
    version : str
        Version of that program.
    group : ColumnGroup
        Columns measured on one thing.
    """
    if engine != PYRADIOMICS:
        return {
            column: TodaysName(feature, known=True, changed=None)
            for column, feature in group.features.items()
        }
    names = {column: todays_name(name, version) for column, name in group.features.items()}
    taken = {
        names[column].feature
        for column, name in group.features.items()
        if _is_own(name, names[column])
    }
    for column, given in group.features.items():
        if not _is_own(given, names[column]):
            if names[column].feature in taken:
                names[column] = TodaysName(given, known=False, changed=None)
            taken.add(names[column].feature)
    return names


def _is_own(given: str, name: TodaysName) -> bool:
    return name.feature.partition("@")[0] == given


def tell_names(version: str, groups: Iterable[Mapping[str, TodaysName]], gate: RowGate) -> None:
    """Tell which features no vocabulary knows (one by one) and which are kept apart (by reason)."""
    changed: dict[NameRule, list[str]] = defaultdict(list)
    for names in groups:
        for column, name in names.items():
            if name.changed is not None:
                changed[name.changed].append(name.feature)
            elif not name.known:
                detail = f"no feature of PyRadiomics {version} in the vocabulary: {name.feature}"
                gate.refuse("feature_not_known", "feature", detail, column=column)
    for rule, features in changed.items():
        subject = f"{rule.image_type}_{rule.feature_class}_{rule.name}"
        shown = ", ".join(features[:_SHOWN]) + (", …" if len(features) > _SHOWN else "")
        detail = f"{len(features)} of version {version} ({rule.source}): {shown}"
        gate.refuse("feature_meaning_changed", subject, detail)
