"""The clients over mutual TLS against a real hub: what a hub in memory cannot show."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agency_client import (
    AsyncExchangeClient,
    ExchangeClient,
    InformationRequest,
    Item,
    Profile,
    Queued,
    ReplyDocument,
    Sent,
)
from agency_client.state.profile import KeyPair, PinnedHub
from exchange_certs.authority import Authority
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import (
    HubDishonest,
    HubUnavailable,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    Reason,
)
from exchange_protocol.kinds.codes import LegState
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import parse_member
from tests.support.deployment import COORDINATORS, Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE, TRUST_DOMAIN, HubProcess

pytestmark = pytest.mark.long

REQUEST = InformationRequest(items=(Item.TRANSACTIONS,), facts="Вымышленные факты")
UNKNOWN = "01890000-0000-7000-8000-000000000000"


@dataclass
class Region:
    """A hub that can be stopped and started, with its enrolled agencies."""

    deployment: Deployment
    hub: HubProcess

    def restart(self) -> None:
        self.hub.close()
        self.hub = HubProcess(self.deployment.files)
        self.hub.__enter__()
        self.deployment.point_to(self.hub.port)

    def client(self, member: str) -> ExchangeClient:
        return self.deployment.client(member)

    def ask(self, *to: str) -> Sent | Queued:
        with self.client("kz.mia/system") as mia:
            return mia.request_information(to=to, brief="-", request=REQUEST)


@contextmanager
def deployed(foundation: Foundation, folder: Path) -> Iterator[Region]:
    """A region of its own, in a new folder."""
    with foundation.serving(folder) as (deployment, hub):
        region = Region(deployment, hub)
        try:
            yield region
        finally:
            region.hub.close()


@pytest.fixture(scope="module")
def region(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    """Shared by tests that leave the hub as it is, and ask only for what they made themselves."""
    with deployed(foundation, tmp_path_factory.mktemp("shared") / "hub") as region:
        yield region


@pytest.fixture
def own_region(foundation: Foundation, tmp_path: Path) -> Iterator[Region]:
    """For tests that stop the hub."""
    with deployed(foundation, tmp_path / "hub") as region:
        yield region


def test_cross_border_request_goes_through_the_centre_and_comes_back(region: Region) -> None:
    scan = bytes(range(256)) * 12_000
    sent = region.ask("uz.fiu")
    assert isinstance(sent, Sent)
    with region.client(COORDINATORS[0]) as coordinator:
        assert sent.exchange_id in [each.id for each in coordinator.pending()]
        coordinator.approve(coordinator.open(sent.exchange_id))
    with region.client("uz.fiu/system") as uzbek:
        (listed,) = (each for each in uzbek.inbox() if each.id == sent.exchange_id)
        opened = uzbek.open(listed)
        assert opened.statements[0].content == REQUEST
        uzbek.acknowledge(opened)
        uzbek.reply(opened, document=ReplyDocument(text="Да"), attachments={"scan": scan})
    with region.client("kz.gpo/system") as prosecutor:
        (copy,) = (each for each in prosecutor.supervised() if each.id == sent.exchange_id)
        assert list(prosecutor.open(copy).statements[0].parts) == ["brief"]
    with region.client("kz.mia/system") as mia:
        answered = mia.open(sent.exchange_id)
        assert answered.legs[0].state is LegState.ANSWERED
        assert answered.statements[-1].attachments["scan"] == scan
        mia.feedback(answered, usefulness=2)
        mia.close_exchange(answered)
        seen = list(mia.watch(from_start=True, max_seconds=5))
        assert sent.exchange_id in {each.exchange_id for each in seen}
        assert list(mia.watch(max_seconds=0.5)) == [], "it goes on where it stood"


async def test_asyncio_client_does_the_same_over_tls(region: Region) -> None:
    folder = region.deployment.profile("kz.mia/system")
    async with (
        AsyncExchangeClient.from_profile(folder) as mia,
        AsyncExchangeClient.from_profile(region.deployment.profile("kz.fma/system")) as fma,
    ):
        results = await asyncio.gather(
            *(mia.refer(to=["kz.fma"], brief=f"{number}") for number in range(8))
        )
        referred = {each.exchange_id for each in results}
        assert referred <= {each.id async for each in fma.inbox()}
        opened = await fma.open(results[0].exchange_id)
        await fma.reply(opened, result="CASE_OPENED")
        seen = [each async for each in fma.watch(from_start=True, max_seconds=5)]
        assert referred <= {each.exchange_id for each in seen}


def test_reasons_of_the_hub_become_exceptions(region: Region) -> None:
    with region.client("kz.mia/system") as mia:
        with pytest.raises(NotFound) as unknown:
            mia.open(UNKNOWN)
        assert unknown.value.reason is Reason.EXCHANGE_UNKNOWN
        with pytest.raises(InvalidInput) as malformed:
            mia.get("not an id")
        assert malformed.value.field == "exchange_id"


def test_statement_survives_a_killed_hub_and_is_accepted_once(own_region: Region) -> None:
    with own_region.client("kz.mia/system") as mia:
        mia.sync()
        before = mia.checkpoint().size
        own_region.hub.kill()
        queued = mia.refer(to=["kz.fma"], brief="-")
        assert isinstance(queued, Queued)
        assert queued.reason.reason is Reason.UNAVAILABLE
    own_region.restart()
    with own_region.client("kz.mia/system") as mia:
        (sent,) = mia.flush_outbox()
        assert isinstance(sent, Sent)
        assert sent.exchange_id == queued.exchange_id
        assert mia.flush_outbox() == []
        assert mia.checkpoint().size == before + 1


def test_hub_restored_from_a_backup_is_caught_with_evidence(own_region: Region) -> None:
    folder = own_region.deployment.files.folder
    assert own_region.hub.stop() == 0
    backup = folder / "backup"
    backup.mkdir()
    for file in folder.glob("hub.db*"):
        shutil.copy(file, backup)
    own_region.restart()
    own_region.ask("kz.fma")
    own_region.hub.stop()
    for file in folder.glob("hub.db*"):
        file.unlink()
    for file in backup.iterdir():
        shutil.copy(file, folder)
    own_region.restart()
    with own_region.client("kz.mia/system") as mia:
        with pytest.raises(HubDishonest) as caught:
            mia.sync()
        assert caught.value.reason is Reason.CHECKPOINT_ROLLBACK
        (evidence,) = (mia.profile.state / "evidence").iterdir()
        assert str(evidence) in caught.value.message


def test_expired_tls_certificate_is_named(region: Region, tmp_path: Path) -> None:
    authority = region.deployment.files.authority
    member = parse_member(f"spiffe://{TRUST_DOMAIN}/agency/kz.mia/system")
    past = datetime.now(UTC) - timedelta(seconds=1)
    issued = authority.issue_member(member, Usage.TLS_CLIENT, now=past, not_after=past)
    assert issued.key is not None
    folder = tmp_path / "expired"
    Profile.create(
        folder,
        hub=PinnedHub(
            region.hub.target,
            "main",
            region.deployment.files.log_vkey,
            region.deployment.files.root_pem,
        ),
        tls=KeyPair(issued.certificate_pem, issued.key),
        passphrase=PASSPHRASE,
        write_passphrase=True,
    )
    with (
        ExchangeClient.from_profile(folder) as expired,
        pytest.raises(NotAuthenticated, match="your TLS certificate expired on") as caught,
    ):
        list(expired.inbox())
    assert caught.value.reason is Reason.CERTIFICATE_EXPIRED


def test_revoked_tls_certificate_is_named(own_region: Region) -> None:
    profile = Profile.load(own_region.deployment.profile("kz.mia/system"))
    from exchange_certs.records import RevocationReason

    own_region.deployment.files.authority.revoke(
        profile.tls.certificate.serial,
        RevocationReason.KEY_COMPROMISE,
        now=datetime.now(UTC) - timedelta(seconds=2),
    )
    own_region.hub.kill()
    own_region.restart()
    with (
        own_region.client("kz.mia/system") as mia,
        pytest.raises(NotAuthenticated, match="CERTIFICATE_REVOKED"),
    ):
        mia.sync()


def test_hub_of_another_root_is_not_talked_to(region: Region, tmp_path: Path) -> None:
    other = Authority.create(tmp_path / "other", TRUST_DOMAIN, PASSPHRASE, datetime.now(UTC))
    member = parse_member(f"spiffe://{TRUST_DOMAIN}/agency/kz.mia/system")
    issued = other.issue_member(member, Usage.TLS_CLIENT, now=datetime.now(UTC))
    assert issued.key is not None
    profile = Profile.create(
        tmp_path / "foreign",
        hub=PinnedHub(
            # By one address: of several, gRPC tells the error of the last alone.
            region.hub.target.replace("localhost", "127.0.0.1"),
            "main",
            region.deployment.files.log_vkey,
            other.root_pem(),
        ),
        tls=KeyPair(issued.certificate_pem, issued.key),
        passphrase=PASSPHRASE,
        write_passphrase=True,
    )
    with (
        ExchangeClient.from_profile(profile) as client,
        pytest.raises(HubUnavailable, match=r"cannot reach the hub at .*root"),
    ):
        client.sync()


def test_pinned_log_key_of_another_log_is_noticed_at_once(region: Region, tmp_path: Path) -> None:

    from exchange_protocol.log.checkpoint import LogSigner
    from tests.support.hub_process import ORIGIN

    folder = tmp_path / "profile"
    shutil.copytree(region.deployment.profile("kz.fma/system"), folder)
    other = LogSigner(ORIGIN, SoftwareSigner.generate_ed25519()).vkey
    text = (folder / "profile.toml").read_text(encoding="utf-8")
    pinned = region.deployment.files.log_vkey
    (folder / "profile.toml").write_text(text.replace(pinned, other), encoding="utf-8")
    shutil.rmtree(folder / "state")
    with (
        ExchangeClient.from_profile(folder) as fma,
        pytest.raises(HubDishonest, match="CHECKPOINT_INVALID"),
    ):
        fma.sync()


@pytest.mark.parametrize("places", ["1", "16"])
def test_small_parts_come_from_a_hub_with_one_place_as_well(
    foundation: Foundation, tmp_path: Path, places: str
) -> None:
    """Parts that the client does not read yet take no place that the part before them needs."""
    limits = {"EXCHANGE_LIMITS_TRANSFERS_PER_AGENCY": places}
    files = {f"{number}.txt": bytes([number]) * 30_000 for number in range(12)}
    with foundation.serving(tmp_path / "hub", limits) as (town, _):
        with town.client("kz.mia/system") as mia:
            sent = mia.request_information("kz.fma", brief="-", request=REQUEST, attachments=files)
        assert isinstance(sent, Sent)
        with town.client("kz.fma/system") as fma:
            assert dict(fma.open(sent.exchange_id).statements[0].attachments) == files

        async def again() -> None:
            async with AsyncExchangeClient.from_profile(town.profile("kz.fma/system")) as fma:
                opened = await fma.open(sent.exchange_id)
                assert dict(opened.statements[0].attachments) == files

        asyncio.run(again())
