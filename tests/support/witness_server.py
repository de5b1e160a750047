"""A witness that is a server, as C2SP tlog-witness asks for it; and one that is told to misbehave.

It shares with the hub the protocol's notes, trees and cosignatures, and nothing of the call.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from exchange_protocol.errors import ExchangeError
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.cosignatures import WitnessSigner
from exchange_protocol.log.merkle import verify_consistency
from exchange_protocol.log.notes import SignedNote

SIZE = "text/x.tlog.size"
OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")
Answered = tuple[int, str, bytes]


@dataclass
class WitnessServer:
    """The state of one witness of one log."""

    witness: WitnessSigner
    log: LogVerifier
    clock: Callable[[], datetime]
    seen: Checkpoint | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)
    """The old size and that of the checkpoint, of each question that was understood."""
    instead: Callable[[BaseHTTPRequestHandler], None] | None = None
    """Answers in the place of the witness."""
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/witness"

    def add_checkpoint(self, body: bytes) -> Answered:
        """Cosign, or say why not."""
        head, _, note = body.partition(b"\n\n")
        first, *proof = head.split(b"\n")
        old = OLD.fullmatch(first)
        assert old is not None, first
        signed = SignedNote.parse(note)
        named = Checkpoint.parse(signed.text)
        if named.origin != self.log.origin:
            return 404, "text/plain", b"unknown origin\n"
        try:
            checkpoint = self.log.verify(note)
        except ExchangeError:
            return 403, "text/plain", b"unknown key\n"
        size = int(old[1])
        self.asked.append((size, checkpoint.size))
        before = self.seen.size if self.seen else 0
        if size > checkpoint.size:
            return 400, "text/plain", b"old is larger\n"
        if size != before:
            return 409, SIZE, b"%d\n" % before
        if self.seen is not None:
            if size == checkpoint.size and self.seen.root != checkpoint.root:
                return 409, SIZE, b"%d\n" % before
            try:
                hashes = [base64.b64decode(each, validate=True) for each in proof]
                verify_consistency(size, checkpoint.size, hashes, self.seen.root, checkpoint.root)
            except ExchangeError:
                return 422, "text/plain", b"inconsistent\n"
        else:
            assert proof == []
        self.seen = checkpoint
        line = self.witness.cosign(signed.text, self.clock())
        cosigned = SignedNote(signed.text, (line,)).encode()
        return 200, "text/plain", cosigned.removeprefix(signed.text + b"\n")


@contextmanager
def running(server: WitnessServer) -> Iterator[WitnessServer]:
    """Serve on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if server.instead is not None:
                server.instead(self)
                return
            assert self.path == "/witness/add-checkpoint"
            answer(
                self, *server.add_checkpoint(self.rfile.read(int(self.headers["Content-Length"])))
            )

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def answer(handler: BaseHTTPRequestHandler, status: int, media_type: str, body: bytes) -> None:
    """Answer whole."""
    handler.send_response(status)
    handler.send_header("Content-Type", media_type)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
