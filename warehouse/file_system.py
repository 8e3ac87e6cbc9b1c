"""On what kind of file system a folder lies: on a network, SQLite's locks do not hold."""

from __future__ import annotations

import re
from pathlib import Path

from roentgene.schemas.errors import NetworkFileSystemError

#: Where Linux says what is mounted; see proc(5).
MOUNTS = Path("/proc/self/mountinfo")

_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre"),
        *("beegfs", "gpfs", "pvfs2", "orangefs", "davfs", "ocfs2", "gfs2"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.davfs2"),
        *(
            "fuse.s3fs",
            "fuse.goofys",
            "fuse.gcsfuse",
            "fuse.rclone",
            "fuse.juicefs",
            "fuse.curlftpfs",
        ),
        *("fuse.smbnetfs", "fuse.afp", "fuse.mfs", "fuse.moosefs", "fuse.cvmfs2", "fuse.blobfuse2"),
    }
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def file_system_type(folder: Path, mounts: Path | None = None) -> str | None:
    """Type of the file system that a folder lies on, as Linux names it.

    Parameters
    ----------
    folder : Path
        The folder; the nearest one upward counts that exists.
    mounts : Path, optional
        What is mounted, in the form of proc(5); :data:`MOUNTS` unless given.

    Returns
    -------
    str or None
        None where the system does not say.
    """
    try:
        lines = (MOUNTS if mounts is None else mounts).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    place = folder.resolve()
    found: tuple[int, str] | None = None
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), before.split(" ")[4]))
        # what was mounted later at the same place covers what was there
        if place.is_relative_to(mount) and (found is None or len(mount.parts) >= found[0]):
            found = len(mount.parts), after.split(" ")[0]
    return None if found is None else found[1]


def refuse_network(folder: Path) -> None:
    """Refuse a folder for a catalogue of SQLite that lies on a network.

    Raises
    ------
    NetworkFileSystemError
        If it does; the ways out are told.
    """
    kind = file_system_type(folder)
    if kind in _NETWORK:
        msg = f"{folder} lies on a network file system ({kind}), where a catalogue can be torn"
        cure = (
            "Keep the warehouse on a disk of this machine, and copy it with 'roentgene backup'; or"
            " keep the catalogue in PostgreSQL: 'catalog' under 'storage' in study.yaml"
        )
        raise NetworkFileSystemError(msg, cure)
