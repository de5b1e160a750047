"""`erase_notice`: the initiator has the content of closed legs forgotten.

Hub and readers forget the sealed parts of all that was said on these legs; the statements, their
signatures and the log stay.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class ErasureGround(Code):
    """Grounds to erase content."""

    RETENTION_ENDED = (
        pb.ERASURE_GROUND_RETENTION_ENDED,
        "retention ended",
        "срок хранения истёк",
        "сақтау мерзімі аяқталды",
    )
    ORDERED = (
        pb.ERASURE_GROUND_ORDERED,
        "ordered by an authority",
        "по решению органа",
        "органның шешімімен",
    )
    UNLAWFUL = pb.ERASURE_GROUND_UNLAWFUL, "held unlawfully", "хранение незаконно", "сақтау заңсыз"
    SENT_IN_ERROR = (
        pb.ERASURE_GROUND_SENT_IN_ERROR,
        "sent in error",
        "отправлено по ошибке",
        "қателесіп жіберілді",
    )


@dataclass(frozen=True, slots=True)
class EraseNotice(Body):
    """Has the content of the legs that it names forgotten."""

    ground: ErasureGround


SPEC = KindSpec(
    body=EraseNotice,
    stage=Stage.CONTINUING,
    words=Words(
        "notice to erase the content",
        "уведомление об уничтожении содержания",
        "мазмұнды жою туралы хабарлама",
    ),
    rows=(
        Row(
            party=Party.INITIATOR,
            before=frozenset({LegState.CLOSED}),
            after=LegState.ERASED,
            shown_while_hidden=True,
        ),
    ),
    acts=(
        Act(
            name="erase",
            command="erase",
            summary="Have the content of closed legs forgotten for good; the account of it stays.",
            done="Erased",
            codes=("ground",),
            help={"ground": "Why"},
            text=Text(
                "note", "summary", "Why, in words; it is sealed and stays.", is_required=False
            ),
            confirm="Erase the content of this exchange for good?",
        ),
    ),
)
