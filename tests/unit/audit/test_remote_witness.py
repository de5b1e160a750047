"""A witness that speaks C2SP tlog-witness is asked over HTTP; what it answers is not believed."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agency_client.state.checkpoints import Head
from agency_client.witness.remote import RemoteWitness
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, HubUnavailable, Reason
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessSigner
from exchange_protocol.log.merkle import verify_consistency
from exchange_protocol.log.notes import SignedNote
from tests.support.signed_logs import LOG, SignedLog

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HISTORY = SignedLog.of("enrol enrol ask hold approve reply close")
OTHER = SignedLog.of("enrol enrol ask approve reply refuse close again")


@dataclass
class Server:
    """A witness by the specification; `spoils` changes what it answers."""

    signer: WitnessSigner
    port: int = 0
    sizes: list[int] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    status: int | None = None
    body: bytes | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/w/"

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        self.asked.append(body)
        if self.status is not None or self.body is not None:
            return self.status or 200, self.body or b""
        assert path == "/w/add-checkpoint"
        head, _, note = body.partition(b"\n\n")
        first, *proof = head.decode("ascii").split("\n")
        old = int(first.removeprefix("old "))
        checkpoint = LOG.verify(note)
        latest = self.sizes[-1] if self.sizes else 0
        if old != latest:
            return 409, f"{latest}\n".encode()
        if old:
            hashes = [base64.b64decode(each) for each in proof]
            try:
                verify_consistency(old, checkpoint.size, hashes, self.roots[old], checkpoint.root)
            except ExchangeError:
                return 422, b""
        else:
            assert proof == []
        self.sizes.append(checkpoint.size)
        self.roots[checkpoint.size] = checkpoint.root
        line = self.signer.cosign(SignedNote.parse(note).text, AT)
        signed = SignedNote(SignedNote.parse(note).text, (line,)).encode()
        return 200, signed.partition(b"\n\n")[2]


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(WitnessSigner("witness.example/w", SoftwareSigner.generate_ed25519()))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = made.answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        made.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield made
        http.shutdown()


@dataclass
class FakeHub:
    log: SignedLog
    size: int
    taken: list[bytes] = field(default_factory=list)

    def offered_checkpoints(self) -> tuple[Head, list[Head]]:
        note = self.log.note(self.size)
        return Head(note, LOG.verify(note)), []

    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        return self.log.consistency(first, second)

    def add_cosignature(self, note: bytes) -> None:
        self.taken.append(note)


def remote(server: Server) -> RemoteWitness:
    return RemoteWitness(server.url, server.signer.verifier)


def refusal(witness: RemoteWitness, hub: FakeHub) -> str:
    with pytest.raises(ExchangeError) as refused:
        witness.run_once(hub)
    assert refused.value.reason is Reason.NOT_WITNESSED
    assert hub.taken == []
    return refused.value.message


def test_each_checkpoint_is_brought_with_its_proof(server: Server) -> None:
    hub, witness = FakeHub(HISTORY, 2), remote(server)
    for size in (2, 3, 3, 7):
        hub.size = size
        assert witness.run_once(hub).head.size == size
    assert server.sizes == [2, 3, 3, 7]
    policy = WitnessPolicy(1, [server.signer.verifier.vkey])
    for note in hub.taken:
        LOG.verify(note)
        [found] = policy.verify(note)
        assert found.at == AT


def test_what_the_witness_saw_before_is_asked_of_it(server: Server) -> None:
    hub = FakeHub(HISTORY, 3)
    remote(server).run_once(hub)
    hub.size = 7
    remote(server).run_once(hub)
    assert [body.partition(b"\n")[0] for body in server.asked] == [b"old 0", b"old 0", b"old 3"]
    assert server.sizes == [3, 7]


def test_a_hub_that_was_set_back_is_not_cosigned(server: Server) -> None:
    remote(server).run_once(FakeHub(HISTORY, 7))
    assert "saw a tree of 7 entries, the hub shows one of 3" in refusal(
        remote(server), FakeHub(HISTORY, 3)
    )


def test_another_history_is_not_cosigned(server: Server) -> None:
    remote(server).run_once(FakeHub(HISTORY, 5))
    assert "consistency proof wrong" in refusal(remote(server), FakeHub(OTHER, 7))


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (404, b"", "does not know this log"),
        (403, b"", "does not know the key of this log"),
        (500, b"", "HTTP 500"),
        (302, b"", "HTTP 302"),
        (409, b"many\n", "no size"),
        (409, b"0\n", "another tree of 0 entries"),
        (200, b"", "no good cosignature"),
        (200, b"\xff\n", "no good cosignature"),
        (200, "— witness.example/w AAAA\n".encode(), "no good cosignature"),
        (200, b"x" * 20_000, "more than 16384 bytes"),
    ],
)
def test_an_answer_that_is_not_good_changes_nothing(
    server: Server, status: int, body: bytes, why: str
) -> None:
    server.status, server.body = status, body
    assert why in refusal(remote(server), FakeHub(HISTORY, 3))


def test_a_cosignature_by_another_key_does_not_count(server: Server) -> None:
    other = WitnessSigner("witness.example/w", SoftwareSigner.generate_ed25519())
    witness = RemoteWitness(server.url, other.verifier)
    assert "no cosignature by the key that was given" in refusal(witness, FakeHub(HISTORY, 3))


def test_a_cosignature_of_another_checkpoint_does_not_count(server: Server) -> None:
    line = server.signer.cosign(SignedNote.parse(HISTORY.note(2)).text, AT)
    text = SignedNote.parse(HISTORY.note(3)).text
    server.body = SignedNote(text, (line,)).encode().partition(b"\n\n")[2]
    assert "is not good" in refusal(remote(server), FakeHub(HISTORY, 3))


def test_a_witness_that_is_away_is_no_refusal(server: Server) -> None:
    away = RemoteWitness("http://127.0.0.1:1/", server.signer.verifier)
    with pytest.raises(HubUnavailable, match="does not answer"):
        away.run_once(FakeHub(HISTORY, 3))


@pytest.mark.parametrize("url", ["http://witness.example/", "ftp://127.0.0.1/", "https://", "w"])
def test_plain_http_goes_to_this_machine_alone(server: Server, url: str) -> None:
    with pytest.raises(ExchangeError) as refused:
        RemoteWitness(url, server.signer.verifier)
    assert refused.value.reason is Reason.INVALID_FIELD
