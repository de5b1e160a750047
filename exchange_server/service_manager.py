"""Messages of a hub to systemd: that it serves, that it lives, that it stops (sd_notify).

The protocol is one datagram a message to the socket that $NOTIFY_SOCKET names. Without it nothing
is said. A watchdog hears from the event loop, so a hub whose loop hangs is started again.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import Final

_SOCKET: Final = "NOTIFY_SOCKET"
_WATCHDOG: Final = "WATCHDOG_USEC"
_SEND_SECONDS: Final = 1.0


class ServiceManager:
    """systemd, or nobody."""

    def __init__(self) -> None:
        """Find out whom to tell; nothing is told yet."""
        address = os.environ.get(_SOCKET, "")
        # An abstract address is written with "@" for its first byte, which is zero.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        every = os.environ.get(_WATCHDOG, "")
        self._beat_seconds = int(every) / 2_000_000 if every.isdecimal() else None
        self._task: asyncio.Task[None] | None = None

    def tell_ready(self) -> None:
        """Say that the hub serves, and begin to say that it lives."""
        self._tell("READY=1")
        if self._address and self._beat_seconds:
            self._task = asyncio.create_task(self._beat(self._beat_seconds))

    def tell_stopping(self) -> None:
        """Say that the hub stops, in good order."""
        self._tell("STOPPING=1")
        if self._task is not None:
            self._task.cancel()

    async def _beat(self, seconds: float) -> None:
        while True:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(seconds)

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        # A service manager that does not listen is no reason to stop.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            # One that does not take what it was sent before is waited for, but not for long.
            sender.settimeout(_SEND_SECONDS)
            sender.connect(self._address)
            sender.send(message.encode())
