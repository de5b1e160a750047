"""Two hubs on one PostgreSQL: what one has logged holds at the other, in the next statement."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.retire_agency import RetireAgency
from exchange_protocol.kinds.revoke_certificate import RevocationReason, RevokeCertificate
from exchange_protocol.rules.statements import BRIEF
from exchange_protocol.trust.certificates import fingerprint
from exchange_protocol.trust.identity import AgencyId
from exchange_server.bootstrap import utc_now
from tests.integration.ledger.test_known_shapes import NO_REQUESTS
from tests.integration.rpc.callers import Region
from tests.integration.rpc.test_batches import Made, requests
from tests.integration.rpc.test_streamed_statements import SECONDS, message, outcomes, stream
from tests.support.hub_data import sealed
from tests.support.hub_process import HubProcess, prepare_hub
from tests.support.postgres import emptied_database, shared_postgres
from tests.support.statements import KZ_MIA, OPERATOR, POLICY, Hub, fictional_cast

pytestmark = pytest.mark.long


@contextmanager
def two_hubs(folder: Path) -> Iterator[tuple[Region, Region]]:
    """The fictional region at both; the first has enrolled it."""
    cast = fictional_cast()
    url = emptied_database(shared_postgres())
    files = prepare_hub(folder / "hub", authority=cast.authority, database_url=url)
    memory = Hub(cast, now=utc_now() - timedelta(minutes=10))
    with (
        HubProcess(files) as one,
        Region(one, memory) as first,
        HubProcess(files) as other,
        Region(other, memory) as second,
    ):
        first.catch_up()
        yield first, second


def retire_recipient(first: Region) -> Reason:
    submit(first, RetireAgency(AgencyId("kz.fma")))
    return Reason.AGENCY_RETIRED


def retire_author(first: Region) -> Reason:
    submit(first, RetireAgency(KZ_MIA.agency))
    return Reason.AGENCY_RETIRED


def revoke_certificate(first: Region) -> Reason:
    signer = first.memory.cast.signers[KZ_MIA].certificate
    submit(first, RevokeCertificate(fingerprint(signer), RevocationReason.KEY_COMPROMISE))
    return Reason.CERTIFICATE_REVOKED


def change_policy(first: Region) -> Reason:
    first.memory.change_policy(POLICY + NO_REQUESTS)
    first.catch_up()
    return Reason.POLICY_DENIED


def submit(region: Region, body: Any) -> None:
    memory = region.memory
    region.submit(memory.sign(memory.compose(OPERATOR, body)), {})


@pytest.mark.parametrize(
    "change", [retire_recipient, retire_author, revoke_certificate, change_policy]
)
def test_change_at_one_hub_judges_the_next_statement_of_a_stream_at_the_other(
    tmp_path: Path, change: Any
) -> None:
    """The other hub knows the shape and the route, and its stream stands since before."""
    with two_hubs(tmp_path) as (first, second):
        before, after = requests(second, 2)
        to_send: queue.SimpleQueue[Made | None] = queue.SimpleQueue()
        messages = map(message, iter(to_send.get, None))
        answers = second.stubs(KZ_MIA).exchange.SubmitStream(messages, timeout=SECONDS)
        to_send.put(before)
        assert isinstance(outcomes(second, [next(answers)], [before])[0], int)
        reason = change(first)
        to_send.put(after)
        to_send.put(None)
        assert outcomes(second, list(answers), [after]) == [reason.name]


def test_certificate_that_is_renewed_at_one_hub_signs_at_the_other(tmp_path: Path) -> None:
    with two_hubs(tmp_path) as (first, second):
        memory = first.memory
        known = requests(second, 2)
        assert all(isinstance(each, int) for each in outcomes(second, stream(second, known), known))
        renewed = memory.cast.issue(KZ_MIA)
        draft = memory.compose(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
        draft, part = sealed(memory.cast, draft, BRIEF, b"fictional")
        new = memory.sign(draft, renewed), {BRIEF: part}
        assert outcomes(second, stream(second, [new]), [new]) == [Reason.CERTIFICATE_UNKNOWN.name]
        submit(first, PublishCertificate(renewed.certificate))
        assert isinstance(outcomes(second, stream(second, [new]), [new])[0], int)


def test_same_bytes_on_streams_at_both_hubs_get_the_same_receipts(tmp_path: Path) -> None:
    with two_hubs(tmp_path) as hubs:
        made = requests(hubs[0], 70)
        with ThreadPoolExecutor(4) as pool:
            streams = list(pool.map(lambda number: stream(hubs[number % 2], made), range(4)))
        [indexes] = {tuple(outcomes(hubs[0], answers, made)) for answers in streams}
        assert len(set(indexes)) == len(made)
        assert all(isinstance(each, int) for each in indexes)
