"""Releases that hold a person: found, and made anew without them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from roentgene.schemas.errors import RoentgeneError, WarehouseError

if TYPE_CHECKING:
    from roentgene.warehouse.care.erasing import Reissued
    from roentgene.warehouse.care.person import Person
    from roentgene.warehouse.care.scopes import Scope
    from roentgene.warehouse.layout import Layout
    from roentgene.warehouse.releases.manifest import Manifest
    from roentgene.warehouse.store import Warehouse

# blocks of columns that are made of one kind of data; a target may be of any
_BLOCKS: dict[str, Collection[str]] = {
    "imaging": ("rad", "dose", "target"),
    "dose": ("dose",),
    "genomic": ("gen", "target"),
    "clinical": ("clin", "target"),
}


def releases_with(layout: Layout, person: Person, scope: Scope) -> Iterator[Manifest]:
    """Give the releases that hold a person, or that kind of their data, the oldest first."""
    from roentgene.warehouse.releases.store import list_releases

    for manifest in list_releases(layout):
        if manifest.status == "current" and _holds(layout, manifest, person, scope):
            yield manifest


def _holds(layout: Layout, manifest: Manifest, person: Person, scope: Scope) -> bool:
    from roentgene.warehouse.releases.store import release_folder
    from roentgene.warehouse.releases.tables import read_table

    folder = release_folder(layout, manifest.id)
    if person.person_id not in read_table(folder, "table")["person_id"].to_pylist():
        return False
    blocks = set(read_table(folder, "dictionary")["block"].to_pylist())
    return scope == "all" or bool(blocks & set(_BLOCKS[scope]))


def reissue_releases(warehouse: Warehouse, person: Person, scope: Scope) -> tuple[Reissued, ...]:
    """Make the releases anew that hold a person; what cannot be made anew is removed and told."""
    return tuple(
        _reissued(warehouse, manifest, person)
        for manifest in list(releases_with(warehouse.layout, person, scope))
    )


def _reissued(warehouse: Warehouse, manifest: Manifest, person: Person) -> Reissued:
    from roentgene.analyses.releasing.reissue import ERASURE, reissue_release
    from roentgene.warehouse.care.erasing import Reissued
    from roentgene.warehouse.releases.superseding import supersede
    from roentgene.warehouse.transaction import current_author

    try:
        made = reissue_release(warehouse, manifest.release, [person.person_id])
    except WarehouseError:
        raise  # the store, not the release: the next attempt makes it
    except (RoentgeneError, ValueError) as error:
        supersede(warehouse, manifest, None, ERASURE, current_author())
        return Reissued(manifest.release, not_made=person.looked_for.taken_out(str(error)))
    return Reissued(manifest.release, became=None if made is None else made.release)
