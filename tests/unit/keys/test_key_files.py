"""Keys are loaded only from files of their owner alone, with the passphrase that opens them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from exchange_keys import (
    SealingPrivateKey,
    SoftwareSigner,
    check_guarded_folder,
    encrypted_sealing_key,
    load_foreign_key,
    load_sealing_key,
    load_signer,
    load_tls_key,
    read_passphrase,
    read_pinned,
    read_secret,
    save_private_key,
)
from exchange_keys.guarded import CREDENTIALS_VARIABLE
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.signer import SignatureAlgorithm
from exchange_protocol.trust.envelope import sign

PASSPHRASE = b"fictional passphrase"
BOM = b"\xef\xbb\xbf"


def refused_key(match: str = "") -> pytest.RaisesExc[ExchangeError]:
    return pytest.RaisesExc(
        ExchangeError, match=match, check=lambda e: e.reason is Reason.KEY_UNAVAILABLE
    )


def not_trusted(match: str) -> pytest.RaisesExc[ExchangeError]:
    return pytest.RaisesExc(
        ExchangeError, match=match, check=lambda e: e.reason is Reason.PROFILE_INVALID
    )


def secret(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.touch(mode=mode)
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.fixture
def log_key(tmp_path: Path) -> Path:
    save_private_key(tmp_path / "log.key", Ed25519PrivateKey.generate(), PASSPHRASE)
    return tmp_path / "log.key"


def test_log_key_comes_back_and_its_file_is_its_owners(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    save_private_key(tmp_path / "log.key", key, PASSPHRASE)
    assert (tmp_path / "log.key").stat().st_mode & 0o777 == 0o600
    loaded = load_signer(tmp_path / "log.key", PASSPHRASE, SignatureAlgorithm.ED25519)
    assert loaded.public_key == key.public_key()
    assert loaded.sign(b"text") == key.sign(b"text")


@pytest.mark.parametrize(
    ("curve", "algorithm"),
    [
        (ec.SECP256R1(), SignatureAlgorithm.ECDSA_P256_SHA256),
        (ec.SECP384R1(), SignatureAlgorithm.ECDSA_P384_SHA384),
    ],
)
def test_signing_key_says_its_algorithm(
    tmp_path: Path, curve: ec.EllipticCurve, algorithm: SignatureAlgorithm
) -> None:
    key = ec.generate_private_key(curve)
    save_private_key(tmp_path / "key", key, PASSPHRASE)
    loaded = load_signer(tmp_path / "key", PASSPHRASE)
    assert (loaded.algorithm, loaded.public_key) == (algorithm, key.public_key())


def test_key_that_the_exchange_does_not_know_is_refused(tmp_path: Path) -> None:
    save_private_key(tmp_path / "key", ec.generate_private_key(ec.SECP521R1()), PASSPHRASE)
    with refused_key("secp521r1"):
        load_signer(tmp_path / "key", PASSPHRASE)


def test_log_key_signs_no_statement() -> None:
    with pytest.raises(ExchangeError, match="expected a key on P-256 or P-384; got Ed25519"):
        sign(SoftwareSigner.generate_ed25519(), "type", b"payload")


def test_key_is_never_written_over(log_key: Path) -> None:
    before = log_key.read_bytes()
    with pytest.raises(ExchangeError, match="nothing is written over") as caught:
        save_private_key(log_key, Ed25519PrivateKey.generate(), PASSPHRASE)
    assert caught.value.reason is Reason.FILE_NOT_WRITTEN
    assert log_key.read_bytes() == before


def test_key_is_not_kept_under_a_short_passphrase(tmp_path: Path) -> None:
    with refused_key("at least 12"):
        save_private_key(tmp_path / "key", Ed25519PrivateKey.generate(), b"short")
    assert list(tmp_path.iterdir()) == []


def test_passphrase_that_no_key_file_takes_is_refused_by_its_length(tmp_path: Path) -> None:
    longest, longer = b"x" * 1023, b"x" * 1024
    save_private_key(tmp_path / "key", Ed25519PrivateKey.generate(), longest)
    load_signer(tmp_path / "key", longest)
    with refused_key("at most 1023 bytes"):
        save_private_key(tmp_path / "other", Ed25519PrivateKey.generate(), longer)
    with refused_key("at most 1023 bytes"):
        read_passphrase(secret(tmp_path / "p", longer + b"\n"), "X")
    assert not (tmp_path / "other").exists()


def test_wrong_passphrase_is_refused_without_showing_it(log_key: Path) -> None:
    with refused_key("passphrase opens") as caught:
        load_signer(log_key, b"another passphrase")
    assert "another passphrase" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o440])
def test_key_that_others_may_read_or_write_is_refused(log_key: Path, mode: int) -> None:
    log_key.chmod(mode)
    with refused_key("0600"):
        load_signer(log_key, PASSPHRASE)


def test_missing_or_empty_key_is_refused(tmp_path: Path) -> None:
    with refused_key("cannot read"):
        load_signer(tmp_path / "none", PASSPHRASE)
    with refused_key("is empty"):
        load_signer(secret(tmp_path / "empty", b""), PASSPHRASE)


def test_key_of_the_other_kind_is_refused(tmp_path: Path, log_key: Path) -> None:
    save_private_key(tmp_path / "tls.key", ec.generate_private_key(ec.SECP256R1()), PASSPHRASE)
    with refused_key("elliptic curve"):
        load_tls_key(log_key, PASSPHRASE)
    with refused_key("Ed25519"):
        load_signer(tmp_path / "tls.key", PASSPHRASE, SignatureAlgorithm.ED25519)
    loaded = load_tls_key(tmp_path / "tls.key", PASSPHRASE)
    assert loaded.plain_pem().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert "PRIVATE" not in repr(loaded)


def test_key_without_encryption_is_taken_from_another_program_only(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = secret(tmp_path / "key", pem.replace(b"\n", b"\r\n"))
    assert load_foreign_key(path, PASSPHRASE).public_key() == key.public_key()
    with refused_key("openssl pkcs8 -topk8 -in"):
        load_signer(path, PASSPHRASE)


def test_passphrase_comes_from_the_first_line_of_a_file_or_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = secret(tmp_path / "begun", b"\n" + PASSPHRASE)
    with refused_key(f"in the first line of {begun}; got 0"):
        read_passphrase(begun, "X", {})
    file = secret(tmp_path / "passphrase", PASSPHRASE + b"\r\nmore")
    assert read_passphrase(file, "X", {}) == PASSPHRASE
    assert read_passphrase(None, "X", {"X": PASSPHRASE.decode()}) == PASSPHRASE
    monkeypatch.setenv("EXCHANGE_KEY_PASSPHRASE", PASSPHRASE.decode())
    assert read_passphrase(None, "EXCHANGE_KEY_PASSPHRASE") == PASSPHRASE
    for end in ("\n", "\r\n", "\n\n"):
        assert read_passphrase(None, "X", {"X": PASSPHRASE.decode() + end}) == PASSPHRASE


def test_passphrase_of_other_letters_is_the_same_typed_and_in_a_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever encoding the terminal has: a variable in KOI8-R holds other bytes than UTF-8."""
    monkeypatch.setattr(os, "fsencode", lambda text: text.encode("koi8-r", "surrogateescape"))
    said = "длинный пароль"
    assert read_passphrase(None, "X", {"X": said}) == said.encode()
    # Bytes that the terminal's encoding does not have stay as they are.
    assert read_passphrase(None, "X", {"X": "0123456789ab\udcff"}) == b"0123456789ab\xff"


@pytest.mark.parametrize(
    ("given", "is_told"), [("another passphrase", False), ("фтщерук зфыызркфыу", True)]
)
def test_wrong_passphrase_of_another_keyboard_is_told(
    tmp_path: Path, given: str, is_told: bool
) -> None:
    path = tmp_path / "key"
    save_private_key(path, ec.generate_private_key(ec.SECP256R1()), PASSPHRASE)
    with refused_key("the passphrase is another") as no:
        load_signer(path, given.encode())
    assert ("keyboard's layout" in no.value.message) == is_told
    assert given not in no.value.message


def test_passphrase_that_is_short_missing_or_readable_by_others_is_refused(tmp_path: Path) -> None:
    with refused_key(r"\$X"):
        read_passphrase(None, "X", {})
    with refused_key("at least 12"):
        read_passphrase(None, "X", {"X": "short"})
    with refused_key("0644"):
        read_passphrase(secret(tmp_path / "open", PASSPHRASE, 0o644), "X", {})
    with refused_key("cannot read"):
        read_passphrase(tmp_path / "gone", "X", {})


def test_what_notepad_saves_is_read_and_utf16_is_refused_by_that_name(tmp_path: Path) -> None:
    assert read_passphrase(secret(tmp_path / "p", BOM + PASSPHRASE), "X") == PASSPHRASE
    with refused_key("UTF-16"):
        utf16 = "fictional passphrase".encode("utf-16")
        read_passphrase(secret(tmp_path / "wide", utf16), "X")
    signing, sealing = Ed25519PrivateKey.generate(), SealingPrivateKey.generate()
    save_private_key(tmp_path / "a.key", signing, PASSPHRASE)
    for pem, name in (
        ((tmp_path / "a.key").read_bytes(), "signing"),
        (encrypted_sealing_key(sealing, PASSPHRASE), "sealing"),
    ):
        secret(tmp_path / name, BOM + pem.replace(b"\n", b"\r\n"))
    assert load_signer(tmp_path / "signing", PASSPHRASE).public_key == signing.public_key()
    assert load_sealing_key(tmp_path / "sealing", PASSPHRASE) == sealing


def test_credential_of_systemd_is_taken_in_its_folder_and_only_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    inside = secret(folder / "passphrase", PASSPHRASE, 0o440)
    outside = secret(tmp_path / "passphrase", PASSPHRASE, 0o440)
    linked = folder / "link"
    linked.symlink_to(outside)
    with refused_key("0440"):
        read_secret(inside)
    monkeypatch.setenv(CREDENTIALS_VARIABLE, str(folder))
    assert read_secret(inside) == PASSPHRASE
    for path in (outside, linked):
        with refused_key("0440"):
            read_secret(path)
    for mode in (0o444, 0o460, 0o450):
        inside.chmod(mode)
        with refused_key(f"{mode:04o}"):
            read_secret(inside)


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_pinned_file_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = secret(tmp_path / "root.pem", BOM + b"root", 0o644)
    assert read_pinned(path, Reason.PROFILE_INVALID) == b"root"
    path.chmod(mode)
    with not_trusted(f"{mode:04o}.*chmod go-w"):
        read_pinned(path, Reason.PROFILE_INVALID)


def test_folder_in_which_others_may_lay_down_files_is_refused(tmp_path: Path) -> None:
    check_guarded_folder(tmp_path, Reason.PROFILE_INVALID)
    tmp_path.chmod(0o777)
    with not_trusted("0777"):
        check_guarded_folder(tmp_path, Reason.PROFILE_INVALID)
    tmp_path.chmod(0o700)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can give files away: run the tests as root to include it"
)
def test_file_of_another_user_is_refused_unless_root_looks_after_the_whole_folder(
    tmp_path: Path, log_key: Path
) -> None:
    os.chown(log_key, 12345, 12345)
    with refused_key("belongs to user id 12345"):
        load_signer(log_key, PASSPHRASE)
    os.chown(tmp_path, 12345, 12345)
    assert isinstance(load_signer(log_key, PASSPHRASE).public_key, Ed25519PublicKey)
    os.chown(tmp_path, 0, 0)
