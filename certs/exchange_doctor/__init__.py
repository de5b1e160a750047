"""A page about a machine: what a hub or a client needs, whether it is there, what to do.

It is short and in plain words, so that it can be read out over the phone. It shows no key, no
passphrase and no content. Each check stands alone: one that fails hides no other.
"""

from __future__ import annotations

import os
import platform
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from ctypes import CDLL, byref, create_string_buffer
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from cryptography.hazmat.backends.openssl import backend

from exchange_protocol.errors import ExchangeError

WARN_DAYS: Final = 30
LIST_WARN_DAYS: Final = 7
"""Days of a revocation list, which lives for a month."""
FULL_SHARE: Final = 0.1
"""A disk with less than so much room is nearly full."""

_TIMEX_BYTES: Final = 256
_TIME_ERROR: Final = 5
"""The answer of adjtimex while no time service keeps the clock."""
_PORT_SECONDS: Final = 5.0
_PROXIES: Final = ("grpc_proxy", "https_proxy", "http_proxy")


class Grade(Enum):
    """The end of a check; the value is the word on the page."""

    OK = "ok"
    WARN = "LOOK"
    FAIL = "BAD"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the page."""

    what: str
    grade: Grade
    found: str
    todo: str = ""
    """The thing to do; empty where nothing is to be done."""


Attempt = tuple[str, Callable[[], Check | Iterable[Check]]]
"""A name, and what makes the checks of that name."""


def examine(attempts: Sequence[Attempt]) -> list[Check]:
    """Make all checks; an error of the exchange, or of the system, becomes a bad line."""
    page: list[Check] = []
    for what, attempt in attempts:
        try:
            made = attempt()
            # One by one: lines that stand before an error stay.
            for each in [made] if isinstance(made, Check) else made:
                page.append(each)
        except ExchangeError as error:
            page.append(Check(what, Grade.FAIL, error.message, f"see {error.reason.name}"))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            todo = "see whether it is there, and whether this user may use it"
            page.append(Check(what, Grade.FAIL, f"{where}{error.strerror or error}", todo))
    return page


def lines(page: Sequence[Check]) -> list[str]:
    """The page as text, the worst last."""
    shown = []
    for each in sorted(page, key=lambda each: [Grade.OK, Grade.WARN, Grade.FAIL].index(each.grade)):
        shown.append(f"{each.grade.value:<5}{each.what}: {each.found}")
        if each.todo:
            shown.append(f"     -> {each.todo}")
    bad = sum(each.grade is Grade.FAIL for each in page)
    warned = sum(each.grade is Grade.WARN for each in page)
    return [*shown, f"{len(page)} checks, {bad} bad, {warned} to look at"]


def as_json(page: Sequence[Check]) -> dict[str, object]:
    """The page for programs."""
    return {
        "is_well": is_well(page),
        "checks": [
            {"what": each.what, "grade": each.grade.name, "found": each.found, "todo": each.todo}
            for each in page
        ],
    }


def is_well(page: Sequence[Check]) -> bool:
    """True if nothing is bad."""
    return all(each.grade is not Grade.FAIL for each in page)


def clock() -> Check:
    """The time, and whether a time service keeps it."""
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, zone {time.strftime('%Z')}"
    if _is_kept():
        return Check("clock", Grade.OK, f"{now}, kept by a time service")
    return Check(
        "clock",
        Grade.WARN,
        f"{now}, kept by no time service that the kernel knows",
        "compare it with a clock that you trust; run chrony or systemd-timesyncd",
    )


def versions(*packages: str) -> Check:
    """The versions of the package, of Python and of libraries."""
    found = [f"Python {platform.python_version()}", backend.openssl_version_text()]
    for each in packages:
        try:
            found.append(f"{each} {version(each)}")
        except PackageNotFoundError:
            return Check("versions", Grade.FAIL, f"{each} is not installed", "install it anew")
    return Check("versions", Grade.OK, ", ".join(found))


def ending(what: str, at: datetime, now: datetime, todo: str, warn_days: int = WARN_DAYS) -> Check:
    """Check the day on which something ends; `todo` is told from so many days before."""
    days = (at - now) // timedelta(days=1)
    until = f"until {at:%Y-%m-%d}, {days} days"
    if at <= now:
        found = f"ended at {at:%Y-%m-%d %H:%M} UTC; this computer says {now:%Y-%m-%d %H:%M} UTC"
        return Check(what, Grade.FAIL, found, f"set the clock if that is not the time; else {todo}")
    return (
        Check(what, Grade.WARN, until, todo) if days < warn_days else Check(what, Grade.OK, until)
    )


def room(what: str, folder: Path) -> Check:
    """Room on the disk of a folder."""
    disk = os.statvfs(folder)
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    found = f"{free / 1e9:.1f} of {size / 1e9:.1f} GB free at {folder}"
    if size and free / size < FULL_SHARE:
        return Check(what, Grade.WARN, found, "make room: what cannot be written is refused")
    if disk.f_files and disk.f_favail / disk.f_files < FULL_SHARE:
        found = f"{disk.f_favail} of {disk.f_files} files can still be made at {folder} (inodes)"
        todo = "remove files that nobody needs: a database that is opened makes new ones"
        return Check(what, Grade.WARN, found, todo)
    return Check(what, Grade.OK, found)


def permissions(what: str, path: Path) -> Check:
    """Check if a file or folder is its owner's only, and can be written by this user."""
    try:
        mode = path.stat().st_mode & 0o777
    except OSError as error:
        return Check(what, Grade.FAIL, f"{path}: {error.strerror}", "see whether it was moved")
    if mode & 0o077:
        return Check(what, Grade.FAIL, f"{path} is open to others ({mode:o})", f"chmod go= {path}")
    if not os.access(path, os.W_OK):
        return Check(
            what, Grade.FAIL, f"{path} cannot be written by this user", "run this as its owner"
        )
    return Check(what, Grade.OK, f"{path} is its owner's only")


def name_of(host: str) -> Check:
    """Check if a name leads to an address, within some seconds.

    The system's own look-up waits far longer for a server that says nothing.
    """
    ended: list[list[str] | OSError] = []

    def look_up() -> None:
        try:
            ended.append(sorted({str(each[4][0]) for each in socket.getaddrinfo(host, None)}))
        except OSError as error:
            ended.append(error)
        except UnicodeError as error:  # A label that no name may have.
            ended.append(OSError(0, str(error)))

    looking = threading.Thread(target=look_up, daemon=True)
    looking.start()
    looking.join(_PORT_SECONDS)
    todo = "ask the administrator of the network"
    if not ended:
        found = f"{host}: no server of names answers within {_PORT_SECONDS:g} s"
        return Check("DNS", Grade.FAIL, found, f"look at /etc/resolv.conf, and {todo}")
    if isinstance(ended[0], OSError):
        return Check("DNS", Grade.FAIL, f"{host}: {ended[0].strerror}", todo)
    return Check("DNS", Grade.OK, f"{host} is {', '.join(ended[0][:3])}")


def reached(what: str, host: str, port: int) -> Check:
    """Check if a port answers within some seconds."""
    try:
        with socket.create_connection((host, port), _PORT_SECONDS):
            return Check(what, Grade.OK, f"{host}:{port} answers")
    except OSError as error:
        why = error.strerror or str(error)
        return Check(
            what,
            Grade.FAIL,
            f"{host}:{port} does not answer: {why}",
            "see whether the hub runs, then the firewalls between",
        )


def proxy() -> Check:
    """Check if a proxy stands in the environment; it would have to let TLS through untouched."""
    named = [each for each in _PROXIES if os.environ.get(each)]
    if not named:
        return Check("proxy", Grade.OK, "none in the environment")
    return Check(
        "proxy",
        Grade.WARN,
        f"{', '.join(named)} set; gRPC goes through it",
        "it must not open TLS; set no_proxy for the hub's host if it need not be used",
    )


def _is_kept() -> bool:
    if sys.platform != "linux":
        return True
    # The kernel's word; modes = 0 asks and changes nothing.
    asked = create_string_buffer(_TIMEX_BYTES)
    return int(CDLL(None).adjtimex(byref(asked))) not in (-1, _TIME_ERROR)
