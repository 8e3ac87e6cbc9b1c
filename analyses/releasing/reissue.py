"""A release made anew without persons who were erased, as the next patch version."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from pydantic import TypeAdapter

from roentgene.analyses.preparation import fit_folds
from roentgene.analyses.releasing.content import Content, predictors
from roentgene.analyses.releasing.create import Release, library_versions, store_release
from roentgene.analyses.releasing.leaks import FoundLeak
from roentgene.analyses.releasing.reading import PinnedReader, views_of_manifest
from roentgene.analyses.releasing.repeated import repeated_measurements
from roentgene.schemas.errors import FileError
from roentgene.schemas.release_leaks import Leak
from roentgene.schemas.release_steps import Step
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.releases.manifest import FlowStep, Manifest
from roentgene.warehouse.releases.names import ReleaseId, next_patch
from roentgene.warehouse.releases.store import (
    find_release,
    refuse_superseded,
    release_folder,
    versions_of,
)
from roentgene.warehouse.releases.superseding import supersede
from roentgene.warehouse.releases.tables import KEYS, read_table
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import current_author

ERASURE = "erasure"
_OF_PERSONS = ("table", "splits", "sources")


def reissue_release(
    warehouse: Warehouse,
    release: str,
    persons: Collection[str],
    *,
    reason: str = ERASURE,
    author: str | None = None,
) -> Release | None:
    """Make a release anew without some persons, and put a notice in the place of the old one.

    The rows of everybody else stay as they are, to the last bit, and so do their folds; steps of
    preparation are fitted again on the training rows that are left. It is made from the files of
    the old release, for an erasure ends every snapshot. The inclusion query is not kept: it may
    name the person.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, open for writing.
    release : str
        ``name@version``.
    persons : collection of str
        ``person_id`` of those who go.
    reason : str
        Why, in a word.
    author : str, optional
        In whose name; by default the account.

    Returns
    -------
    Release or None
        The new one; None where none of the persons is in the release, which then stays.

    Raises
    ------
    FileError
        If the release does not exist, was superseded, or nobody is left.
    """
    layout = warehouse.layout
    folder, manifest = find_release(layout, release)
    refuse_superseded(manifest)
    stored = {name: read_table(folder, name) for name in KEYS}
    gone = set(persons) & set(stored["table"]["person_id"].to_pylist())
    if not gone:
        return None
    who = author or current_author()
    tables = _without(stored, gone, manifest)
    if (earlier := _made_before(layout, manifest, tables["table"])) is not None:
        supersede(warehouse, manifest, earlier.id, reason, who)
        return Release(release_folder(layout, earlier.id), earlier, written=False)
    versions = [one.version for one in versions_of(layout, manifest.name)]
    new = ReleaseId(manifest.name, next_patch(manifest.version, versions))
    flow = _flow(manifest, tables["table"], len(gone), reason)
    content = _content(warehouse, manifest, tables, flow)
    spec = _spec_without_query(manifest)
    made = manifest.model_copy(
        update={
            "version": new.version,
            "created_at": datetime.now(UTC),
            "author": who,
            "replaces": manifest.release,
            "reason": reason,
            "versions": library_versions(),
            "spec": spec,
            "n_persons": content.n_persons,
            "n_rows": tables["table"].num_rows,
            "flow": flow,
            "fingerprint": content.fingerprint,
            "fingerprints": content.fingerprints,
        }
    )
    made = store_release(warehouse, made, content, yaml.safe_dump(spec, sort_keys=False).encode())
    supersede(warehouse, manifest, new, reason, who)
    return Release(release_folder(layout, new), made, written=True)


def _made_before(layout: Layout, manifest: Manifest, table: pa.Table) -> Manifest | None:
    """Release that somebody made who was stopped before the old one got its notice."""
    for one in versions_of(layout, manifest.name):
        if one.replaces == manifest.release and one.status == "current":
            made = read_table(release_folder(layout, one.id), "table")
            if made["person_id"].to_pylist() == table["person_id"].to_pylist():
                return one
    return None


def _without(
    stored: Mapping[str, pa.Table], gone: set[str], manifest: Manifest
) -> dict[str, pa.Table]:
    kept = dict(stored)
    for name in _OF_PERSONS:
        leaves = pc.is_in(stored[name]["person_id"], pa.array(sorted(gone), pa.string()))
        kept[name] = stored[name].filter(pc.invert(leaves))
    if not kept["table"].num_rows:
        msg = f"nobody is left in {manifest.release}"
        raise FileError(msg, "Remove its folder: there is nothing to release")
    return kept


def _content(
    warehouse: Warehouse,
    manifest: Manifest,
    tables: dict[str, pa.Table],
    flow: tuple[FlowStep, ...],
) -> Content:
    """Content with the steps fitted again on the training rows that are left."""
    reader = PinnedReader(warehouse, views_of_manifest(manifest))
    steps = TypeAdapter(tuple[Step, ...]).validate_python(manifest.spec.get("prepare") or ())
    persons = pl.Series(sorted(set(tables["table"]["person_id"].to_pylist())))
    patients = reader.frame("patients").filter(pl.col("person_id").is_in(persons.implode()))
    repeated = repeated_measurements(reader, steps, patients, tables["dictionary"].to_pylist())
    splits = pl.DataFrame(pl.from_arrow(tables["splits"]))
    if "fit_on_all_rows" in manifest.leaks_allowed:
        splits = splits.with_columns(pl.lit("train").alias("role"))
    frame = pl.DataFrame(pl.from_arrow(tables["table"]))
    names = predictors(tables["dictionary"])
    tables["parameters"] = fit_folds(frame, names, steps, splits, repeated).to_arrow()
    cohorts = reader.frame("cohorts")
    here = sorted(set(tables["table"]["cohort_id"].to_pylist()))
    leaks = TypeAdapter(tuple[Leak, ...]).validate_python(manifest.leaks_allowed)
    return Content(
        tables,
        flow,
        tuple(FoundLeak(leak, ()) for leak in leaks),
        manifest.warnings,
        cohorts.filter(pl.col("cohort_id").is_in(here)).to_dicts(),
    )


def _flow(manifest: Manifest, table: pa.Table, n_gone: int, reason: str) -> tuple[FlowStep, ...]:
    left = len(set(table["person_id"].to_pylist()))
    step = f"kept of {manifest.release}"
    return (
        *manifest.flow,
        FlowStep(step=step, unit="person", n=left, n_lost=n_gone, reason=reason),
    )


def _spec_without_query(manifest: Manifest) -> dict[str, Any]:
    return {**manifest.spec, "patients": {}}
