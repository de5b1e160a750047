"""A TLS certificate that is renewed on disk counts for a client that goes on running."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agency_client import AsyncExchangeClient, ExchangeClient
from agency_client.state import renewed_tls
from exchange_certs.records import RevocationReason
from exchange_keys import encrypted_pem
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import Usage
from exchange_server.bootstrap import utc_now
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE

MEMBER = "kz.mia/system"


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewed_tls, "LOOK_SECONDS", 0.0)


def replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f"{path.name}.draft")
    draft.touch(mode=0o600)
    draft.write_bytes(data)
    draft.replace(path)


def renew(town: Deployment) -> None:
    """Put a new pair in the place of the old one, and take the old one back."""
    folder = town.profile(MEMBER)
    with town.client(MEMBER) as client:
        old = client.profile.tls.certificate.serial
    issued = town.files.issue(MEMBER)
    assert issued.key is not None
    replace(folder / "tls.key", encrypted_pem(issued.key, PASSPHRASE))
    replace(folder / "tls.pem", issued.certificate_pem)
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
