"""Keys at rest: encrypted, their owner's only, never written over, never shown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from agency_client.state.keys import (
    PASSPHRASE_VARIABLE,
    Vault,
    generate_sealing_key,
    import_sealing_keys,
    load_passphrase,
    load_private_key,
    load_sealing_keys,
    save_private_key,
    write_secret,
)
from exchange_protocol.errors import NotAuthenticated, Reason
from exchange_protocol.trust.identity import AgencyId

PASSPHRASE = b"fictional passphrase"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def unavailable(match: str) -> pytest.RaisesExc[NotAuthenticated]:
    return pytest.RaisesExc(NotAuthenticated, match=match)


def test_sealing_key_comes_back_from_two_standard_blocks(tmp_path: Path) -> None:
    key = generate_sealing_key(tmp_path / "sealing", PASSPHRASE, AT)
    (file,) = (tmp_path / "sealing").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_bytes()
    assert text.count(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") == 2
    (loaded,) = load_sealing_keys(tmp_path / "sealing", PASSPHRASE)
    assert loaded.to_bytes() == key.to_bytes()


def test_old_sealing_keys_stay_and_the_newest_is_the_one_to_publish(tmp_path: Path) -> None:
    old = generate_sealing_key(tmp_path, PASSPHRASE, AT)
    new = generate_sealing_key(tmp_path, PASSPHRASE, AT.replace(year=2027))
    vault = Vault.of(AgencyId("kz.mia"), None, None, load_sealing_keys(tmp_path, PASSPHRASE))
    assert vault.newest_sealing_key == new.public_key()
    assert vault.sealing_key(old.public_key().key_id).to_bytes() == old.to_bytes()
    with unavailable("holds"):
        vault.sealing_key(bytes(32))


def test_imported_sealing_keys_are_under_ones_own_passphrase(tmp_path: Path) -> None:
    theirs, own, other = tmp_path / "theirs", tmp_path / "own", b"another passphrase"
    made = [generate_sealing_key(theirs, other, AT.replace(year=year)) for year in (2026, 2027)]
    ids = [key.public_key().key_id for key in made]
    assert import_sealing_keys(theirs, other, own, PASSPHRASE, ids) == tuple(ids)
    loaded = load_sealing_keys(own, PASSPHRASE)
    assert [key.to_bytes() for key in loaded] == [key.to_bytes() for key in made], "oldest first"
    assert {path.stat().st_mode & 0o777 for path in own.iterdir()} == {0o600}
    assert import_sealing_keys(theirs, other, own, PASSPHRASE, ids) == (), "they are held already"


def test_nothing_is_imported_unless_all_of_it_is_good(tmp_path: Path) -> None:
    theirs, own = tmp_path / "theirs", tmp_path / "own"
    with unavailable("expected sealing keys"):
        import_sealing_keys(theirs, PASSPHRASE, own, PASSPHRASE, ())
    known = generate_sealing_key(theirs, PASSPHRASE, AT).public_key().key_id
    generate_sealing_key(theirs, PASSPHRASE, AT.replace(year=2027))
    with unavailable("published"):
        import_sealing_keys(theirs, PASSPHRASE, own, PASSPHRASE, (known,))
    with unavailable("passphrase opens"):
        import_sealing_keys(theirs, b"wrong passphrase", own, PASSPHRASE, (known,))
    assert not own.exists()


@pytest.mark.parametrize("cut", ["first block", "garbage", "wrong order"])
def test_broken_sealing_key_is_refused(tmp_path: Path, cut: str) -> None:
    generate_sealing_key(tmp_path, PASSPHRASE, AT)
    (file,) = tmp_path.iterdir()
    data = file.read_bytes()
    middle = data.index(b"-----BEGIN", 10)
    broken = {
        "first block": data[:middle],
        "garbage": b"garbage",
        "wrong order": data[middle:] + data[:middle],
    }
    file.write_bytes(broken[cut])
    with unavailable("ML-KEM-768 and an X25519"):
        load_sealing_keys(tmp_path, PASSPHRASE)


def test_wrong_passphrase_and_shared_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tls.key"
    save_private_key(path, ec.generate_private_key(ec.SECP256R1()), PASSPHRASE)
    with unavailable("passphrase opens"):
        load_private_key(path, b"another passphrase")
    path.chmod(0o640)
    with unavailable("0600"):
        load_private_key(path, PASSPHRASE)
    with unavailable("cannot read"):
        load_private_key(tmp_path / "none.key", PASSPHRASE)


def test_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSPHRASE),
    )
    write_secret(tmp_path / "key", pem)
    with unavailable("elliptic curve"):
        load_private_key(tmp_path / "key", PASSPHRASE)


def test_key_is_never_written_over_nor_kept_under_a_short_passphrase(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    save_private_key(tmp_path / "key", key, PASSPHRASE)
    with unavailable("never written over"):
        save_private_key(tmp_path / "key", key, PASSPHRASE)
    with unavailable("at least 12"):
        save_private_key(tmp_path / "other", key, b"short")


def test_passphrase_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_secret(tmp_path / "passphrase", PASSPHRASE + b"\r\nsecond line")
    assert load_passphrase(tmp_path / "passphrase") == PASSPHRASE
    write_secret(tmp_path / "notepad", b"\xef\xbb\xbf" + PASSPHRASE + b"\r\n")
    assert load_passphrase(tmp_path / "notepad") == PASSPHRASE
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE.decode())
    assert load_passphrase(None) == PASSPHRASE
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    with unavailable(PASSPHRASE_VARIABLE):
        load_passphrase(None)


def test_vault_without_keys_says_what_is_missing() -> None:
    vault = Vault.of(AgencyId("kz.mia"), None, None, ())
    for act in (lambda: vault.member, lambda: vault.newest_sealing_key, lambda: vault.sign(b"-")):
        with pytest.raises(NotAuthenticated) as caught:
            act()
        assert caught.value.reason is Reason.KEY_UNAVAILABLE


def test_no_key_shows_in_a_repr(tmp_path: Path) -> None:
    key = generate_sealing_key(tmp_path, PASSPHRASE, AT)
    signing = ec.generate_private_key(ec.SECP256R1())
    vault = Vault.of(AgencyId("kz.mia"), None, signing, (key,))
    shown = repr(vault)
    assert key.to_bytes().hex() not in shown
    assert "PrivateKey" not in shown
