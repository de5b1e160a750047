"""`give_notice`: the recipient tells of an obstacle without refusing.

The codes are those of Directive 2014/41/EU, article 16(2), and of Directive (EU) 2023/977,
article 5(2): see docs/rules.md#p19. From the notice that a judge is awaited on, the leg's record
holds since when; it moves no due time.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class NoticeCode(Code):
    """Obstacles that do not end a request."""

    FORM_INCOMPLETE = (
        pb.NOTICE_CODE_FORM_INCOMPLETE,
        "form incomplete",
        "форма заполнена не полностью",
        "нысан толық толтырылмаған",
    )
    OTHER_MEASURES = (
        pb.NOTICE_CODE_OTHER_MEASURES,
        "other measures advisable",
        "целесообразны иные меры",
        "өзге шаралар орынды",
    )
    FORMALITY_IMPOSSIBLE = (
        pb.NOTICE_CODE_FORMALITY_IMPOSSIBLE,
        "requested formality impossible",
        "запрошенная формальность невыполнима",
        "сұралған рәсім орындалмайды",
    )
    AWAITING_JUDGE = (
        pb.NOTICE_CODE_AWAITING_JUDGE,
        "a judge's authorisation is awaited",
        "ожидается разрешение суда",
        "сот рұқсаты күтілуде",
    )


@dataclass(frozen=True, slots=True)
class GiveNotice(Body):
    """Tells of an obstacle; the work goes on."""

    notice: NoticeCode


SPEC = KindSpec(
    body=GiveNotice,
    stage=Stage.CONTINUING,
    words=Words("notice", "уведомление", "хабарлама"),
    rows=tuple(
        Row(
            party=Party.RECIPIENT,
            code=code,
            before=OPEN_TO_RECIPIENT,
            after=LegState.ACKNOWLEDGED,
            awaits_judge=code is NoticeCode.AWAITING_JUDGE,
        )
        for code in NoticeCode
    ),
    acts=(
        Act(
            name="give_notice",
            command="notice",
            summary="Tell of an obstacle without refusing.",
            done="Notice given",
            codes=("notice",),
            help={"notice": "The obstacle"},
            text=Text("explanation", "explanation", "What it means, in words; it is sealed."),
        ),
    ),
)
