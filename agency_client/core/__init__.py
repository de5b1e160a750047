"""The client's core without network I/O: every operation as a generator of calls.

An operation yields `Call` values and is sent the responses; errors of a call are thrown into it. It
never touches a socket. Disk, clock and randomness come through `Ports`, so one operation serves the
blocking client, the asyncio client and the tests alike. `core.py` puts the parts together.
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
