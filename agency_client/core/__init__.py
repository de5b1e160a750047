"""The client's core without I/O: every operation as a generator of calls.

An operation yields `Call` values and is sent the responses; errors of a call are thrown into it. It
never touches a socket. Disk, clock and randomness come through the ports that `Core` holds, so one
operation serves the blocking client, the asyncio client and the tests alike.
"""

from __future__ import annotations

from agency_client.core.administration import Administration
from agency_client.core.calls import Call, Fetch, Operation, Unary, Upload
from agency_client.core.core import Ports
from agency_client.core.gathering import Gathering

__all__ = ["Call", "Fetch", "Operation", "Operations", "Ports", "Unary", "Upload"]


class Operations(Administration, Gathering):
    """Everything that a client can do."""
