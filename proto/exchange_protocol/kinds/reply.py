"""`reply`: the final answer of a recipient."""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief, Document
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.rows import ANSWERS
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class ReplyResult(Code):
    """Results of a request or a referral."""

    INFORMATION = (
        pb.REPLY_RESULT_INFORMATION,
        "information given",
        "сведения предоставлены",
        "ақпарат берілді",
    )
    NO_HIT = pb.REPLY_RESULT_NO_HIT, "nothing found", "сведений не найдено", "мәлімет табылмады"
    CASE_OPENED = pb.REPLY_RESULT_CASE_OPENED, "case opened", "дело возбуждено", "іс қозғалды"


@dataclass(frozen=True, slots=True)
class Reply(Body):
    """Answers for good; `result` says what came of the request."""

    result: ReplyResult


SPEC = KindSpec(
    body=Reply,
    stage=Stage.CONTINUING,
    words=Words("reply", "ответ", "жауап"),
    rows=(ANSWERS,),
    acts=(
        Act(
            name="reply",
            command="reply",
            summary="Answer for good: with information, with no hit, or with a case opened.",
            done="Answered",
            codes=("result",),
            defaults={"result": ReplyResult.INFORMATION},
            help={"result": "What came of it; else information."},
            brief=Brief.OPTIONAL,
            document=Document("ReplyDocument"),
            entities="entities",
            attachments=True,
            terms=True,
        ),
    ),
)
