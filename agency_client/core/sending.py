"""Every kind of statement of an exchange, by whom it is said: what to seal, and with which codes.

How a statement is made and sent, `composing` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Unpack

from agency_client.content.documents import (
    AnalysisProduct,
    AnalysisRequest,
    Brief,
    InformationRequest,
    ReferralDocument,
    ReplyDocument,
    make_brief,
)
from agency_client.core.calls import Operation
from agency_client.core.composing import Composing
from agency_client.core.drafting import (
    Content,
    Terms,
    as_brief,
    parse_code,
)
from agency_client.core.verifying import HasId
from agency_client.core.views import Queued, Sent
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import RefusalGround
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.erase_notice import EraseNotice, ErasureGround
from exchange_protocol.kinds.feedback import Feedback, FeedbackUse
from exchange_protocol.kinds.refuse import Refuse
from exchange_protocol.kinds.reply import Reply, ReplyResult

Attachments = Mapping[str, bytes | Path]
Entities = Iterable[Any] | Path
"""Entities: FollowTheMoney proxies, mappings of the same shape, or a file of JSON lines."""


class Sending(Composing):
    """Every kind of statement of an exchange."""

    # --- Initial kinds -------------------------------------------------------------------------

    def request_information(
        self,
        *,
        to: Iterable[str],
        brief: Brief | str,
        request: InformationRequest,
        subjects: Entities = (),
        attachments: Attachments | None = None,
        **terms: Unpack[Terms],
    ) -> Operation[Sent | Queued]:
        """Ask other agencies for information about subjects."""
        content = Content(as_brief(brief), request, subjects, attachments)
        return (yield from self.open_with(Kind.INFORMATION_REQUEST, to, content, terms))

    def refer(
        self,
        *,
        to: Iterable[str],
        brief: Brief | str,
        referral: ReferralDocument | None = None,
        entities: Entities = (),
        attachments: Attachments | None = None,
        **terms: Unpack[Terms],
    ) -> Operation[Sent | Queued]:
        """Tell other agencies of a matter of one's own accord."""
        content = Content(as_brief(brief), referral, entities, attachments)
        return (yield from self.open_with(Kind.REFERRAL, to, content, terms))

    def request_analysis(
        self,
        *,
        to: Iterable[str],
        brief: Brief | str,
        request: AnalysisRequest | None = None,
        entities: Entities = (),
        attachments: Attachments | None = None,
        **terms: Unpack[Terms],
    ) -> Operation[Sent | Queued]:
        """Ask the coordination centre for analysis."""
        content = Content(as_brief(brief), request, entities, attachments)
        return (yield from self.open_with(Kind.ANALYSIS_REQUEST, to, content, terms))

    # --- What a recipient says -----------------------------------------------------------------

    def acknowledge(
        self, exchange: str | HasId, *, brief: Brief | str | None = None
    ) -> Operation[Sent | Queued]:
        """Confirm that the request arrived and is worked on."""
        content = Content(as_brief(brief) if brief else None)
        return (yield from self.continue_with(Kind.ACKNOWLEDGE.body(), exchange, content))

    def reply(
        self,
        exchange: str | HasId,
        *,
        result: ReplyResult | str = ReplyResult.INFORMATION,
        brief: Brief | str | None = None,
        document: ReplyDocument | None = None,
        entities: Entities = (),
        attachments: Attachments | None = None,
        **terms: Unpack[Terms],
    ) -> Operation[Sent | Queued]:
        """Answer for good: with information, with no hit, or with a case opened."""
        code = parse_code(ReplyResult, result, "result")
        # A supervisor's copy is the brief; the policy may require one of any reply.
        given = as_brief(brief) if brief else make_brief(f"Reply: {code.name}")
        content = Content(given, document, entities, attachments)
        return (yield from self.continue_with(Reply(code), exchange, content, terms=terms))

    def interim_reply(
        self,
        exchange: str | HasId,
        *,
        brief: Brief | str,
        document: ReplyDocument | None = None,
        attachments: Attachments | None = None,
        **terms: Unpack[Terms],
    ) -> Operation[Sent | Queued]:
        """Say how far the work is, before there is something to tell."""
        content = Content(as_brief(brief), document, (), attachments)
        return (
            yield from self.continue_with(Kind.INTERIM_REPLY.body(), exchange, content, terms=terms)
        )

    def partial_reply(
        self,
        exchange: str | HasId,
        *,
        brief: Brief | str,
        document: ReplyDocument | None = None,
        entities: Entities = (),
        attachments: Attachments | None = None,
        **terms: Unpack[Terms],
    ) -> Operation[Sent | Queued]:
        """Answer in part; the rest follows."""
        content = Content(as_brief(brief), document, entities, attachments)
        return (
            yield from self.continue_with(Kind.PARTIAL_REPLY.body(), exchange, content, terms=terms)
        )

    def refuse(
        self, exchange: str | HasId, ground: RefusalGround | str, *, explanation: str
    ) -> Operation[Sent | Queued]:
        """Refuse on a ground, with an explanation in words (rule P4)."""
        code = parse_code(RefusalGround, ground, "ground")
        brief = make_brief(f"Refused: {code.name}", explanation=explanation)
        return (yield from self.continue_with(Refuse(code), exchange, Content(brief)))

    def return_for_information(
        self, exchange: str | HasId, *, question: str
    ) -> Operation[Sent | Queued]:
        """Ask the initiator for what is missing, instead of refusing."""
        brief = make_brief("Returned for information", question=question)
        body = Kind.RETURN_FOR_INFORMATION.body()
        return (yield from self.continue_with(body, exchange, Content(brief)))

    def analysis_product(
        self,
        exchange: str | HasId,
        *,
        brief: Brief | str,
        product: AnalysisProduct | None = None,
        entities: Entities = (),
        attachments: Attachments | None = None,
        **terms: Unpack[Terms],
    ) -> Operation[Sent | Queued]:
        """Give the analysis that was asked for."""
        content = Content(as_brief(brief), product, entities, attachments)
        return (
            yield from self.continue_with(
                Kind.ANALYSIS_PRODUCT.body(), exchange, content, terms=terms
            )
        )

    # --- What an approver says -----------------------------------------------------------------

    def approve(
        self,
        exchange: str | HasId,
        *,
        legs: Iterable[str] | None = None,
        note: str | None = None,
    ) -> Operation[Sent | Queued]:
        """Approve what waits on the held legs: a signature over exactly that payload."""
        content = Content(make_brief(note) if note else None)
        body = Decision(Verdict.APPROVE)
        return (yield from self.continue_with(body, exchange, content, legs=legs))

    def return_to_author(
        self, exchange: str | HasId, *, question: str, legs: Iterable[str] | None = None
    ) -> Operation[Sent | Queued]:
        """Return what waits to its author, with a question."""
        content = Content(make_brief("Returned to its author", question=question))
        body = Decision(Verdict.RETURN)
        return (yield from self.continue_with(body, exchange, content, legs=legs))

    def reject(
        self,
        exchange: str | HasId,
        ground: RefusalGround | str,
        *,
        explanation: str,
        legs: Iterable[str] | None = None,
    ) -> Operation[Sent | Queued]:
        """Reject what waits, on a ground and with an explanation."""
        code = parse_code(RefusalGround, ground, "ground")
        content = Content(make_brief(f"Rejected: {code.name}", explanation=explanation))
        body = Decision(Verdict.REJECT, code)
        return (yield from self.continue_with(body, exchange, content, legs=legs))

    # --- What the initiator says ---------------------------------------------------------------

    def supplement(
        self,
        exchange: str | HasId,
        *,
        brief: Brief | str,
        document: ReplyDocument | InformationRequest | None = None,
        entities: Entities = (),
        attachments: Attachments | None = None,
        legs: Iterable[str] | None = None,
        **terms: Unpack[Terms],
    ) -> Operation[Sent | Queued]:
        """Give what was asked back for; it passes the approval gate anew."""
        content = Content(as_brief(brief), document, entities, attachments)
        body = Kind.SUPPLEMENT.body()
        return (yield from self.continue_with(body, exchange, content, legs=legs, terms=terms))

    def recall(
        self, exchange: str | HasId, *, reason: str, legs: Iterable[str] | None = None
    ) -> Operation[Sent | Queued]:
        """Take a request back before it is answered."""
        content = Content(make_brief("Recalled", reasons=reason))
        return (yield from self.continue_with(Kind.RECALL.body(), exchange, content, legs=legs))

    def feedback(
        self,
        exchange: str | HasId,
        *,
        usefulness: int,
        uses: Iterable[FeedbackUse | str] = (),
        brief: Brief | str | None = None,
        legs: Iterable[str] | None = None,
    ) -> Operation[Sent | Queued]:
        """Say how useful an answer was (0 to 3), and what it was used for (rule P6)."""
        codes = tuple(parse_code(FeedbackUse, use, f"uses[{i}]") for i, use in enumerate(uses))
        content = Content(as_brief(brief) if brief else None)
        return (
            yield from self.continue_with(Feedback(usefulness, codes), exchange, content, legs=legs)
        )

    def erase(
        self,
        exchange: str | HasId,
        ground: ErasureGround | str,
        *,
        note: str | None = None,
        legs: Iterable[str] | None = None,
    ) -> Operation[Sent | Queued]:
        """Have the content of closed legs forgotten, by the hub and by every reader.

        Statements, signatures and the log stay; the sealed parts are gone for good. `note` says
        why in words; it is sealed, and stays with the notice.
        """
        code = parse_code(ErasureGround, ground, "ground")
        # A supervisor's copy is the brief: it holds copies of its own to erase.
        content = Content(make_brief(note or f"Erased: {code.name}"))
        return (yield from self.continue_with(EraseNotice(code), exchange, content, legs=legs))

    def close_exchange(
        self, exchange: str | HasId, *, legs: Iterable[str] | None = None
    ) -> Operation[Sent | Queued]:
        """Close the legs that have ended."""
        return (yield from self.continue_with(Kind.CLOSE.body(), exchange, Content(), legs=legs))
