"""Who withdrew, known by keyed hashes alone: the key lies outside the warehouse.

A name is hashed with its cohort, for ``001`` of one cohort is not ``001`` of another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import FileError
from roentgene.warehouse.id_key import (
    KEY_SETTING,
    KEY_VARIABLE,
    IdKeyError,
    check_same_key,
    read_id_key,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from roentgene.warehouse.care.scopes import Scope
    from roentgene.warehouse.id_key import IdKey
    from roentgene.warehouse.store import Warehouse

# another text before it than ids have that come in hashed, so that the two never meet
_PURPOSE = "withdrawal"


class WithdrawalKeyError(FileError):
    """Persons have withdrawn, and without the key nobody could tell whom to refuse."""

    code = "withdrawal_key_missing"


@dataclass(frozen=True)
class Withdrawal:
    """That a name may not come in.

    Parameters
    ----------
    withdrawal_id : str
        Number of the receipt.
    scope : {'all', 'imaging', 'genomic', 'clinical', 'dose'}
        What may not come in.
    """

    withdrawal_id: str
    scope: Scope


@dataclass(frozen=True)
class Withdrawals:
    """Everybody who withdrew from a warehouse.

    Parameters
    ----------
    key : IdKey or None
        Key of the hashes; None where nobody withdrew.
    by_hash : mapping of str to tuple of Withdrawal
        What was withdrawn, by the hash of a name.
    """

    key: IdKey | None
    by_hash: Mapping[str, tuple[Withdrawal, ...]]

    def of(self, cohort_id: str, name: str) -> tuple[Withdrawal, ...]:
        """Say what was withdrawn of somebody who is called so in a cohort."""
        if self.key is None:
            return ()
        return self.by_hash.get(name_hash(self.key, cohort_id, name), ())


def name_hash(key: IdKey, cohort_id: str, name: str) -> str:
    """Hash the name of a patient or specimen in its cohort.

    Examples
    --------
    >>> from roentgene.warehouse.id_key import IdKey
    >>> key = IdKey(bytes(range(32)))
    >>> name_hash(key, "A", "001") == name_hash(key, "B", "001")
    False
    """
    return key.hashed(f"{_PURPOSE}\0{cohort_id}\0{name}")


def stored_withdrawals(warehouse: Warehouse) -> dict[str, tuple[Withdrawal, ...]]:
    """Give what stands in ``ops.withdrawal``, by the hash of a name."""
    found: dict[str, tuple[Withdrawal, ...]] = {}
    for person_hash, scope, withdrawal_id in warehouse.rows(query_text("care/withdrawals")):
        one = Withdrawal(withdrawal_id or person_hash, scope)
        found[person_hash] = (*found.get(person_hash, ()), one)
    return found


def read_withdrawals(warehouse: Warehouse, *kept_out_of: Path) -> Withdrawals:
    """Read who withdrew, and the key by which they are recognised.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse.
    *kept_out_of : Path
        Further folders below which the key may not lie.

    Raises
    ------
    WithdrawalKeyError
        If somebody withdrew and the key is not there.
    OtherIdKeyError
        If it is another one.
    """
    stored = stored_withdrawals(warehouse)
    if not stored:
        return Withdrawals(None, {})
    try:
        key = warehouse_key(warehouse, *kept_out_of)
    except IdKeyError as error:
        msg = f"persons have withdrawn from this warehouse, and could not be told: {error.message}"
        cure = f"Set {KEY_VARIABLE} to the key file with which they were erased"
        raise WithdrawalKeyError(msg, cure) from error
    return Withdrawals(key, stored)


def warehouse_key(warehouse: Warehouse, *kept_out_of: Path) -> IdKey:
    """Read the key of a warehouse, and refuse another one than it was filled with.

    Raises
    ------
    IdKeyError
        If the key cannot be used.
    OtherIdKeyError
        If ids were hashed with another key before.
    """
    key = read_id_key(warehouse.layout.root, *kept_out_of)
    settings = dict(warehouse.rows(query_text("warehouse/settings")))
    check_same_key(key, settings.get(KEY_SETTING))
    return key
