"""Sessions of the console: who may speak to it, and for how long.

A person enters with a one-time code that only the terminal and a file of mode 0600 showed. The code
becomes a cookie. There is one session at a time: entering anew ends the one before. It serves the
user of this machine who entered, where the system tells users apart (`owners`). A session that was
idle too long is locked, and a new code is shown where the first one was.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from exchange_protocol.kinds.codes import Language

IDLE_SECONDS: Final = 15 * 60
_CODE_BYTES: Final = 32
_NAME_BYTES: Final = 6


@dataclass(slots=True)
class BrowserSession:
    """One person's session in one browser."""

    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(_CODE_BYTES), repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(_CODE_BYTES), repr=False)
    """Stands in every form, so that no other page can make one."""
    language: Language | None = None
    """As the person chose it; None is the profile's."""
    theme: str = ""
    """`light` or `dark`; empty is the browser's own."""
    notices: list[str] = field(default_factory=list, repr=False)
    """The message for the next page; it never stands in an address."""
    seen: frozenset[str] = frozenset()
    """The exchanges of the list that was shown last."""
    owner: int | None = None
    """The user of this machine who entered; None where the system does not tell."""
    uses_keys: bool = True
    """True if single keys do something (WCAG 2.1.4 wants a way to turn them off)."""


class Sessions:
    """Gives out codes, takes them once, and knows the session of a cookie."""

    def __init__(
        self,
        *,
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        on_lock: Callable[[str], None] | None = None,
    ) -> None:
        """Begin without a session.

        Args:
            idle_seconds: after so long without a request of the person the session is locked.
            clock: seconds that only grow. For tests.
            on_lock: is given the code with which the person may enter again.
        """
        self.cookie_name = f"console-{secrets.token_hex(_NAME_BYTES)}"
        """Unique to the instance: cookies do not tell ports apart."""
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._on_lock = on_lock
        self.on_end: Callable[[], None] = lambda: None
        """Is called when a session was locked, by the person or as idle."""
        self._lock = threading.Lock()
        self._code = ""
        self._current: BrowserSession | None = None
        self._last_used = 0.0

    def new_code(self) -> str:
        """Make the code with which a person may enter once; codes before it are void."""
        with self._lock:
            self._code = secrets.token_urlsafe(_CODE_BYTES)
            return self._code

    def enter(self, code: str, owner: int | None = None) -> BrowserSession | None:
        """Take a code: a new session, or None for a code that is wrong or was used.

        The session then serves no connection of another user of this machine than its `owner`.
        """
        with self._lock:
            if not self._code or not _equal(code, self._code):
                return None
            self._code = ""
            self._current = BrowserSession(owner=owner)
            self._last_used = self._clock()
            return self._current

    def find(
        self,
        cookie: str,
        *,
        is_used: bool = True,
        owner: Callable[[], int | None] = lambda: None,
    ) -> BrowserSession | None:
        """The session of a cookie, if it is not locked.

        Args:
            cookie: what the browser sent.
            is_used: True keeps the session from being idle.
            owner: tells whose the connection is; is asked where the cookie fits.
        """
        with self._lock:
            current = self._current
            if current is None or not _equal(cookie, current.cookie):
                return None
            if current.owner is not None and owner() != current.owner:
                return None
            if self._clock() - self._last_used <= self._idle_seconds:
                if is_used:
                    self._last_used = self._clock()
                return current
            self._current = None
        self._tell_locked()
        return None

    def holds(self, session: BrowserSession) -> bool:
        """True while a session that was found before is neither locked nor replaced."""
        with self._lock:
            is_idle = self._clock() - self._last_used > self._idle_seconds
            return self._current is session and not is_idle

    def tell(self, said: Callable[[Language | None], str]) -> None:
        """Tell the person something, in their language, on the next page that is shown."""
        with self._lock:
            if self._current is not None:
                self._current.notices.append(said(self._current.language))

    def end(self) -> None:
        """Lock the session now."""
        with self._lock:
            self._current = None
        self._tell_locked()

    def _tell_locked(self) -> None:
        self.on_end()
        if self._on_lock is not None:
            self._on_lock(self.new_code())


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())
