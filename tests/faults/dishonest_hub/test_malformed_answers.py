"""A hub that answers with what is no answer: clients fail with an ExchangeError, in bounds."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from agency_client import AsyncExchangeClient, ExchangeClient
from exchange_keys import load_signer
from exchange_protocol.errors import ExchangeError, HubError, HubInternal, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner
from exchange_protocol.log.merkle import EMPTY_ROOT
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.rpc import status as status_module
from tests.support.deployment import AUDITOR
from tests.support.dishonest_hub import REQUEST, Region, caught, instead
from tests.support.hub_process import ORIGIN, PASSPHRASE

Act = Callable[[ExchangeClient, str], Any]
ACTS: dict[str, Act] = {
    "PlanRoute": lambda client, _: client.request_information(
        to=["kz.fma"], brief="-", request=REQUEST
    ),
    "ListExchanges": lambda client, _: list(client.inbox()),
    "GetExchange": lambda client, exchange: client.get(exchange),
    "FetchPart": lambda client, exchange: client.open(exchange),
    "Watch": lambda client, _: list(client.watch(from_start=True, max_seconds=30)),
    "ListDirectoryEntries": lambda client, _: client.sync(),
    "GetCheckpoint": lambda client, _: client.checkpoint(),
    "GetTile": lambda client, _: client.tile(0, 0),
    "ListOpenings": lambda client, _: list(client.leaves(0, 10)),
    "GetInclusionProof": lambda client, _: client.inclusion_proof(0, 10),
    "GetConsistencyProof": lambda client, _: client.consistency_proof(5, 10),
}
"""What a client does that makes the call, where it does not queue what it cannot send."""
GARBAGE = b"\xff\xff\xff\xff"


@pytest.mark.parametrize("method", sorted(ACTS))
def test_answer_that_does_not_parse_is_the_hubs_failure(region: Region, method: str) -> None:
    exchange = region.ask("kz.mia", by="kz.fma/system")
    client = region.client("kz.mia/system")
    region.lies.answers[method] = instead(lambda *_: [GARBAGE] if _streams(method) else GARBAGE)
    assert isinstance(caught(lambda: ACTS[method](client, exchange), Reason.INTERNAL), HubError)


@pytest.mark.parametrize("method", ["GetExchange", "FetchPart", "ListDirectoryEntries", "Watch"])
async def test_answer_that_does_not_parse_does_not_crash_the_asyncio_client(
    region: Region, method: str
) -> None:
    exchange = region.ask("kz.mia", by="kz.fma/system")
    region.lies.answers[method] = instead(lambda *_: [GARBAGE] if _streams(method) else GARBAGE)
    async with AsyncExchangeClient.from_profile(
        region.deployment.profile("kz.mia/system")
    ) as client:
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "Watch": lambda: _all(client.watch(from_start=True, max_seconds=30)),
            "ListDirectoryEntries": client.sync,
        }
        with pytest.raises(ExchangeError) as failed:
            await acts.get(method, lambda: client.open(exchange))()
    assert failed.value.reason is Reason.INTERNAL


def test_receipt_that_does_not_parse_leaves_the_statement_in_the_outbox(region: Region) -> None:
    client = region.client("kz.mia/system")
    region.lies.answers["Submit"] = lambda *_: GARBAGE
    queued = client.request_information(to=["kz.fma"], brief="-", request=REQUEST)
    assert [each.statement_id for each in client.outbox.pending()] == [queued.statement_id]
    region.lies.answers.clear()
    client.flush_outbox()
    assert client.outbox.pending() == []


@pytest.mark.parametrize("method", sorted(set(ACTS) - {"Watch", "FetchPart", "GetTile"}))
def test_empty_answer_proves_nothing(region: Region, method: str) -> None:
    exchange = region.ask("kz.mia", by="kz.fma/system")
    client = region.client("kz.mia/system")
    region.lies.answers[method] = lambda _, said: type(said)()
    if method in ("ListExchanges", "GetInclusionProof", "GetConsistencyProof", "PlanRoute"):
        # Empty lists are lists, and an empty plan is of no directory: nothing rests on them.
        ACTS[method](client, exchange)
        return
    with pytest.raises(HubError):
        ACTS[method](client, exchange)


def test_answer_beyond_the_limit_of_a_message_is_refused_in_bounds(region: Region) -> None:
    client = region.client("kz.mia/system")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    huge = bytes(64 * 1024 * 1024)
    region.lies.answers["GetTile"] = lambda *_: huge
    caught(lambda: client.tile(0, 0), Reason.TOO_LARGE)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 400 * 1024, f"{grown} KiB, of which the hub in this process has its own share"


@pytest.mark.parametrize(
    ("field", "value"),
    [("index", 2**64 - 1), ("index", 0), ("nonce", b""), ("proof", 100_000), ("proof", 1)],
)
def test_proof_of_another_shape_is_refused(region: Region, field: str, value: Any) -> None:
    exchange = region.ask("kz.fma")

    def misshapen(_: Any, said: pb.GetExchangeResponse) -> pb.GetExchangeResponse:
        entry = said.entries[0]
        if field == "index":
            entry.index = value
        elif field == "nonce":
            entry.opening.nonce = value
        else:
            del entry.inclusion_proof[:]
            entry.inclusion_proof.extend([bytes(32)] * value)
        return said

    region.lies.answers["GetExchange"] = misshapen
    caught(
        lambda: region.open("kz.fma/system", exchange),
        Reason.PROOF_INVALID,
        Reason.ENTRY_MISMATCH,
    )


@pytest.mark.parametrize("size", [0, 1, 2**62, 2**63 - 1])
def test_signed_tree_of_an_absurd_size_is_refused(region: Region, size: int) -> None:
    client = region.client("kz.mia/system")
    client.checkpoint()
    signer = LogSigner(ORIGIN, load_signer(region.files.folder / "log.key", PASSPHRASE))
    root = signer.sign(Checkpoint(ORIGIN, size, bytes(32) if size else EMPTY_ROOT))

    def absurd(_: Any, said: Any) -> Any:
        said.tree_head.checkpoint = root
        return said

    region.lies.answers["GetCheckpoint"] = absurd
    caught(client.checkpoint, Reason.CHECKPOINT_ROLLBACK, Reason.CHECKPOINT_SPLIT_VIEW)


def test_error_whose_details_do_not_parse_is_an_error(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = AnyMessage()
    broken.Pack(error_details_pb2.ErrorInfo(reason="X"))
    broken.value = GARBAGE
    status = status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], details=[broken])
    monkeypatch.setattr(status_module, "encode_status", lambda *_: status)
    region.lies.answers["ListExchanges"] = _refused
    caught(lambda: list(region.client("kz.mia/system").inbox()), Reason.INTERNAL)


@pytest.mark.parametrize(
    "reason",
    [
        Reason.PEER_SIGNATURE_INVALID,
        Reason.APPROVAL_MISSING,
        Reason.SEAL_BROKEN,
        Reason.RULE_BROKEN,
        Reason.DOCUMENT_INVALID,
        Reason.PROFILE_INVALID,
        Reason.NOT_WITNESSED,
    ],
    ids=lambda reason: reason.name,
)
def test_hub_accuses_nobody_of_what_only_its_client_can_find(
    region: Region, monkeypatch: pytest.MonkeyPatch, reason: Reason
) -> None:
    """By a mere status a hub could frame an agency, or have an auditor discard its state."""
    exchange = region.ask("kz.fma")

    def accuse(*_: Any) -> Any:
        raise reason.error("entry 7, by uz.fiu: the signature is not good (fictional)")

    monkeypatch.setattr(status_module, "shown_error", lambda error: error)
    for method in ("GetExchange", "ListOpenings"):
        region.lies.answers[method] = instead(accuse)
    for method, member in (("GetExchange", "kz.fma/system"), ("ListOpenings", AUDITOR)):
        client = region.client(member)
        error = caught(partial(ACTS[method], client, exchange), Reason.INTERNAL)
        assert isinstance(error, HubInternal)


def test_error_that_is_no_status_is_an_error(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nothing:
        def SerializeToString(self) -> bytes:  # noqa: N802
            return GARBAGE

    monkeypatch.setattr(status_module, "encode_status", lambda *_: Nothing())
    region.lies.answers["ListExchanges"] = _refused
    caught(lambda: list(region.client("kz.mia/system").inbox()), Reason.INTERNAL)


def test_list_without_an_end_is_ended(region: Region) -> None:
    region.ask("kz.fma")

    pages: list[pb.ListExchangesResponse] = []

    def again(_: Any, said: pb.ListExchangesResponse) -> pb.ListExchangesResponse:
        said.next_page_token = "before-9"
        pages.append(said)
        return pages[0]

    client = region.client("kz.fma/system")
    region.lies.answers["ListExchanges"] = again
    assert "twice" in caught(lambda: list(client.inbox()), Reason.ENTRY_MISMATCH).message

    def empty(_: Any, said: pb.ListExchangesResponse) -> pb.ListExchangesResponse:
        return pb.ListExchangesResponse(next_page_token="before-9")

    region.lies.answers["ListExchanges"] = empty
    caught(lambda: list(client.inbox()), Reason.ENTRY_MISMATCH)


def test_part_that_is_longer_or_shorter_than_signed_is_refused(region: Region) -> None:
    exchange = region.ask("kz.fma")
    for lie in (
        lambda _, said: pb.FetchPartResponse(chunk=said.chunk * 50),
        lambda _, said: pb.FetchPartResponse(chunk=said.chunk[:-1]),
        lambda _, said: pb.FetchPartResponse(),
    ):
        region.lies.answers["FetchPart"] = lie
        caught(lambda: region.open("kz.fma/system", exchange), Reason.SEAL_BROKEN)


def _refused(*_: Any) -> Any:
    raise Reason.NOT_A_PARTY.error("-")


def _streams(method: str) -> bool:
    return method in ("FetchPart", "Watch")


async def _all(stream: AsyncIterator[Any]) -> list[Any]:
    return [each async for each in stream]
