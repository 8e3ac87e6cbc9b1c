"""The backups in a folder: which there are, which are whole, and which need not be kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from roentgene.schemas.errors import RoentgeneError
from roentgene.warehouse.care.backup_manifest import BackupManifest, manifest_file
from roentgene.warehouse.care.backup_store import BackupStore, store_lock
from roentgene.warehouse.care.receipt import withdrawal_of

OnFile = Callable[[str, int, int], None]


@dataclass(frozen=True)
class BackupState:
    """A backup and whether it can be restored.

    Parameters
    ----------
    backup : str
        Its name.
    made_at : datetime or None
        When it was made; this and the following are None where its manifest cannot be read.
    study : str or None
        Name of the study.
    snapshot_id : int or None
        Its last snapshot.
    n_files, n_bytes : int or None
        What it brings back.
    fault : str
        Why it cannot be restored; empty where it can.
    precedes : tuple of str
        Withdrawals that came after it, by the numbers of their receipts: it holds who was erased.
    """

    backup: str
    made_at: datetime | None
    study: str | None
    snapshot_id: int | None
    n_files: int | None
    n_bytes: int | None
    fault: str = ""
    precedes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pruning:
    """What was removed, or would be.

    Parameters
    ----------
    removed, kept : tuple of str
        Backups.
    n_contents, n_bytes : int
        Contents that no kept backup holds.
    dry_run : bool
        Whether nothing was removed.
    """

    removed: tuple[str, ...]
    kept: tuple[str, ...]
    n_contents: int
    n_bytes: int
    dry_run: bool


def _silent(path: str, number: int, n_files: int) -> None:
    pass


def list_backups(store: BackupStore) -> list[BackupState]:
    """Say of every backup what it is; its files are looked for but not read."""

    def lacks(manifest: BackupManifest) -> str:
        missing = [file.path for file in manifest.files if not store.contents.holds(file.content)]
        return f"lacks {_first_of(missing)}" if missing else ""

    precedes = withdrawals_after(store)
    return [
        replace(_state(store, backup, lacks), precedes=precedes.get(backup, ()))
        for backup in store.names()
    ]


def withdrawals_after(store: BackupStore) -> Mapping[str, tuple[str, ...]]:
    """Say which backups precede an erasure, and which withdrawals those were.

    Each erasure leaves a receipt among the reports, and so in every backup that is made later. A
    backup that lacks a receipt which a later one of the same study has was made before it.

    Returns
    -------
    mapping of str to tuple of str
        Numbers of receipts, by backup; without those that precede none or cannot be read.
    """
    found: dict[str, tuple[str, ...]] = {}
    later: dict[str, set[str]] = {}
    for backup in reversed(store.names()):
        try:
            manifest = store.read(backup)
        except RoentgeneError:
            continue
        own = {number for file in manifest.files if (number := withdrawal_of(file.path))}
        known = later.setdefault(manifest.study, set())
        if known - own:
            found[backup] = tuple(sorted(known - own))
        known |= own
    return found


def verify_backups(
    store: BackupStore, backups: Collection[str] = (), on_file: OnFile = _silent
) -> list[BackupState]:
    """Read every content of backups again, each once, and compare it with its hash.

    Parameters
    ----------
    store : BackupStore
        Where they lie.
    backups : collection of str
        Their names; without any, all.
    on_file : callable
        Told the hash of each content before it is read, its number and how many there are.
    """
    names = [store.named(backup) for backup in backups] or store.names()
    contents = {
        file.content
        for name in names
        if not _state(store, name).fault
        for file in store.read(name).files
    }
    broken = set()
    for number, content in enumerate(sorted(contents, key=lambda one: one.sha256), 1):
        on_file(content.sha256, number, len(contents))
        if not store.contents.is_whole(content):
            broken.add(content)

    def is_damaged(manifest: BackupManifest) -> str:
        damaged = [file.path for file in manifest.files if file.content in broken]
        return f"{_first_of(damaged)} damaged or missing" if damaged else ""

    return [_state(store, name, is_damaged) for name in names]


def _first_of(paths: list[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1:,} more"


def _state(
    store: BackupStore, backup: str, fault_of: Callable[[BackupManifest], str] = lambda _: ""
) -> BackupState:
    try:
        manifest = store.read(backup)
    except RoentgeneError as error:
        return BackupState(backup, None, None, None, None, None, error.message)
    return BackupState(
        backup,
        manifest.made_at,
        manifest.study,
        manifest.snapshot_id,
        len(manifest.files),
        manifest.n_bytes,
        fault_of(manifest),
    )


def prune(store: BackupStore, unwanted: Collection[str], *, dry_run: bool = False) -> Pruning:
    """Remove backups, and every content that no other backup holds.

    Parameters
    ----------
    store : BackupStore
        Where they lie.
    unwanted : collection of str
        Their names.
    dry_run : bool
        Whether only to say what would be removed.

    Raises
    ------
    FileError
        If there is none of a name.
    WarehouseError
        If a backup that is to stay cannot be read, for nobody can say then what it needs.
    """
    with store_lock(store):
        removed = [store.named(backup) for backup in unwanted]
        kept = [backup for backup in store.names() if backup not in removed]
        needed = {file.sha256 for backup in kept for file in store.read(backup).files}
        if not dry_run:
            for backup in removed:
                manifest_file(store.manifests, backup).unlink()
        others = store.contents.remove_others(needed, dry_run=dry_run)
    return Pruning(
        tuple(sorted(removed)),
        tuple(kept),
        len(others),
        sum(n_bytes for _, n_bytes in others),
        dry_run,
    )
