"""Sealed secrets: bound to their place, readable under old keys, never shown."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput, Unavailable
from store.vault import Vault, kept_key, new_key

OLD, NEW = new_key(), new_key()
VAULT = Vault([OLD])


@given(st.text(min_size=1), st.text(), st.text())
def test_a_secret_opens_where_it_was_sealed_and_nowhere_else(secret: str, place: str, other: str) -> None:
    sealed = VAULT.seal(secret, place)
    assert VAULT.open(sealed, place) == secret
    if other != place:
        with pytest.raises(Unavailable):
            VAULT.open(sealed, other)


@given(st.integers(0, 51))
def test_a_changed_character_is_noticed(position: int) -> None:
    sealed = VAULT.seal("sk", "a")
    assert len(sealed) == 52, "30 bytes: no character of the base64 is padding"
    changed = sealed[:position] + ("A" if sealed[position] != "A" else "B") + sealed[position + 1 :]
    with pytest.raises(Unavailable):
        VAULT.open(changed, "a")


def test_a_secret_is_sealed_differently_each_time_and_nothing_stays_nothing() -> None:
    assert VAULT.seal("sk", "a") != VAULT.seal("sk", "a")
    assert VAULT.seal("", "a") == VAULT.open("", "a") == ""


def test_keys_rotate_and_an_old_one_is_needed_until_then() -> None:
    sealed, both = VAULT.seal("sk", "a"), Vault([NEW, OLD])
    assert both.open(sealed, "a") == "sk"
    assert (both.outdated(sealed), both.outdated(both.seal("sk", "a")), both.outdated("")) == (True, False, False)
    with pytest.raises(Unavailable, match="STOREHAND_SECRETS__PREVIOUS"):
        Vault([NEW]).open(sealed, "a")
    with pytest.raises(Unavailable, match="STOREHAND_SECRETS__KEY"):
        Vault([]).seal("sk", "a")


def test_a_key_is_32_bytes_and_not_shown() -> None:
    assert OLD not in repr(VAULT)
    for wrong in ("", "short", "ü" * 44):
        with pytest.raises(InvalidInput):
            Vault([wrong])


def test_a_kept_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secrets.key"
    first = kept_key(path)
    assert kept_key(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secrets.key"]
