"""Put a new revocation list in place, and see whether the running hub has taken it."""

from __future__ import annotations

import http.client
import re
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from exchange_files import PUBLIC, read_given, replace_file, without_bom
from exchange_protocol.errors import Reason
from exchange_protocol.trust.certificates import Revocations, TrustAnchors
from exchange_server.config import Config, Metrics
from exchange_server.tls.held_lists import HeldLists, fingerprint, lifted, verify_newer

WAIT_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.5
_TIMEOUT_SECONDS: Final = 5.0
_FINGERPRINT: Final = "exchange_crl_fingerprint"
_REFUSED: Final = "exchange_crl_refused"


@dataclass(frozen=True, slots=True)
class Installed:
    """The lists that are in place now."""

    lists: Revocations
    lifted: int
    """The number of certificates that the lists before revoked and these revoke no more."""


def install(config: Config, file: Path, now: datetime) -> Installed:
    """Verify a list and put it where the hub reads it, whole.

    Raises CERTIFICATE_INVALID or CERTIFICATE_UNTRUSTED for one that is not good, overdue, or older
    than the one there or the one that the hub holds. A list that stays as it is may be overdue: an
    authority that falls silent keeps no other from revoking. Where the hub holds none, it holds
    this one.
    """
    anchors = TrustAnchors.from_pem(_read(config.tls.root))
    held = HeldLists(config.held_lists, anchors)
    data = _read(file)
    new = Revocations.from_pem(data, anchors)
    # The file in place may be an old or a broken one, which the hub refuses: the list that the hub
    # holds decides.
    known = held.read() or Revocations.from_pem(_read(config.tls.crl), anchors)
    _verify_current(new, known, now)
    verify_newer(new, known)
    replace_file(config.tls.crl, data, mode=PUBLIC)
    held.begin(config.tls.crl)
    return Installed(new, lifted(new, known))


def is_taken(settings: Metrics, lists: Revocations, seconds: float = WAIT_SECONDS) -> bool:
    """Ask the running hub's metrics until it has these lists in force, or the time is over.

    Of several workers each must have them.
    """
    awaited = {float(fingerprint(lists))}
    end = time.monotonic() + seconds
    while True:
        figures = _figures(settings)
        if figures.get(_FINGERPRINT) == awaited and figures.get(_REFUSED) == {0.0}:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(_PAUSE_SECONDS)


def refused_by_hub(settings: Metrics) -> bool | None:
    """Ask the running hub's metrics if it refuses the list on disk; None where it cannot say."""
    refused = None if settings.port is None else _figures(settings).get(_REFUSED)
    return None if refused is None else refused != {0.0}


def _verify_current(new: Revocations, known: Revocations, now: datetime) -> None:
    changed = [each for key, each in new.lists.items() if known.lists.get(key) != each]
    for each in changed or new.awaited(now):
        each.verify_current(now)


def _figures(settings: Metrics) -> dict[str, set[float]]:
    """The figures of the hub, those of each worker together; none while the hub is away."""
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    figures: dict[str, set[float]] = {}
    for line in text.splitlines():
        if line.startswith((_FINGERPRINT, _REFUSED)):
            # A label, which is the number of a worker's process, stands between.
            name, value = re.split(r"(?:\{[^}]*\})? ", line, maxsplit=1)
            figures.setdefault(name, set()).add(float(value))
    return figures


def _read(path: Path) -> bytes:
    try:
        return without_bom(read_given(path), path, Reason.CERTIFICATE_INVALID)
    except OSError as error:
        raise Reason.CONFIG_INVALID.error(f"cannot read {path}: {error.strerror}") from None
