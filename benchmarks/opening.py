"""Cost of opening an exchange: entries, proofs, replay, delivery, seal, document.

Beside it stands what it could not do without: the cryptography of one opening, each operation as
often as an opening needs it. Processor time is judged, since most of the rest is waiting for the
hub: four calls, of which two log a delivery.

A thread that waits gives its core away, and comes back to caches that hold other things. The same
cryptography then takes up to twice the processor time, by what else the machine does. So both are
measured in turn, and the cryptography waits for the hub as often as an opening does. Beside it
stands what it takes without waiting.
"""

from __future__ import annotations

import hashlib
import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_client import InformationRequest, Item, Sent
from benchmarks.load import Latency
from benchmarks.section import Load, Ratio, Run, Section
from exchange_keys import SealingPrivateKey
from exchange_protocol.kinds.codes import ReaderRole
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.trust.sealing import PartContext, Reader, open_part, seal_part
from tests.support.deployment import deploy
from tests.support.hub_process import HubProcess, prepare_hub

GOAL = 10.0
EXCHANGES = 30
_TIMES = 50
_NO_ID = "00000000-0000-7000-8000-000000000000"
_FACTS = "Вымышленные факты. " * 30
_REQUEST = InformationRequest(items=(Item.TRANSACTIONS,), facts=_FACTS)


def play(run: Run) -> Section:
    """Let one agency ask and the other open, each once; times the opening."""
    files = prepare_hub(run.folder / "opening")
    took, used, least = [], [], []
    steps = cryptography()
    with HubProcess(files) as hub:
        deployment = deploy(files, hub.port)
        with deployment.client("kz.mia/system") as asking:
            sent = [
                asking.request_information(to=["kz.fma"], brief="fictional", request=_REQUEST)
                for _ in range(EXCHANGES)
            ]
        with deployment.client("kz.fma/system") as reading:
            for one in sent:
                if not isinstance(one, Sent):
                    raise TypeError(f"expected the hub to take the request, got {one}")
                started, used_before = time.perf_counter(), time.process_time()
                reading.open(one.exchange_id)
                took.append(time.perf_counter() - started)
                used.append(time.process_time() - used_before)
                least.append(_processor_time(steps, before_each=reading.checkpoint))
    opened, processor_ms = Latency.of(took), statistics.median(used) * 1000
    least_ms = statistics.median(least) * 1000
    at_once_ms = statistics.median(_processor_time(steps) for _ in range(_TIMES)) * 1000
    judged = Ratio(round(processor_ms / least_ms, 3), GOAL, at_most=True)
    return Section(
        key="opening",
        title="a recipient fetches, verifies and opens an exchange",
        headings=(
            "exchanges",
            "p50",
            "p99",
            "processor",
            "its cryptography",
            "without waiting",
            "ratio",
            "goal",
        ),
        rows=(
            (
                str(EXCHANGES),
                f"{opened.p50_ms:.1f} ms",
                f"{opened.p99_ms:.1f} ms",
                f"{processor_ms:.2f} ms",
                f"{least_ms:.2f} ms",
                f"{at_once_ms:.2f} ms",
                f"{judged.value:.1f}",
                str(judged),
            ),
        ),
        load=Load(len(_FACTS.encode()), in_flight=1),
        figures={
            "exchanges": EXCHANGES,
            **asdict(opened),
            "processor_ms": round(processor_ms, 3),
            "primitives_ms": round(least_ms, 3),
            "primitives_at_once_ms": round(at_once_ms, 3),
        },
        ratios={"opening_ratio": judged},
    )


def cryptography() -> Sequence[Callable[[], object]]:
    """The cryptography of one opening, by the answers of the hub that it needs.

    The checkpoints before and after the delivery are verified, the statement's signature, and two
    parts are opened: hashed, their keys unwrapped, their bytes decrypted.
    """
    note, head = Ed25519PrivateKey.generate(), secrets.token_bytes(200)
    author, payload = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(4096)
    algorithm = ec.ECDSA(hashes.SHA256())
    of_note, of_payload = note.sign(head), author.sign(payload, algorithm)
    reader, place = SealingPrivateKey.generate(), PartContext(_NO_ID, "content")
    to = Reader(AgencyId("kz.fma"), ReaderRole.RECIPIENT, reader.public_key)
    part = seal_part(secrets.token_bytes(1024), place, [to])

    def before_the_delivery() -> None:
        note.public_key().verify(of_note, head)
        author.public_key().verify(of_payload, payload, algorithm)

    def one_part() -> None:
        hashlib.sha256(part.ciphertext).digest()
        open_part(part.ciphertext, place, part.wrapped[0], reader)

    def after_the_delivery() -> None:
        note.public_key().verify(of_note, head)

    return before_the_delivery, one_part, one_part, after_the_delivery


def _processor_time(
    steps: Sequence[Callable[[], object]], before_each: Callable[[], object] = lambda: None
) -> float:
    """Seconds that this thread needs for the steps; what comes before each is not counted."""
    took = 0.0
    for step in steps:
        before_each()
        began = time.thread_time()
        step()
        took += time.thread_time() - began
    return took
