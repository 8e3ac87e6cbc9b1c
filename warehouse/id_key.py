"""Ids replaced by a keyed hash, and the key, which lies outside the warehouse.

A plain hash of a record number hides nothing, for all record numbers can be tried; with a key that
only the operator has, they cannot. The key itself is never stored: what stands in the warehouse is
the fingerprint by which another key is known.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roentgene.schemas.errors import FileError

#: Environment variable with the path of the key file.
KEY_VARIABLE = "ROENTGENE_ID_KEY"
#: Setting under which the warehouse knows the fingerprint.
KEY_SETTING = "id_key"
#: Bytes that a key must have.
MIN_BYTES = 32
#: Characters of a hashed id: 100 bits of base32.
HASHED_LENGTH = 20

# a text of one or two characters over and over is no key
_MIN_DIFFERENT = 8
_MAX_BYTES = 1 << 16
_MAKE_ONE = (
    "Make one outside the warehouse and the delivery: 'umask 077; openssl rand -base64 32 > FILE', "
    f"set {KEY_VARIABLE} to FILE, and keep a copy: whoever loses it cannot join a later delivery"
)


class IdKeyError(FileError):
    """The key for hashed ids is missing or cannot be used."""

    code = "id_key_wrong"


class OtherIdKeyError(FileError):
    """The warehouse was filled with another key: everybody would stand in it twice."""

    code = "other_id_key"


@dataclass(frozen=True)
class IdKey:
    """The secret of hashed ids; it is never shown.

    Parameters
    ----------
    secret : bytes
        At least :data:`MIN_BYTES` bytes.
    """

    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Hash of a hash of the key, by which it is recognised and which gives nothing away."""
        once = hashlib.sha256(b"roentgene id key\0" + self.secret).digest()
        return hashlib.sha256(once).hexdigest()

    def hashed(self, text: str) -> str:
        """Hash a text: HMAC-SHA256 (RFC 2104) in base32 (RFC 4648), the first 20 characters.

        Parameters
        ----------
        text : str
            An id; it is hashed as UTF-8.

        Examples
        --------
        >>> IdKey(bytes(range(32))).hashed("MRN-0012")
        '32TOTUT56G55QOSYPZIG'
        """
        digest = hmac.new(self.secret, text.encode(), hashlib.sha256).digest()
        return base64.b32encode(digest).decode("ascii")[:HASHED_LENGTH]


def read_id_key(*kept_out_of: Path, environment: Mapping[str, str] | None = None) -> IdKey:
    """Read the key that ``$ROENTGENE_ID_KEY`` names.

    Blanks and newlines at its end do not count, for editors add them.

    Parameters
    ----------
    *kept_out_of : Path
        Folders below which the key may not lie: the warehouse, which is copied and published, and
        the delivery, which came from elsewhere.
    environment : mapping of str to str, optional
        In place of that of the process.

    Raises
    ------
    IdKeyError
        If the variable is not set, or the file is missing, too short, open to others, or in one
        of those folders.
    """
    named = (os.environ if environment is None else environment).get(KEY_VARIABLE)
    if not named:
        msg = f"ids are to be replaced by a keyed hash, and {KEY_VARIABLE} names no key file"
        raise IdKeyError(msg, _MAKE_ONE)
    path = Path(named).expanduser().absolute()
    _check_place(path, kept_out_of)
    try:
        facts = path.stat()
        secret = path.read_bytes()[:_MAX_BYTES].rstrip() if stat.S_ISREG(facts.st_mode) else None
    except OSError as error:
        msg = f"the key file that {KEY_VARIABLE} names cannot be read ({type(error).__name__})"
        raise IdKeyError(msg, _MAKE_ONE) from error
    if secret is None:
        msg = f"what {KEY_VARIABLE} names is no file"
        raise IdKeyError(msg, _MAKE_ONE)
    if os.name == "posix" and facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        msg = f"the key file that {KEY_VARIABLE} names is open to others than its owner"
        raise IdKeyError(msg, "Take their rights away: 'chmod 600 FILE'")
    if len(secret) < MIN_BYTES or len(set(secret)) < _MIN_DIFFERENT:
        msg = f"the key has {len(secret)} bytes, {len(set(secret))} of them different"
        raise IdKeyError(msg, f"It needs {MIN_BYTES} random ones. {_MAKE_ONE}")
    return IdKey(secret)


def _check_place(path: Path, kept_out_of: tuple[Path, ...]) -> None:
    for folder in kept_out_of:
        below = (folder.absolute(), folder.resolve())
        if any(place.is_relative_to(outer) for place in (path, path.resolve()) for outer in below):
            msg = f"the key file that {KEY_VARIABLE} names lies in {folder}"
            raise IdKeyError(msg, "Move it elsewhere: what it hides would lie beside it")


def check_same_key(key: IdKey, stored_fingerprint: str | None) -> None:
    """Refuse a key that is not the one that the warehouse was filled with.

    Parameters
    ----------
    key : IdKey
        The key of this run.
    stored_fingerprint : str or None
        Fingerprint in the warehouse; None where no id was hashed yet.

    Raises
    ------
    OtherIdKeyError
        If it is another one.
    """
    if stored_fingerprint is not None and stored_fingerprint != key.fingerprint:
        msg = f"{KEY_VARIABLE} names another key than the one that hashed the ids of this warehouse"
        raise OtherIdKeyError(
            msg, "Name that one, or everybody would stand here twice under two ids"
        )
