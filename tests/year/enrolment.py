"""Certificates that are asked for in an exchange, for a colleague who has none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.trust.identity import Role
from tests.support.statements import OPERATOR, member
from tests.year.region import cast, signer_of

if TYPE_CHECKING:
    from tests.year.exchanges import Talk


async def issue(talk: Talk) -> None:
    """Issue the colleague's certificate, and publish it; only then the authority gives it."""
    if talk.colleague is not None:
        return  # It was issued before an announced correction came between.
    name = f"new-{talk.note.exchange}"
    talk.colleague = member(talk.note.initiator, Role.OFFICER, name)
    signer = cast().signers[talk.colleague] = signer_of(cast(), talk.colleague)
    await talk.town.publish(OPERATOR, PublishCertificate(signer.certificate))
