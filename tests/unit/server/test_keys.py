"""Keys are loaded only from files of their owner alone, with the passphrase that opens them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exchange_certs.keys import save_private_key
from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.keys import (
    load_log_key,
    load_tls_key,
    plain_pem,
    read_passphrase,
    save_log_key,
)

PASSPHRASE = b"fictional passphrase"


def refused() -> pytest.RaisesExc[ExchangeError]:
    return pytest.RaisesExc(ExchangeError, check=lambda e: e.reason is Reason.KEY_UNAVAILABLE)


def secret(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.touch(mode=mode)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_log_key_comes_back_and_its_file_is_its_owners(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    save_log_key(tmp_path / "log.key", key, PASSPHRASE)
    assert (tmp_path / "log.key").stat().st_mode & 0o777 == 0o600
    loaded = load_log_key(tmp_path / "log.key", PASSPHRASE)
    assert loaded.public_key() == key.public_key()


def test_key_is_never_written_over(tmp_path: Path) -> None:
    save_log_key(tmp_path / "log.key", Ed25519PrivateKey.generate(), PASSPHRASE)
    with refused():
        save_log_key(tmp_path / "log.key", Ed25519PrivateKey.generate(), PASSPHRASE)


def test_wrong_passphrase_is_refused_without_showing_it(tmp_path: Path) -> None:
    save_log_key(tmp_path / "log.key", Ed25519PrivateKey.generate(), PASSPHRASE)
    with refused() as caught:
        load_log_key(tmp_path / "log.key", b"another passphrase")
    assert "another" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_key_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    save_log_key(tmp_path / "log.key", Ed25519PrivateKey.generate(), PASSPHRASE)
    (tmp_path / "log.key").chmod(mode)
    with refused():
        load_log_key(tmp_path / "log.key", PASSPHRASE)


def test_key_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    save_log_key(tmp_path / "log.key", Ed25519PrivateKey.generate(), PASSPHRASE)
    key = ec.generate_private_key(ec.SECP256R1())
    save_private_key(tmp_path / "tls.key", key, PASSPHRASE)
    with refused():
        load_tls_key(tmp_path / "log.key", PASSPHRASE)
    with refused():
        load_log_key(tmp_path / "tls.key", PASSPHRASE)
    loaded = load_tls_key(tmp_path / "tls.key", PASSPHRASE)
    assert plain_pem(loaded).startswith(b"-----BEGIN PRIVATE KEY-----")


def test_passphrase_comes_from_the_first_line_of_a_file_or_from_the_environment(
    tmp_path: Path,
) -> None:
    file = secret(tmp_path / "passphrase", PASSPHRASE + b"\r\nmore")
    assert read_passphrase(file, "X", {}) == PASSPHRASE
    notepad = secret(tmp_path / "notepad", b"\xef\xbb\xbf" + PASSPHRASE + b"\r\n")
    assert read_passphrase(notepad, "X", {}) == PASSPHRASE
    assert read_passphrase(None, "X", {"X": PASSPHRASE.decode()}) == PASSPHRASE


def test_passphrase_that_is_short_missing_or_readable_by_others_is_refused(tmp_path: Path) -> None:
    with refused():
        read_passphrase(None, "X", {})
    with refused():
        read_passphrase(None, "X", {"X": "short"})
    with refused():
        read_passphrase(secret(tmp_path / "open", PASSPHRASE, 0o644), "X", {})
    with refused():
        read_passphrase(tmp_path / "gone", "X", {})
