"""Keys and certificates that are new on disk count for a client that goes on running."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agency_client import AsyncExchangeClient, ExchangeClient, Profile
from agency_client.state import keys, renewed_tls
from agency_client.state.keys import generate_sealing_key
from exchange_certs.records import RevocationReason
from exchange_keys import encrypted_pem
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import Usage
from exchange_server.bootstrap import utc_now
from tests.support.deployment import AUDITOR, Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE

MEMBER = "kz.mia/system"
RECIPIENT = "kz.fma/system"


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewed_tls, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(keys, "LOOK_SECONDS", 0.0)


def replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f"{path.name}.draft")
    draft.touch(mode=0o600)
    draft.write_bytes(data)
    draft.replace(path)


def renew(town: Deployment, member: str = MEMBER) -> None:
    """Put a new pair in the place of the old one, and take the old one back."""
    with town.client(member) as client:
        old = client.profile.tls.certificate.serial
        folder, named = client.profile.folder, client.profile.files("tls")
    issued = town.files.issue(member)
    assert issued.key is not None
    replace(folder / named["key"], encrypted_pem(issued.key, PASSPHRASE))
    replace(folder / named["certificate"], issued.certificate_pem)
    town.files.authority.revoke(old, RevocationReason.SUPERSEDED, now=utc_now())


def test_running_client_goes_on_with_the_renewed_certificate(
    foundation: Foundation, tmp_path: Path
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _), town.client(MEMBER) as client:
        client.sync()
        before = client.profile.tls.certificate.fingerprint
        renew(town)
        client.sync()
        with town.client(MEMBER) as fresh:
            assert fresh.profile.tls.certificate.fingerprint != before


def test_running_async_client_goes_on_too(foundation: Foundation, tmp_path: Path) -> None:
    async def run(town: Deployment) -> None:
        async with AsyncExchangeClient.from_profile(town.profile(MEMBER)) as client:
            await client.sync()
            renew(town)
            await client.sync()

    with foundation.serving(tmp_path / "hub") as (town, _):
        asyncio.run(run(town))


def test_half_a_renewal_and_another_members_leave_the_old_certificate(
    foundation: Foundation, tmp_path: Path
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _), town.client(MEMBER) as client:
        folder = town.profile(MEMBER)
        kept = (folder / "tls.pem").read_bytes()
        other = town.files.issue("kz.fma/system", Usage.TLS_CLIENT)
        assert other.key is not None
        replace(folder / "tls.pem", other.certificate_pem)
        client.sync()
        replace(folder / "tls.key", encrypted_pem(other.key, PASSPHRASE))
        client.sync()
        replace(folder / "tls.pem", kept)
        client.sync()
    with pytest.raises(ExchangeError) as refused:
        town.client(MEMBER)
    assert refused.value.reason is not Reason.UNAVAILABLE
    assert isinstance(client, ExchangeClient)


def check_renewed(client: ExchangeClient) -> None:
    """Check that the last call was made with the certificate that is on disk now."""
    on_disk = Profile.load(client.profile.folder).tls.certificate.fingerprint
    assert client.profile.tls.shown[-1] == on_disk


def test_pair_that_has_other_names_in_another_folder_is_renewed_too(
    foundation: Foundation, tmp_path: Path
) -> None:
    """Such as `tls.crt`, where a system of certificates of its own renews it."""
    with foundation.serving(tmp_path / "hub") as (town, _):
        folder, elsewhere = town.profile(MEMBER), tmp_path / "issued"
        elsewhere.mkdir(mode=0o700)
        file = folder / "profile.toml"
        text = file.read_text(encoding="utf-8")
        for name in ("tls.pem", "tls.key"):
            moved = elsewhere / name.replace("pem", "crt").replace("key", "private")
            (folder / name).rename(moved)
            text = text.replace(name, str(moved))
        file.write_text(text, encoding="utf-8")
        with town.client(MEMBER) as client:
            client.sync()
            renew(town)
            client.sync()
            check_renewed(client)


def test_profile_that_was_renewed_between_its_loading_and_the_client_is_taken_up(
    foundation: Foundation, tmp_path: Path
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _):
        profile = Profile.load(town.profile(MEMBER))
        renew(town)
        with ExchangeClient(profile) as client:
            client.sync()
            check_renewed(client)


def test_running_client_opens_what_is_sealed_to_the_key_that_was_published_since(
    foundation: Foundation, tmp_path: Path
) -> None:
    """A service runs for months, and `agency keys publish` is another process."""
    with (
        foundation.serving(tmp_path / "hub") as (town, _),
        town.client(RECIPIENT) as recipient,
        town.client(MEMBER) as author,
    ):
        recipient.sync()
        generate_sealing_key(recipient.profile.sealing_folder, PASSPHRASE, utc_now())
        with town.client(RECIPIENT) as other:
            other.publish_sealing_key()
        asked = author.refer("kz.fma", brief="-", referral={"facts": "-"})
        opened = recipient.open(asked)
        assert opened.faults == ()
        assert opened.statements[0].content is not None


def renew_signing(town: Deployment) -> bytes:
    """Publish a new signing certificate, and put it in the place of the old one; its SHA-256."""
    folder = town.profile(MEMBER)
    issued = town.files.issue(MEMBER, Usage.SIGNING)
    assert issued.key is not None
    with town.client(MEMBER) as other:
        other.publish_certificate(issued.der)
        other.sync()
    replace(folder / "signing.key", encrypted_pem(issued.key, PASSPHRASE))
    replace(folder / "signing.pem", issued.certificate_pem)
    return issued.fingerprint


def test_running_client_signs_with_the_renewed_certificate(
    foundation: Foundation, tmp_path: Path
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _), town.client(MEMBER) as client:
        client.sync()
        new = renew_signing(town)
        asked = client.refer("kz.fma", brief="-", referral={"facts": "-"})
        [said] = client.get(asked).statements
        assert said.signed.certificate_sha256 == new


@pytest.mark.parametrize("name", ["signing.key", "signing.pem", "profile.toml"])
def test_half_a_renewal_leaves_the_old_signing_key(
    foundation: Foundation, tmp_path: Path, name: str
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _), town.client(MEMBER) as client:
        client.sync()
        replace(town.profile(MEMBER) / name, b"half")
        client.refer("kz.fma", brief="-", referral={"facts": "-"})


def test_running_auditor_accuses_nobody_when_its_certificate_was_renewed(
    foundation: Foundation, tmp_path: Path
) -> None:
    """The log names the certificate of each reading: since the renewal it is the new one."""
    with foundation.serving(tmp_path / "hub") as (town, _), town.client(AUDITOR) as auditor:
        with town.client(MEMBER) as author:
            author.refer("kz.fma", brief="-", referral={"facts": "-"})
        assert list(auditor.leaves(0, auditor.checkpoint().size))
        renew(town, AUDITOR)
        assert list(auditor.leaves(0, auditor.checkpoint().size))
