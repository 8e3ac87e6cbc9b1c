"""Which columns of a table hold features, and what their names say beside the feature."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.feature_facts import is_fact
from roentgene.ingest.tables.feature_keys import FIELDS
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.feature_aliases import is_pyradiomics_name
from roentgene.schemas.measured_tables import FeaturesTable
from roentgene.schemas.name_patterns import parts_of

PYRADIOMICS = "pyradiomics"


@dataclass(frozen=True)
class ColumnGroup:
    """Columns that were measured on one thing.

    Parameters
    ----------
    fields : mapping of str to str
        What their names say of it: its sequence, its region.
    features : mapping of str to str
        Name of the feature, as the engine gave it, of each column.
    """

    fields: Mapping[str, str]
    features: dict[str, str] = field(default_factory=dict)


def column_groups(
    declaration: FeaturesTable, read: FileTable, gate: RowGate, keys: Collection[str]
) -> list[ColumnGroup]:
    """Find the columns that hold features.

    Where the cohort file does not name them one by one, every column that is neither key, feature
    nor a fact of the extraction is told (``column_not_used``).

    Parameters
    ----------
    declaration : FeaturesTable
        What the cohort file says.
    read : FileTable
        The table.
    gate : RowGate
        Takes the refusals down.
    keys : collection of str
        Columns that say what was measured.

    Raises
    ------
    TableRefusedError
        ``missing_column`` if no column holds a feature.
    """
    if declaration.features is not None:
        names = gate.present(dict.fromkeys(declaration.features))
        if not names:
            detail = "it has none of the columns that the cohort file names under features"
            raise refuse_table(gate.name, "missing_column", detail)
        return [ColumnGroup({}, {name: name for name in names})]
    groups: dict[tuple[tuple[str, str], ...], ColumnGroup] = {}
    unused = []
    for column in (*read.columns, *sorted(read.ambiguous)):
        if column in keys or column in declaration.ignore or is_fact(column):
            continue
        found = _feature(declaration, column)
        if found is None:
            unused.append(column)
        elif gate.present([column]):
            fields, feature = found
            group = groups.setdefault(tuple(sorted(fields.items())), ColumnGroup(fields))
            _add(group, column, feature, gate)
    _tell_unused(unused, gate)
    gate.present(sorted(set(declaration.ignore) - set(read.columns)))
    if not groups:
        form = f"the form {declaration.columns}" if declaration.columns else "PyRadiomics' form"
        raise refuse_table(gate.name, "missing_column", f"no name of a column has {form}")
    return list(groups.values())


def _feature(declaration: FeaturesTable, column: str) -> tuple[dict[str, str], str] | None:
    """Fields and feature that the name of a column says; None where it holds no feature."""
    if declaration.columns is None:
        return ({}, column) if is_pyradiomics_name(column) else None
    parts = parts_of(declaration.columns, column)
    if parts is None or "feature" not in parts:
        return None
    feature = "_".join(parts[name] for name in ("class", "feature") if name in parts)
    if declaration.engine == PYRADIOMICS and not is_pyradiomics_name(feature):
        return None
    fields = {
        FIELDS[key]: declaration.rename.get(key, {}).get(word, word)
        for key, word in parts.items()
        if key in FIELDS
    }
    return fields, feature


def _add(group: ColumnGroup, column: str, feature: str, gate: RowGate) -> None:
    """Take a column into its group, unless another one there gives the same feature."""
    other = next((name for name, known in group.features.items() if known == feature), None)
    if other is None:
        group.features[column] = feature
        return
    detail = f"gives the feature {feature} that {other!r} gives too"
    gate.refuse("conflicting_rows", "column", detail, column=column)


def _tell_unused(columns: Iterable[str], gate: RowGate) -> None:
    for column in columns:
        detail = "neither key nor feature, and left aside"
        gate.refuse("column_not_used", "column", detail, column=column)
