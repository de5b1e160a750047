"""Asks witnesses that are servers to cosign this log (C2SP tlog-witness).

    POST ADDRESS/add-checkpoint
    old SIZE, the consistency proof from there in base64 lines, an empty line, the newest checkpoint

    200   lines of signatures: this witness's is handed to the ledger, which verifies it
    409   the size that the witness cosigned last: it is asked again, from there
    else  the witness does not know the log or its key, or takes the proof for bad

A witness is asked when the hub starts, when the log has grown, and once an hour; at most once in
an interval.
Its answers are untrusted: each is bounded in bytes and in time, leads nowhere else, and counts only
by its signature. A witness that is away holds up nothing but the wait after a start
(docs/witnesses.md).
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast

import structlog

from exchange_protocol.errors import ExchangeError
from exchange_protocol.log.checkpoint import Checkpoint
from exchange_protocol.log.cosignatures import WitnessVerifier
from exchange_protocol.log.notes import MAX_NOTE_BYTES, SignedNote
from exchange_server.ledger import Ledger, Reader

ANSWER_SECONDS: Final = 30.0
"""Longest time of one question, from the connection to the last byte."""
QUIET_SECONDS: Final = 3600.0
"""Time after which a witness is asked again, though the log has not grown."""
_SIZE_MEDIA_TYPE: Final = "text/x.tlog.size"
_T = TypeVar("_T")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, the media type and the first bytes of an answer over HTTP."""

    status: int
    media_type: str
    body: bytes

    @property
    def cosigned_size(self) -> int | None:
        """The size that a conflict names; None if the answer is none, or is malformed."""
        digits = self.body.removesuffix(b"\n")
        if self.status != HTTPStatus.CONFLICT or self.media_type != _SIZE_MEDIA_TYPE:
            return None
        return int(digits) if digits.isdigit() and len(digits) < 20 else None


@dataclass(frozen=True, slots=True)
class Question:
    """A checkpoint to cosign, and all that is sent with it."""

    note: SignedNote
    size: int
    body: bytes


class WitnessServers:
    """The witnesses with an address, each asked by a task of its own."""

    def __init__(
        self,
        ledger: Ledger,
        reader: Reader,
        addresses: Mapping[WitnessVerifier, str],
        interval_seconds: float,
    ) -> None:
        """Ask at these addresses; `start` begins."""
        self._ledger = ledger
        self._reader = reader
        self._addresses = addresses
        self._interval_seconds = interval_seconds
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._tasks = [
            asyncio.create_task(self._follow(witness, address))
            for witness, address in self._addresses.items()
        ]

    async def close(self) -> None:
        """End; nobody waits for a witness that is slow."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, witness: WitnessVerifier, address: str) -> None:
        cosigned = 0
        while True:
            try:
                cosigned = await self._cosigned(witness, address, cosigned)
            except (OSError, UnicodeError, http.client.HTTPException) as error:
                _log.warning("witness_away", witness=witness.name, why=str(error) or repr(error))
            except ExchangeError as error:
                _log.warning("witness_not_taken", witness=witness.name, why=error.message)
            await asyncio.sleep(self._interval_seconds)
            await self._ledger.wait_for_growth(cosigned, QUIET_SECONDS)

    async def _cosigned(self, witness: WitnessVerifier, address: str, before: int) -> int:
        """Ask, and once more from where the witness stands; gives the size that it cosigned."""
        if not self._ledger.tree_size:
            return 0
        question = await self._question(before)
        answer = await _in_thread(partial(post, address, question.body))
        stands_at = answer.cosigned_size
        if stands_at is not None and stands_at > question.size:
            # The gate of the ledger stays shut: docs/witnesses.md says what to do.
            _log.error("witness_saw_more", witness=witness.name, saw=stands_at, has=question.size)
            return before
        if stands_at is not None and stands_at != before:
            question = await self._question(stands_at)
            answer = await _in_thread(partial(post, address, question.body))
        if answer.status != HTTPStatus.OK:
            _log.error("witness_refused", witness=witness.name, status=answer.status)
            return before
        await self._ledger.add_cosignature(_cosigned(question.note, answer.body, witness))
        return question.size

    async def _question(self, old: int) -> Question:
        head = await self._reader.tree_head(old)
        hashes = [base64.b64encode(each) for each in head.consistency_proof]
        lines = [b"old %d" % old, *hashes, b"", head.note]
        note = SignedNote.parse(head.note)
        return Question(note, Checkpoint.parse(note.text).size, b"\n".join(lines))


def post(address: str, body: bytes) -> Answer:
    """Post to an address, and give what it answers; redirects are answers like others."""
    request = urllib.request.Request(  # noqa: S310 -- the configuration allows http and https alone
        f"{address}/add-checkpoint", data=body, headers={"Content-Type": "text/plain"}
    )
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=ANSWER_SECONDS) as response:
            return _answer(response)
    except urllib.error.HTTPError as refused:
        with refused:
            return _answer(refused)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nobody: the operator named the address."""


def _answer(response: Any) -> Answer:
    return Answer(
        response.status, response.headers.get_content_type(), response.read(MAX_NOTE_BYTES + 1)
    )


def _cosigned(note: SignedNote, lines: bytes, witness: WitnessVerifier) -> bytes:
    """The note with the witness's line; what else the answer holds says nothing to this hub."""
    said = SignedNote.parse(note.text + b"\n" + lines).signatures
    own = (each for each in said if (each.name, each.key_id) == (witness.name, witness.key_id))
    return SignedNote(note.text, (*note.signatures, *own)).encode()


async def _in_thread(call: Callable[[], _T]) -> _T:
    """Run a call in a thread that nobody has to wait for: neither this task nor Python's end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(result: _T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast(_T, result))

    def run() -> None:
        result, failed = None, None
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 -- it is raised where the call is awaited
            failed = error
        with suppress(RuntimeError):  # The loop has ended, and with it the one who asked.
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, name="witness", daemon=True).start()
    async with asyncio.timeout(ANSWER_SECONDS):
        return await future
