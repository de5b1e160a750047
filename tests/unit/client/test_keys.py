"""Keys at rest: encrypted, their owner's only, never written over, never shown."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from agency_client.state import keys
from agency_client.state.keys import (
    Vault,
    generate_sealing_key,
    import_sealing_keys,
    load_sealing_keys,
)
from exchange_keys import SoftwareSigner, load_sealing_key
from exchange_protocol.errors import ExchangeError, NotAuthenticated, Reason
from exchange_protocol.trust.certificates import Usage, verify_chain
from exchange_protocol.trust.identity import AgencyId
from tests.support.statements import KZ_MIA, START, Signer, fictional_cast

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
    (loaded,) = load_sealing_keys(tmp_path / "sealing", PASSPHRASE).keys
    assert loaded.to_bytes() == key.to_bytes()


def test_old_sealing_keys_stay_and_the_newest_is_the_one_to_publish(tmp_path: Path) -> None:
    old = generate_sealing_key(tmp_path, PASSPHRASE, AT)
    new = generate_sealing_key(tmp_path, PASSPHRASE, AT.replace(year=2027))
    vault = Vault.of(AgencyId("kz.mia"), None, None, load_sealing_keys(tmp_path, PASSPHRASE).keys)
    assert vault.newest_sealing_key == new.public_key
    assert vault.newest_key_id == new.public_key.key_id
    assert vault.sealing_key(old.public_key.key_id) == old
    with unavailable("holds"):
        vault.sealing_key(bytes(32))


def test_imported_sealing_keys_are_under_ones_own_passphrase(tmp_path: Path) -> None:
    theirs, own, other = tmp_path / "theirs", tmp_path / "own", b"another passphrase"
    made = [generate_sealing_key(theirs, other, AT.replace(year=year)) for year in (2026, 2027)]
    ids = [key.public_key.key_id for key in made]
    assert import_sealing_keys(theirs, other, own, PASSPHRASE, ids) == tuple(ids)
    loaded = load_sealing_keys(own, PASSPHRASE).keys
    assert [key.to_bytes() for key in loaded] == [key.to_bytes() for key in made], "oldest first"
    assert {path.stat().st_mode & 0o777 for path in own.iterdir()} == {0o600}
    assert import_sealing_keys(theirs, other, own, PASSPHRASE, ids) == (), "they are held already"


def test_what_macos_keeps_beside_keys_is_no_key(tmp_path: Path) -> None:
    """It writes `._NAME` beside each file on a stick or a share of another system."""
    theirs, own, other = tmp_path / "theirs", tmp_path / "own", b"another passphrase"
    made = generate_sealing_key(theirs, other, AT).public_key.key_id
    (file,) = theirs.iterdir()
    (theirs / f"._{file.name}").write_bytes(b"\0\x05\x16\x07" + bytes(78))
    loaded = load_sealing_keys(theirs, other)
    assert [each.public_key.key_id for each in loaded.keys] == [made]
    assert not loaded.unusable
    assert import_sealing_keys(theirs, other, own, PASSPHRASE, [made]) == (made,)


def test_copy_of_an_old_key_under_another_name_does_not_make_it_the_newest(tmp_path: Path) -> None:
    """Programs that keep folders in step write a second file where two differ."""
    generate_sealing_key(tmp_path, PASSPHRASE, AT)
    (old,) = tmp_path.iterdir()
    new = generate_sealing_key(tmp_path, PASSPHRASE, AT.replace(year=2027))
    for name in (
        f"{old.stem} 2.key",
        f"{old.stem}.sync-conflict-20270101-A.key",
        f"Копия {old.name}",
    ):
        shutil.copy2(old, tmp_path / name)
    vault = Vault.of(AgencyId("kz.mia"), None, None, load_sealing_keys(tmp_path, PASSPHRASE).keys)
    assert vault.newest_sealing_key == new.public_key


def test_nothing_is_imported_unless_all_of_it_is_good(tmp_path: Path) -> None:
    theirs, own = tmp_path / "theirs", tmp_path / "own"
    with unavailable("expected sealing keys"):
        import_sealing_keys(theirs, PASSPHRASE, own, PASSPHRASE, ())
    known = generate_sealing_key(theirs, PASSPHRASE, AT).public_key.key_id
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
        load_sealing_key(file, PASSPHRASE)


@pytest.mark.parametrize("half", [b"", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB"])
def test_one_damaged_file_is_named_and_the_other_keys_work(tmp_path: Path, half: bytes) -> None:
    old = generate_sealing_key(tmp_path, PASSPHRASE, AT)
    damaged = tmp_path / "99991231T000000000000Z-00.key"
    damaged.write_bytes(half)
    damaged.chmod(0o600)
    found = load_sealing_keys(tmp_path, PASSPHRASE)
    assert found.keys == (old,)
    assert [each.path for each in found.unusable] == [damaged]
    vault = Vault.of(AgencyId("kz.mia"), None, None, found.keys, found.unusable)
    assert vault.sealing_key(old.public_key.key_id) == old
    with unavailable(str(damaged)):
        vault.sealing_key(bytes(32))


def test_folder_that_cannot_be_read_is_not_one_without_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where root made it: whoever opens a part is told of the folder, and of no lost key."""
    folder = tmp_path / "sealing"
    assert load_sealing_keys(folder, PASSPHRASE).unusable == ()
    folder.write_bytes(b"")
    [fault] = load_sealing_keys(folder, PASSPHRASE).unusable
    assert fault.why.startswith(f"cannot read {folder}: Not a directory; the user who runs")
    folder.unlink()
    folder.mkdir()

    def closed(_: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", closed)
    [fault] = load_sealing_keys(folder, PASSPHRASE).unusable
    vault = Vault.of(AgencyId("kz.mia"), None, None, (), [fault])
    with pytest.raises(NotAuthenticated, match=r"holds none; cannot read .*: Permission denied"):
        vault.sealing_key(bytes(32))


def test_import_replaces_a_damaged_file_of_the_same_key_and_no_other(tmp_path: Path) -> None:
    theirs, own, other = tmp_path / "theirs", tmp_path / "own", b"another passphrase"
    key = generate_sealing_key(theirs, other, AT)
    ids = [key.public_key.key_id]
    import_sealing_keys(theirs, other, own, PASSPHRASE, ids)
    (file,) = own.iterdir()
    file.write_bytes(file.read_bytes()[:200])
    assert load_sealing_keys(own, PASSPHRASE).keys == ()
    assert import_sealing_keys(theirs, other, own, PASSPHRASE, ids) == tuple(ids)
    assert load_sealing_keys(own, PASSPHRASE).keys == (key,)
    # A file that claims another key's id is not written over.
    (foreign,) = theirs.iterdir()
    foreign.rename(theirs / "20260101T000000000000Z-0000000000000000.key")
    (own / "20260101T000000000000Z-0000000000000000.key").write_bytes(b"half")
    file.unlink()
    with pytest.raises(ExchangeError, match="exists; nothing is written over") as refused:
        import_sealing_keys(theirs, other, own, PASSPHRASE, ids)
    assert refused.value.reason is Reason.FILE_NOT_WRITTEN


def test_vault_without_keys_says_what_is_missing() -> None:
    vault = Vault.of(AgencyId("kz.mia"), None, None, ())
    for act in (lambda: vault.member, lambda: vault.newest_sealing_key, lambda: vault.sign(b"-")):
        with pytest.raises(NotAuthenticated) as caught:
            act()
        assert caught.value.reason is Reason.KEY_UNAVAILABLE


def test_no_key_shows_in_a_repr(tmp_path: Path) -> None:
    key = generate_sealing_key(tmp_path, PASSPHRASE, AT)
    signing = SoftwareSigner(ec.generate_private_key(ec.SECP256R1()))
    vault = Vault.of(AgencyId("kz.mia"), None, signing, (key,))
    assert "PrivateKey" not in repr(signing)
    assert key.to_bytes().hex() not in repr(key)
    shown = repr(vault)
    assert key.to_bytes().hex() not in shown
    assert "PrivateKey" not in shown


def vault_of(signer: Signer, second: MLDSA65PrivateKey | None, *renewals: Vault) -> Vault:
    """A vault of a signer; its files on disk change once for each renewal."""
    cast, left = fictional_cast(), list(renewals)
    certificate = verify_chain(
        signer.certificate, (), cast.anchors, usage=Usage.SIGNING, at=START + timedelta(hours=1)
    )
    return Vault.of(
        signer.member.agency,
        certificate,
        SoftwareSigner(signer.key),
        (),
        second=None if second is None else SoftwareSigner(second),
        renewed=lambda: left.pop(0) if left else None,
    )


def test_certificate_whose_second_key_does_not_load_is_half_a_renewal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keys, "LOOK_SECONDS", 0.0)
    old = fictional_cast().signers[KZ_MIA]
    new = fictional_cast().issue(KZ_MIA, post_quantum=True)
    half, whole = vault_of(new, None), vault_of(new, new.second_key)
    vault = vault_of(old, None, half, whole)
    assert vault.sign(b"-").certificate_sha256 == old.fingerprint
    signed = vault.sign(b"-")
    assert signed.certificate_sha256 == new.fingerprint
    assert signed.post_quantum_signature


def test_certificate_that_names_no_second_key_any_more_is_a_whole_renewal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keys, "LOOK_SECONDS", 0.0)
    old = fictional_cast().issue(KZ_MIA, post_quantum=True)
    new = fictional_cast().issue(KZ_MIA)
    signed = vault_of(old, old.second_key, vault_of(new, None)).sign(b"-")
    assert signed.certificate_sha256 == new.fingerprint
    assert not signed.post_quantum_signature
