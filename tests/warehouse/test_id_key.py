from __future__ import annotations

import base64
import doctest
import hashlib
import hmac
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roentgene.ingest.personal_text import looks_like
from roentgene.ingest.tables.identifiers import normalise_id
from roentgene.schemas.table_source import IdRule
from roentgene.warehouse import id_key
from roentgene.warehouse.id_key import (
    KEY_VARIABLE,
    IdKey,
    IdKeyError,
    OtherIdKeyError,
    check_same_key,
    read_id_key,
)

SECRET = bytes(range(32))
KEY = IdKey(SECRET)


def written(path: Path, content: bytes = SECRET, mode: int = 0o600) -> dict[str, str]:
    """Write a key file; give the environment that names it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return {KEY_VARIABLE: str(path)}


def test_the_example_holds() -> None:
    # computed by openssl dgst -sha256 -mac HMAC and base32
    assert doctest.testmod(id_key).failed == 0


def test_an_id_is_hashed_as_the_rfcs_say() -> None:
    # RFC 4231, test case 2, is too short a key for us but the same function
    key = IdKey(b"Jefe")
    digest = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    hashed = key.hashed("what do ya want for nothing?")
    assert hashed == base64.b32encode(digest).decode()[:20]
    assert hmac.new(b"Jefe", b"x", hashlib.sha256).digest() != digest


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_hashed_id_is_plain_and_tells_ids_apart(one: str, other: str) -> None:
    try:
        hashed = KEY.hashed(one)
        assert (hashed == KEY.hashed(other)) == (one == other)
    except UnicodeEncodeError:
        return  # a surrogate alone is no text
    assert re.fullmatch("[A-Z2-7]{20}", hashed)
    assert looks_like(hashed) is None
    assert IdKey(SECRET + b"x").hashed(one) != hashed


def test_the_rule_hashes_what_the_rules_before_it_leave() -> None:
    rules = [IdRule.model_validate(rule) for rule in ({"strip_suffix": "_11"}, "keyed_hash")]
    assert normalise_id(" MRN-0012_11 ", rules, KEY) == KEY.hashed("MRN-0012")
    with_prefix = [*rules, IdRule(rule="add_prefix", argument="CLINIC-")]
    assert normalise_id("MRN-0012", with_prefix, KEY) == f"CLINIC-{KEY.hashed('MRN-0012')}"
    assert normalise_id("_11", rules, KEY) == ""


def test_nothing_is_hashed_without_a_key() -> None:
    with pytest.raises(ValueError, match="no key"):
        normalise_id("MRN-0012", [IdRule(rule="keyed_hash")])


def test_the_rule_takes_no_argument() -> None:
    with pytest.raises(ValueError, match="takes no argument"):
        IdRule.model_validate({"keyed_hash": "secret"})


def test_a_key_is_read_without_the_newline_of_an_editor(tmp_path: Path) -> None:
    as_text = SECRET.hex().encode()
    environment = written(tmp_path / "id.key", as_text + b"\n")
    assert read_id_key(environment=environment) == IdKey(as_text)


def test_the_environment_of_the_process_names_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, written(tmp_path / "id.key")[KEY_VARIABLE])
    assert read_id_key() == KEY


@pytest.mark.parametrize("environment", [{}, {KEY_VARIABLE: ""}])
def test_without_a_key_it_is_said_how_to_make_one(environment: dict[str, str]) -> None:
    with pytest.raises(IdKeyError, match=r"openssl rand -base64 32") as caught:
        read_id_key(environment=environment)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("last", [b"x", b"\n", b" ", b"\0"])
def test_a_key_as_it_is_said_to_be_made_is_long_enough(tmp_path: Path, last: bytes) -> None:
    as_openssl_writes = base64.encodebytes(SECRET[:31] + last)
    environment = written(tmp_path / "id.key", as_openssl_writes)
    assert read_id_key(environment=environment) == IdKey(as_openssl_writes.rstrip())
    # bytes as they come may end in what editors add
    if last.isspace():
        with pytest.raises(IdKeyError, match="31 bytes"):
            read_id_key(environment=written(tmp_path / "raw.key", SECRET[:31] + last))


def test_the_guide_makes_keys_in_the_same_way() -> None:
    guide = Path(__file__).parents[2] / "docs" / "privacy.md"
    assert "openssl rand -base64 32 >" in guide.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (SECRET[:31], 0o600, "31 bytes"),
        (b"", 0o600, "0 bytes"),
        (b"ab" * 32, 0o600, "2 of them different"),
        (SECRET[:20] + b"\n" * 20, 0o600, "20 bytes"),
        (SECRET, 0o640, "open to others"),
        (SECRET, 0o604, "open to others"),
        (SECRET, 0o620, "open to others"),
    ],
)
def test_a_bad_key_file_is_refused(tmp_path: Path, content: bytes, mode: int, said: str) -> None:
    with pytest.raises(IdKeyError, match=said) as caught:
        read_id_key(environment=written(tmp_path / "id.key", content, mode))
    assert caught.value.cure


def test_what_is_no_file_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(IdKeyError, match="no file"):
        read_id_key(environment={KEY_VARIABLE: str(tmp_path)})
    with pytest.raises(IdKeyError, match="cannot be read"):
        read_id_key(environment={KEY_VARIABLE: str(tmp_path / "absent")})


def test_a_key_beside_what_it_hides_is_refused(tmp_path: Path) -> None:
    warehouse, delivery = tmp_path / "study", tmp_path / "delivery"
    outside = written(tmp_path / "keys" / "id.key")
    for folder in (warehouse, delivery):
        with pytest.raises(IdKeyError, match="lies in"):
            read_id_key(warehouse, delivery, environment=written(folder / "sub" / "id.key"))
        link = folder / "link.key"
        link.symlink_to(outside[KEY_VARIABLE])
        with pytest.raises(IdKeyError, match="lies in"):
            read_id_key(warehouse, delivery, environment={KEY_VARIABLE: str(link)})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.symlink_to(warehouse)
    way_around = {KEY_VARIABLE: str(elsewhere / "sub" / "id.key")}
    with pytest.raises(IdKeyError, match="lies in"):
        read_id_key(warehouse, delivery, environment=way_around)
    assert read_id_key(warehouse, delivery, environment=outside) == KEY


def test_a_path_from_the_current_folder_is_looked_at_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "id.key")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IdKeyError, match="lies in"):
        read_id_key(tmp_path, environment={KEY_VARIABLE: "id.key"})


def test_the_key_is_never_shown() -> None:
    assert "secret" not in repr(KEY)
    assert SECRET.hex() not in KEY.fingerprint
    assert KEY.fingerprint != hashlib.sha256(SECRET).hexdigest()
    assert re.fullmatch("[0-9a-f]{64}", KEY.fingerprint)


def test_another_key_is_refused_by_name() -> None:
    check_same_key(KEY, None)
    check_same_key(KEY, IdKey(SECRET).fingerprint)
    with pytest.raises(OtherIdKeyError) as caught:
        check_same_key(KEY, IdKey(os.urandom(32)).fingerprint)
    assert caught.value.code == "other_id_key"
    assert KEY.fingerprint not in str(caught.value)
