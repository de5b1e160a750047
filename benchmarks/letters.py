"""Statements of a fictional region, signed and sealed for real, made before anything is timed.

Each opens an exchange of its own: a request for information from one agency of a state to another,
with one sealed part of `CONTENT_BYTES` to three readers. That is what a hub is sent most, and the
dearest statement per byte: every row of it is new.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from exchange_certs.authority import IssuedCertificate
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.rules.signed_statements import SignedStatement, encode_signed_statement
from exchange_protocol.rules.statements import BRIEF, Draft, Statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from exchange_server.bootstrap import utc_now
from exchange_server.caller import Caller
from tests.support.hub_data import sealed
from tests.support.statements import KZ_FMA, KZ_MIA, Hub, fictional_cast

CONTENT_BYTES = 1024
AUTHOR, RECIPIENT = KZ_MIA, KZ_FMA


@dataclass(frozen=True)
class Letter:
    """A statement with the sealed bytes of its parts."""

    signed: SignedStatement
    parts: dict[str, bytes]

    @property
    def statement(self) -> Statement:
        return parse_statement(self.signed.payload)

    def request(self, known_tree_size: int) -> bytes:
        """The bytes of the call that submits it."""
        return pb.SubmitRequest(
            statement=encode_signed_statement(self.signed),
            parts=[pb.InlinePart(name=name, sealed=made) for name, made in self.parts.items()],
            known_tree_size=known_tree_size,
        ).SerializeToString()


class Office:
    """Writes letters, and knows what must be on the log before them."""

    def __init__(self) -> None:
        # The model's clock moves a second per entry; none may come to lie in the hub's future.
        self._model = Hub(fictional_cast(), now=utc_now() - timedelta(minutes=10))
        authority = self._model.cast.authority
        self.author_tls = authority.issue_member(AUTHOR, Usage.TLS_CLIENT, now=utc_now())
        self.recipient_tls = authority.issue_member(RECIPIENT, Usage.TLS_CLIENT, now=utc_now())
        self.caller = Caller(AUTHOR, self.author_tls.fingerprint)

    def founding(self) -> Iterator[tuple[Caller, SignedStatement]]:
        """The directory and the policy, in order, with who says it."""
        for opening in self._model.log:
            if opening.statement is not None:
                author = parse_statement(opening.statement.payload).author
                yield Caller(author, self.author_tls.fingerprint), opening.statement

    def letters(self, count: int) -> list[Letter]:
        """New letters, sealed to their readers."""
        return [self._letter() for _ in range(count)]

    def batch(self, count: int) -> list[Letter]:
        """New letters, sealed each to their readers and signed with one signature."""
        made = [self._sealed() for _ in range(count)]
        signed = self._model.sign_batch([draft for draft, _ in made])
        return [Letter(one, {BRIEF: part}) for one, (_, part) in zip(signed, made, strict=True)]

    def tls_of(self, member: Member) -> IssuedCertificate:
        """A TLS certificate for someone else of the region."""
        return self._model.cast.authority.issue_member(member, Usage.TLS_CLIENT, now=utc_now())

    def bulk(self, count: int, author: Member = AUTHOR) -> Iterator[Letter]:
        """Letters that share one sealed part: quick to make, and the same work for the hub."""
        draft = self._model.compose(author, _ASK, to=[RECIPIENT.agency])
        draft, made = sealed(self._model.cast, draft, BRIEF, secrets.token_bytes(CONTENT_BYTES))
        for _ in range(count):
            statement_id = self._model.new_id()
            own = replace(draft, id=statement_id, exchange_id=statement_id)
            yield Letter(self._model.sign(own), {BRIEF: made})

    def _letter(self) -> Letter:
        draft, made = self._sealed()
        return Letter(self._model.sign(draft), {BRIEF: made})

    def _sealed(self) -> tuple[Draft, bytes]:
        draft = self._model.compose(AUTHOR, _ASK, to=[RECIPIENT.agency])
        return sealed(self._model.cast, draft, BRIEF, secrets.token_bytes(CONTENT_BYTES))

    @property
    def certificates(self) -> tuple[IssuedCertificate, IssuedCertificate]:
        """TLS certificates of author and recipient."""
        return self.author_tls, self.recipient_tls


_ASK = Kind.INFORMATION_REQUEST.body()
