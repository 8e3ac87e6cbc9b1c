"""Numbered migrations: stored tables change by them and by nothing else.

The first is the tables of version 0.1.0 and stays as it is. For a table that was added to
``schemas/tables`` since, ``python -m roentgene.queries.migration ops.event`` writes the statements
of the next.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from roentgene.queries import render
from roentgene.queries.registry import VERSIONS_SCHEMA
from roentgene.schemas.tables import table, tables

_STATEMENT_END = ";\n"
#: Schemas of views alone: ours, and those that are called as others call them.
VIEW_SCHEMAS = ("mart", "idc", VERSIONS_SCHEMA)


@dataclass(frozen=True)
class Migration:
    """One numbered file of DDL."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Hash of the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """The statements one by one."""
        return [part.strip() for part in self.text.split(_STATEMENT_END) if part.strip()]


def migrations() -> list[Migration]:
    """All migrations in their order."""
    folder = files("roentgene.queries") / "migrations"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [
        Migration(name.removesuffix(".sql"), (folder / name).read_text(encoding="utf-8"))
        for name in names
    ]


def declared_ddl() -> str:
    """DDL of every schema and table as ``schemas/`` declares it."""
    schemas = dict.fromkeys(declared.schema for declared in tables().values())
    statements = [render.create_schema(schema) for schema in [*schemas, *VIEW_SCHEMAS]]
    return _script(statements) + tables_ddl(tables())


def tables_ddl(full_names: Iterable[str]) -> str:
    """DDL of some tables as ``schemas/`` declares them, with their words."""
    statements = []
    for declared in map(table, full_names):
        statements += [render.create_table(declared), *render.lay_out_table(declared)]
        statements += render.comments(declared)
    return _script(statements)


def _script(statements: Iterable[str]) -> str:
    return "".join(statement + _STATEMENT_END for statement in statements)


if __name__ == "__main__":
    sys.stdout.write(tables_ddl(sys.argv[1:]))
