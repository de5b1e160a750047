"""The provenance of what is sent: whether a file came from another agency (docs/rules.md#p2).

A file that this profile received is recognised by its bytes, under any name. It goes to nobody but
its author, an agency that the initiator named for onward use, and the recipients of a referral that
names its source: there the hub judges consents (`exchange_protocol.rules.provenance`). A file that
one's own agency sent too is its own. Content copied by hand into another file or text is not
recognised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from agency_client.content.entities import EntityFile
from agency_client.core.sealing import Content, read_attachment
from agency_client.state.search_index import Indexed, SealedFrom, SearchIndex
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import parse_kind
from exchange_protocol.rules.provenance import asking
from exchange_protocol.rules.statements import Draft
from exchange_protocol.trust.identity import AgencyId


def check_passed_on(
    index: SearchIndex, content: Content, draft: Draft, readers: Iterable[AgencyId]
) -> None:
    """Check that no file of the content is another agency's, for readers who may not have it.

    Raises:
        NotPermitted: CONSENT_MISSING, with the rule and the statement that asks for consent.
    """
    names = dict(_digests(content))
    if not names:
        return
    sources = {each.hex() for each in getattr(draft.body, "sources", ())}
    others = {each for each in readers if each != draft.author.agency}
    known = list(index.parts(names.keys()))
    own = {part.sha256 for _, part in known if part.author == draft.author.agency}
    for exchange, part in known:
        if part.sha256 in own:
            continue
        missing = others - {part.author, *part.onward}
        if missing and part.statement not in sources:
            raise _refused(names[part.sha256], exchange, part, draft, min(missing))


def _digests(content: Content) -> Iterator[tuple[str, str]]:
    for name, source in content.attachments.items():
        if isinstance(source, bytes):
            yield hashlib.sha256(source).hexdigest(), name
        else:
            yield hashlib.sha256(read_attachment(source)).hexdigest(), name
    if isinstance(content.entities, EntityFile):
        yield content.entities.sha256.hex(), content.entities.name


def _refused(
    name: str, exchange: Indexed, part: SealedFrom, draft: Draft, agency: AgencyId
) -> ExchangeError:
    purpose = draft.header.purpose
    asked = purpose.name.lower() if purpose else "PURPOSE"
    how = (
        f"name its source: --source {part.statement}"
        if draft.kind.spec.passes_on
        else f"pass it on by `agency send referral` with --source {part.statement}"
    )
    asks = "ask-consent"
    if exchange.kind:
        ends = (draft.author.agency, part.author)
        asks = asking(parse_kind(exchange.kind), exchange.initiator, ends)
    exchange_id = exchange.exchange_id
    return Reason.CONSENT_MISSING.error(
        f"{name!r} is what {part.author} sent you in exchange {exchange_id}; {agency} may not have "
        f"it without consent (docs/rules.md#p2). To ask for it: agency {asks} {exchange_id} "
        f"--about {part.statement} --authority {agency} --purpose {asked}. Then {how}",
        field="attachments",
    )
