"""A fictional region that calls a hub: who calls, what it signs, and the bytes that ride along.

`Correspondence` composes what its authors should say, by a model of the hub in memory
(`statements.Hub`), and keeps the model in step with what the real one has accepted:

    mail = Correspondence()
    for letter in mail.founding():           # the directory and the policy, from the first entry on
        await ledger.submit(*letter.call)
    asked = mail.write(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    await ledger.submit(*asked.call)
    mail.posted(asked)                       # the model follows

The sealed bytes are not sealed: the hub is blind. `sealed` makes real ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from exchange_certs.authority import IssuedCertificate
from exchange_keys import SoftwareSigner
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.log.checkpoint import LogSigner, LogVerifier
from exchange_protocol.rules.exchange import Leg
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.rules.statements import BRIEF, Draft, Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.certificates import Revocations, Usage
from exchange_protocol.trust.identity import AgencyId, Member
from exchange_protocol.trust.sealing import PartContext, Reader, seal_part
from exchange_server.caller import Caller
from tests.support.statements import START, Cast, Hub, fictional_cast

LOG_NAME = "hub.exchange.example/log"
CONTENT = "content"


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@dataclass(frozen=True)
class Letter:
    """A signed statement, who hands it in, and the bytes of its parts."""

    caller: Caller
    signed: SignedStatement
    parts: Mapping[str, bytes]

    @property
    def statement(self) -> Statement:
        return parse_statement(self.signed.payload)

    @property
    def call(self) -> tuple[Caller, SignedStatement, Mapping[str, bytes], int]:
        """Arguments of `Ledger.submit`, for a client that knows no checkpoint."""
        return self.caller, self.signed, self.parts, 0


@cache
def tls_certificate(member: Member) -> IssuedCertificate:
    """A member's TLS certificate, issued once per process."""
    return fictional_cast().authority.issue_member(member, Usage.TLS_CLIENT, now=START)


def caller(member: Member) -> Caller:
    """A member as the TLS handshake would have established it."""
    return Caller(member, tls_certificate(member).fingerprint)


@cache
def log_key() -> SoftwareSigner:
    """The key of the fictional log."""
    return SoftwareSigner.generate_ed25519()


@cache
def log_signer() -> LogSigner:
    """The fictional log, as it signs."""
    return LogSigner(LOG_NAME, log_key())


def log_verifier() -> LogVerifier:
    """The fictional log, pinned."""
    return LogVerifier(log_signer().vkey)


def revocations() -> Revocations:
    """The authority's revocation list, as it is now."""
    cast = fictional_cast()
    return Revocations.from_pem(cast.authority.crl_pem(), cast.anchors)


class Correspondence:
    """Statements of the fictional region, composed by a model that keeps step with the hub."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.cast: Cast = fictional_cast()
        self.clock = clock or Clock()
        self.model = Hub.founded()
        self._founding = [opening.statement for opening in self.model.log]

    def founding(self) -> list[Letter]:
        """The statements that enrol the region, in order, with the model's policy."""
        return [
            Letter(caller(parse_statement(signed.payload).author), signed, {})
            for signed in self._founding
            if signed is not None
        ]

    def write(
        self,
        author: Member,
        body: Body,
        *,
        to: Sequence[str] = (),
        on: Statement | None = None,
        content: bytes | None = None,
        **fields: Any,
    ) -> Letter:
        """Compose and sign what an author should say now; with `content`, a part for recipients."""
        self.model.now = self.clock.now
        draft = self.model.compose(author, body, to=to, on=on, **fields)
        parts = {part.name: part.name.encode() for part in draft.parts}
        if content is not None:
            draft = self._with_content(draft, content)
            parts[CONTENT] = content
        return Letter(caller(author), self.model.sign(draft), parts)

    def ask(self, author: Member, to: Sequence[str], **fields: Any) -> Letter:
        """A request for information."""
        return self.write(author, Kind.INFORMATION_REQUEST.body(), to=to, **fields)

    def posted(self, letter: Letter) -> Statement:
        """Let the model follow what the hub has accepted."""
        self.model.now = self.clock.now
        return self.model.submit(letter.signed).statement

    def fetched(self, reader: Member, said: Statement) -> None:
        """Let the model follow a delivery."""
        self.model.now = self.clock.now
        _ = tls_certificate(reader)
        self.model.deliver(reader, said)

    def leg(self, said: Draft, agency: str) -> Leg:
        """A leg as the model has it."""
        return self.model.leg(said, agency)

    def _with_content(self, draft: Draft, content: bytes) -> Draft:
        brief = draft.part(BRIEF)
        assert brief is not None, "content goes with a brief"
        part = self.model.part(CONTENT, self._content_readers(draft))
        part = replace(part, sha256=hashlib.sha256(content).digest(), size=len(content))
        return replace(draft, parts=(*draft.parts, part))

    def _content_readers(self, draft: Draft) -> dict[AgencyId, str]:
        """Readers of the brief but for approvers and supervisors (`access.readers`)."""
        brief = draft.part(BRIEF)
        assert brief is not None
        return {
            key.agency: key.role
            for key in brief.wrapped_keys
            if key.role in ("author", "recipient")
        }


def sealed(cast: Cast, draft: Draft, name: str, plaintext: bytes) -> tuple[Draft, bytes]:
    """Seal a part of a draft for real, to the readers that it names."""
    part = draft.part(name)
    assert part is not None
    to = [
        Reader(key.agency, key.role, cast.sealing_keys[key.agency].public_key)
        for key in part.wrapped_keys
    ]
    made = seal_part(plaintext, PartContext(draft.id, name), to)
    digest = hashlib.sha256(made.ciphertext).digest()
    filled = replace(part, sha256=digest, size=len(made.ciphertext), wrapped_keys=made.wrapped)
    parts = tuple(filled if one.name == name else one for one in draft.parts)
    return replace(draft, parts=parts), made.ciphertext
