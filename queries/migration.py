"""Numbered migrations: stored tables change by them and by nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from roentgene.queries import render
from roentgene.queries.registry import VERSIONS_SCHEMA
from roentgene.schemas.tables import tables

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
    """DDL of every table as ``schemas/`` declares it; the first migration is this text."""
    statements = []
    schemas = dict.fromkeys(table.schema for table in tables().values())
    for schema in [*schemas, *VIEW_SCHEMAS]:
        statements.append(render.create_schema(schema))
    for table in tables().values():
        statements += [render.create_table(table), *render.lay_out_table(table)]
        statements += render.comments(table)
    head = "-- Every table as schemas/tables declares it; made by roentgene.queries.migration.\n"
    return head + "".join(statement + _STATEMENT_END for statement in statements)
