"""Other messaging that pip can install, doing its nearest to the same: signed, encrypted, durable,
with a signed receipt.

Their libraries need other versions of what we use, so they live in an environment of their own
(`make peers`); without it, or where a library does not run, the table says so. They are spared the
transport, and what each does not do at all stands beside its figure.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.letters import CONTENT_BYTES
from benchmarks.section import Load, Run, Section

PYTHON = Path(__file__).resolve().parents[1] / ".venv-peers" / "bin" / "python"
MESSAGES = 200
_SECONDS = 120
_SCRIPT = Path(__file__).with_name("peer_messaging.py")
_MISSING = "no TLS or any transport, no policy, approval or lifecycle, no log, one reader"
_PEERS = {
    "as4": f"{_MISSING}; RSA-OAEP with AES-128-GCM, not post-quantum",
    "pyas2lib": f"{_MISSING}; RSA with AES-256-CBC, not authenticated, not post-quantum",
}


@dataclass(frozen=True)
class Peer:
    """The result of a peer: a rate, or why there is none."""

    name: str
    per_second: float | None
    why_not: str
    does_not: str


def play(run: Run) -> Section:
    """Measure every peer that is there, one message after the other."""
    peers = [_measure(run, name, does_not) for name, does_not in _PEERS.items()]
    return Section(
        key="peers",
        title="other messaging: one message after the other, on one core",
        headings=("", "messages per second", "what it does not do"),
        rows=tuple(
            (
                peer.name,
                peer.why_not if peer.per_second is None else f"{peer.per_second:,.0f}",
                peer.does_not,
            )
            for peer in peers
        ),
        load=Load(CONTENT_BYTES, in_flight=1),
        figures={"messages": MESSAGES, "peers": [asdict(peer) for peer in peers]},
        rates={peer.name: peer.per_second for peer in peers if peer.per_second is not None},
    )


def _measure(run: Run, name: str, does_not: str) -> Peer:
    if not PYTHON.exists():
        return Peer(name, None, "not installed (make peers)", does_not)
    command = [PYTHON, _SCRIPT, name, MESSAGES, CONTENT_BYTES, run.folder / f"{name}.db"]
    ended = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if ended.returncode != 0:
        [*_, why] = ended.stderr.strip().splitlines() or ["it gave no reason"]
        return Peer(name, None, f"does not run here: {why}", does_not)
    return Peer(name, round(json.loads(ended.stdout)["per_second"], 1), "", does_not)
