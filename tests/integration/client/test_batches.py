"""Statements that wait together are sent together; every receipt is verified."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agency_client import ExchangeClient, InformationRequest, Item, Queued, Refused, Sent
from agency_client.core.calls import Call
from agency_client.evidence import export_bundle, verify_bundle
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.rules.statements import UUID_RANDOM_BYTES, Draft, Header, new_statement_id
from exchange_protocol.trust.identity import AgencyId
from exchange_server.bootstrap import utc_now
from tests.integration.evidence.conftest import Court, read, write
from tests.support.asking import ask
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess

pytestmark = pytest.mark.long

REQUEST = InformationRequest(items=(Item.TRANSACTIONS,), facts="Вымышленные факты")


@pytest.fixture
def town(foundation: Foundation, tmp_path: Path) -> Iterator[tuple[Deployment, HubProcess]]:
    with foundation.serving(tmp_path / "hub") as town:
        yield town


def calls_of(client: ExchangeClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that the client calls from here on."""
    seen: list[str] = []
    perform = client._driver.link.perform

    def spy(call: Call) -> Any:
        seen.append(call.method)
        return perform(call)

    monkeypatch.setattr(client._driver.link, "perform", spy)
    return seen


def test_an_outbox_with_much_in_it_goes_in_one_stream(
    town: tuple[Deployment, HubProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment, hub = town
    with deployment.client("kz.mia/system") as mia:
        mia.sync()
        hub.kill()
        queued = [ask(mia) for _ in range(3)]
        assert all(isinstance(each, Queued) for each in queued)
        assert len(mia.outbox.pending()) == len(queued)
    with HubProcess(deployment.files) as again:
        deployment.point_to(again.port)
        with deployment.client("kz.mia/system") as mia:
            seen = calls_of(mia, monkeypatch)
            sent = mia.flush_outbox()
            assert [type(each) for each in sent] == [Sent] * len(queued)
            assert seen.count("ExchangeService/SubmitStream") == 1
            assert "ExchangeService/Submit" not in seen
            assert mia.outbox.pending() == []
            assert [each.exchange_id for each in sent] == [each.exchange_id for each in queued]
            assert len(mia.outbox.all_receipts()) >= len(queued)
            for each in sent:
                assert mia.get(each.exchange_id).id == each.exchange_id


def acknowledgements(
    client: ExchangeClient, exchanges: list[str]
) -> list[tuple[Draft, dict[str, bytes]]]:
    """Drafts that answer what the client opened."""
    drafts: list[tuple[Draft, dict[str, bytes]]] = []
    for exchange_id in exchanges:
        verified = client.get(exchange_id)
        [leg] = verified.legs
        draft = Draft(
            id=new_statement_id(utc_now(), secrets.token_bytes(UUID_RANDOM_BYTES)),
            exchange_id=exchange_id,
            author=client.member,
            made_at=utc_now(),
            body=Kind.ACKNOWLEDGE.body(),
            answers=leg.awaits,
            recipients=(AgencyId("kz.mia"),),
            header=Header(handling=leg.handling, tlp=leg.tlp),
        )
        drafts.append((draft, {}))
    return drafts


def test_statements_under_one_signature_are_evidence_as_any_other(
    town: tuple[Deployment, HubProcess], tmp_path: Path
) -> None:
    deployment, _ = town
    count = 9
    with deployment.client("kz.mia/system") as mia:
        ids = [ask(mia).exchange_id for _ in range(count)]
    with deployment.client("kz.fma/system") as fma:
        for exchange_id in ids:
            fma.open(exchange_id)
        drafts = acknowledgements(fma, ids)
        results = fma.submit_statements(drafts)
        assert [each for each in results if not isinstance(each, Sent)] == []
        # Said twice, each is out of order now; the others are not held up by it.
        again = fma.submit_statements(acknowledgements(fma, ids))
        assert [type(each) for each in again] == [Refused] * count
        path = tmp_path / "e.zip"
        profile = fma.profile
        export_bundle(
            fma.gather_evidence(ids[3]),
            path,
            exported_by=profile.tls.certificate.member,
            at=utc_now(),
            anchors=profile.anchors,
            log=profile.log,
        )
        verify_bundle(path, profile.anchors, profile.log)
    (tmp_path / "root.pem").write_bytes(deployment.files.root_pem)
    court = Court(tmp_path, tmp_path / "root.pem", deployment.files.log_vkey)
    assert court.run(path).startswith("VERIFIED")
    bundle, manifest = read(path)
    [name] = [name for name in bundle if name.endswith("batch.txt")]
    lines = bundle[name].splitlines(keepends=True)
    for bad in (
        b"".join([b"index 0\n", *lines[1:]]),
        b"".join(lines[:-1]),
        b"".join([*lines, lines[-1]]),
        b"nothing",
    ):
        forged = write(tmp_path / "f.zip", {**bundle, name: bad}, manifest)
        assert "NOT VERIFIED" in (said := court.run(forged))
        # A path of another form does not parse; another path is not the signature of the entry.
        assert "SIGNATURE_INVALID" in said or "names another signature" in said
    without = {each: data for each, data in bundle.items() if each != name}
    said = court.run(write(tmp_path / "g.zip", without, manifest))
    assert "names another signature than the one beside it" in said
