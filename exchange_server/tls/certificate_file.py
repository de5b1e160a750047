"""The hub's TLS certificate and key on disk, taken anew when they change, without a restart.

- Looked at for each handshake, at most once a second. Connections that are open stay as they are.
- A new certificate counts only with its own key, a chain to the root, and while it is valid. One
  that is not good is logged as an error and leaves the last good one in force: so certificate and
  key may be replaced one after the other.
- What is refused is tried again at each look: it may become good with none of its files touched,
  such as a certificate whose first moment comes, or whose issuer's revocation list arrives.
- Handshakes come from several threads: one at a time looks, the others use what is in force.
- A certificate that ends soon, and one that has ended under a running hub, is told in the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from exchange_protocol.errors import ExchangeError
from exchange_protocol.trust.identity import HubIdentity
from exchange_server.tls.glances import FileStamp, Glances

TELL_DAYS: Final = (30, 14, 7, 1)
"""Days before the end at which it is told, each once."""
_TODO: Final = (
    "have a new one issued and put it in the place of this one with its key: the hub takes it "
    "without a restart, but where systemd hands the key over"
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """The server's certificate, key and trusted roots, in PEM; the key is not encrypted."""

    identity: HubIdentity
    not_before: datetime
    not_after: datetime
    certificate_chain: bytes
    key: bytes
    root: bytes
    require_post_quantum: bool = False

    def __repr__(self) -> str:
        return "TlsFiles(...)"


class CertificateFile:
    """The newest good certificate and key of the hub's files."""

    def __init__(
        self,
        load: Callable[[], TlsFiles],
        paths: Sequence[Path],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load once; raises what `load` raises. `paths` are what it reads."""
        self._load = load
        self._paths = paths
        self._seen = self._look()
        self._current = load()
        self._glances = Glances(self._refresh, monotonic)
        self._refused = ""
        self._clock: Callable[[], datetime] | None = None
        self._told = 0
        """The number of `TELL_DAYS` that are reached, and one more after the end."""

    @property
    def refused(self) -> str:
        """The reason for which the files are refused; empty where they are in force."""
        return self._refused

    def __call__(self) -> TlsFiles:
        """Give the files that are in force now; the same object until they change."""
        self._glances.take()
        return self._current

    def tell_of_end(self, clock: Callable[[], datetime]) -> None:
        """Tell in the hub's log, now and from now on, when the certificate in force ends."""
        self._clock = clock
        self._look_at_end(clock())

    def _refresh(self) -> None:
        self._take_new()
        if self._clock is not None:
            self._look_at_end(self._clock())

    def _look_at_end(self, now: datetime) -> None:
        end = self._current.not_after
        reached = sum(end - now <= timedelta(days=each) for each in TELL_DAYS) + (end < now)
        before, self._told = self._told, reached
        if reached <= before:
            return
        if end < now:
            _log.error("certificate_ended", not_after=end.isoformat(), todo=_TODO)
        else:
            days = (end - now) // timedelta(days=1)
            _log.warning("certificate_ends", not_after=end.isoformat(), days=days, todo=_TODO)

    def _take_new(self) -> None:
        seen = self._look()
        if seen == self._seen and not self._refused:
            return
        self._seen = seen
        try:
            self._current = self._load()
        except ExchangeError as error:
            if error.message != self._refused:
                self._refused = error.message
                _log.error("certificate_refused", why=error.message)
            return
        self._refused = ""
        _log.info("certificate_read", not_after=self._current.not_after.isoformat())

    def _look(self) -> list[FileStamp | None]:
        return [_state(path) for path in self._paths]


def _state(path: Path) -> FileStamp | None:
    try:
        return FileStamp.of(path)
    except OSError:
        return None
