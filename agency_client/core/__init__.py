"""The client's core without network I/O: every operation as a generator of calls.

An operation yields `Call` values and is sent the responses; errors of a call are thrown into it. It
never touches a socket. Disk, clock and randomness come through `Ports`, so one operation serves the
blocking client, the asyncio client and the tests alike. `core.py` puts the parts together.

    calls, ports           the calls that are yielded; keys, files, clocks and randomness
    core, views            all parts, put together; the values that they give
    view, log, reach       checkpoints and directory; leaves and proofs; a hub that was away
    exchanges, summaries   exchanges: listed, fetched, opened; their form on the wire
    verifying, partial_views, own_receipts
                           what the hub shows is judged, also where that is little; its promises
    unsealing, fetching    sealed parts are fetched and opened
    acts, statements, drafting, routes, sealing
                           an act becomes a statement: header, route, sealed parts, signature
    sender, submission, statuses, withdrawing
                           from the outbox to the hub, its errors; what is taken back before
    given, times, time_zones
                           arguments as callers give them
    possible, foresight, provenance
                           what may be done; what would become of it; where a file came from
    finding, watching      terms for the search index; a watch that outlives its connections
    administration, gathering
                           changes of the directory; the evidence of an exchange
"""

from __future__ import annotations

from agency_client.core.calls import Call, Fetch, Operation, Stream, Together, Unary, Upload
from agency_client.core.core import Core
from agency_client.core.ports import Ports, make_ports

__all__ = [
    "Call",
    "Core",
    "Fetch",
    "Operation",
    "Ports",
    "Stream",
    "Together",
    "Unary",
    "Upload",
    "make_ports",
]
