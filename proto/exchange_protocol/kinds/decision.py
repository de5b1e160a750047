"""`decision`: an approver approves, returns or rejects what waits on held legs.

An approval is a signature over the digest of exactly the statement that waits.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party, RefusalGround
from exchange_protocol.kinds.grounds import FURTHER_GROUNDS_HELP
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class Verdict(Code):
    """Decisions of an approver on a held leg."""

    APPROVE = pb.VERDICT_APPROVE, "approved", "одобрено", "мақұлданды"
    REJECT = pb.VERDICT_REJECT, "rejected", "отклонено", "қабылданбады"
    RETURN = (
        pb.VERDICT_RETURN,
        "returned for more information",
        "возвращено для уточнения",
        "нақтылауға қайтарылды",
    )


@dataclass(frozen=True, slots=True)
class Decision(Body):
    """A decision on the legs that it addresses; `ground` only to reject."""

    verdict: Verdict
    ground: RefusalGround | None = None
    further_grounds: tuple[RefusalGround, ...] = ()


_HELD = frozenset({LegState.HELD})

SPEC = KindSpec(
    body=Decision,
    stage=Stage.CONTINUING,
    words=Words("decision", "решение", "шешім"),
    only_with={"ground": Verdict.REJECT},
    rows=(
        Row(
            party=Party.APPROVER,
            before=_HELD,
            after=LegState.RELEASED,
            code=Verdict.APPROVE,
            approves=True,
        ),
        Row(
            party=Party.APPROVER,
            before=_HELD,
            after=LegState.REJECTED,
            code=Verdict.REJECT,
            becomes_awaited=True,
            while_unreleased=True,
            after_return=RefusalGround.INSUFFICIENT_REQUEST,
        ),
        Row(
            party=Party.APPROVER,
            before=_HELD,
            after=LegState.RETURNED,
            code=Verdict.RETURN,
            becomes_awaited=True,
        ),
    ),
    acts=(
        Act(
            name="approve",
            command="approve",
            summary="Approve what waits on the held legs: a signature over exactly that payload.",
            done="Approved",
            fixed={"verdict": Verdict.APPROVE},
            text=Text("note", "summary", "A note, in words; it is sealed.", is_required=False),
            binds_to_what_was_read=True,
            confirm="Approve exactly this?",
        ),
        Act(
            name="return_to_author",
            command="return",
            summary="Return what waits to its author, with a question.",
            done="Returned",
            fixed={"verdict": Verdict.RETURN},
            text=Text("question", "question", "What is missing, in words; it is sealed."),
        ),
        Act(
            name="reject",
            command="reject",
            summary="Reject what waits, on a ground and with reasons.",
            done="Rejected",
            fixed={"verdict": Verdict.REJECT},
            codes=("ground", "further_grounds"),
            defaults={"further_grounds": ()},
            help={"ground": "Ground", "further_grounds": FURTHER_GROUNDS_HELP},
            text=Text("explanation", "explanation", "Why, in words; it is sealed."),
        ),
    ),
)
