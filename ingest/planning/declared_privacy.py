"""What a study and a cohort file declare about privacy, made ready for a plan."""

from __future__ import annotations

from pathlib import Path

from roentgene.ingest.privacy import Privacy, hashes_ids
from roentgene.queries.query_file import query_text
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.cohort_tables import GenePanelTable, GeneSetTable
from roentgene.schemas.errors import FileError
from roentgene.warehouse.id_key import KEY_SETTING, check_same_key, read_id_key
from roentgene.warehouse.store import Warehouse


def declared_privacy(cohort: Cohort, folder: Path, warehouse: Warehouse) -> Privacy:
    """Read what bears on privacy, and the key of hashed ids if any rule hashes.

    Parameters
    ----------
    cohort : Cohort
        The cohort file.
    folder : Path
        Its folder, below which the key may not lie.
    warehouse : Warehouse
        The warehouse, below which it may not lie either, and which knows its fingerprint.

    Raises
    ------
    FileError
        If some sources of the cohort hash their ids and others do not.
    IdKeyError
        If the key cannot be used.
    OtherIdKeyError
        If ids were hashed with another key before.
    """
    allow = warehouse.study.privacy.allow
    if not _all_hash(cohort):
        return Privacy(allow=allow)
    key = read_id_key(warehouse.layout.root, folder)
    stored = dict(warehouse.rows(query_text("warehouse/settings")))
    check_same_key(key, stored.get(KEY_SETTING))
    return Privacy(key, allow)


def _all_hash(cohort: Cohort) -> bool:
    """Whether ids are hashed, which holds for all sources or for none."""
    named = [(f"images: source {n}", one.normalise) for n, one in enumerate(cohort.images, 1)]
    named += [
        (f"tables: {one.file}", one.normalise)
        for one in cohort.tables
        # panels and gene sets are about nobody
        if not isinstance(one, GenePanelTable | GeneSetTable)
    ]
    if (anchors := cohort.anchors) is not None:
        named.append((f"anchors: {anchors.file}", anchors.normalise))
    hashing = [name for name, rules in named if hashes_ids(rules)]
    others = [name for name, rules in named if not hashes_ids(rules)]
    if hashing and others:
        msg = f"{hashing[0]} replaces ids by keyed_hash, and {others[0]} does not"
        raise FileError(msg, "The same person would have two ids: hash in all sources or in none")
    return bool(hashing)
