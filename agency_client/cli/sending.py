"""Sending a statement: what is asked before, and what is kept by heart after.

- The same statement, sent again within some minutes, is asked about on a terminal and told of
  everywhere else: perhaps it was sent by a command that was cut off.
- The names of an exchange are kept for later (`state.references`). The library keeps its own names
  and numbers (`core.statements`).
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agency_client.cli.output import complain
from agency_client.cli.questions import ask
from agency_client.cli.session import references_of
from agency_client.content.documents import Brief
from agency_client.core.views import Queued, Sent
from agency_client.presentation.labels import Label
from agency_client.presentation.locale import Locale
from agency_client.state.references import Earlier, Reference
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.catalogue import Kind

if TYPE_CHECKING:
    from agency_client.client import ExchangeClient

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sending:
    """One statement that is about to be sent."""

    hub: ExchangeClient
    locale: Locale
    digest: str | None
    """SHA-256 of what is said and to whom, hex.

    None for what brings no content, and for files that can be read only once.
    """
    brief: Brief | None
    own_reference: str | None
    opens: Kind | None
    """The kind, if the statement opens an exchange."""

    def warn_of_repetition(self, *, as_json: bool) -> Earlier | None:
        """Find the same statement sent shortly before; ask about it where a person is.

        Raises:
            Declined: if the person does not want to send it again.
        """
        if self.digest is None:
            return None
        now = datetime.now(UTC)
        earlier = references_of(self.hub.profile).find_earlier(self.digest, now)
        if earlier is None or as_json:
            return earlier
        where = Label.EXCHANGE if earlier.exchange_id else Label.STATEMENT
        values = {
            "span": self.locale.span(now - earlier.at),
            "where": self.locale.say(where),
            "id": earlier.exchange_id or earlier.statement_id,
        }
        if sys.stdin.isatty():
            ask(self.locale.say(Label.REPEATS, **values))
        else:
            complain(self.locale.say(Label.REPEATED, **values))
        return earlier

    def run(self, method: Callable[[], Sent | Queued]) -> Sent | Queued:
        """Send; keep by heart what was sent, also where a signal or an error left it waiting."""
        try:
            result = method()
        except BaseException:
            self._keep(each for each in self.hub.outbox.begun if self.hub.outbox.holds(each))
            raise
        self._keep([result.statement_id], result.exchange_id)
        return result

    def _keep(self, statement_ids: Iterable[str], exchange_id: str = "") -> None:
        """Keep by heart; that a disk is full is told, and is no failure of the statement."""
        try:
            self._note(statement_ids, exchange_id)
        except (ExchangeError, OSError) as error:
            complain(
                "warning: what was sent could not be noted, so it is not asked about when it is "
                f"sent again: {error}"
            )

    def _note(self, statement_ids: Iterable[str], exchange_id: str) -> None:
        index = references_of(self.hub.profile)
        for each in statement_ids:
            exchange = exchange_id or self.hub.outbox.load(each).statement.exchange_id
            if self.digest is not None:
                index.note_sent(Earlier(self.digest, each, exchange, datetime.now(UTC)))
            summary, reference = "", self.own_reference
            if self.brief is not None:
                summary = " ".join(self.brief.summary.split()) if self.opens else ""
                reference = reference or self.brief.own_reference
            index.note(exchange, Reference(reference or "", "", summary))


def digest_of(said: Mapping[str, Any], files: Iterable[Path]) -> str | None:
    """A digest of what is said; None if one of the files can be read only once, as a pipe."""
    whole = hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode())
    for path in files:
        if not path.is_file():
            return None
        each = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                each.update(chunk)
        whole.update(each.digest())
    return whole.hexdigest()
