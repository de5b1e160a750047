"""`supervisor_comment`: a supervisor comments on what it was given a copy of.

It speaks to one agency of its own state, and nobody else is shown it: neither the counterpart nor
an approver. With it a supervisor may ask to be involved; the agency that leads a joint case then
invites it (docs/rules.md#p9). It moves no leg.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, Words


class SupervisorWish(Code):
    """Wishes of a supervisor beside its comment."""

    NONE = pb.SUPERVISOR_WISH_NONE, "comment alone", "только замечание", "тек ескерту"
    EXPLANATION = (
        pb.SUPERVISOR_WISH_EXPLANATION,
        "asks for an explanation",
        "просит пояснений",
        "түсініктеме сұрайды",
    )
    INVOLVEMENT = (
        pb.SUPERVISOR_WISH_INVOLVEMENT,
        "asks to be involved",
        "просит привлечь к участию",
        "қатыстыруды сұрайды",
    )


@dataclass(frozen=True, slots=True)
class SupervisorComment(Body):
    """Comments to `agency`, which is of the supervisor's own state."""

    agency: AgencyId
    wish: SupervisorWish


_TEXT = Text("comment", "summary", "The comment, in words; it is sealed.")
_HELP = {"agency": "Id of the agency of your state that is to read it."}

SPEC = KindSpec(
    body=SupervisorComment,
    stage=Stage.CONTINUING,
    words=Words("comment of a supervisor", "замечание надзора", "қадағалау органының ескертуі"),
    rows=(Row(party=Party.SUPERVISOR, before=frozenset(LegState)),),
    acts=(
        Act(
            name="comment",
            command="comment",
            summary="Comment on what you were given a copy of, to an agency of your own state.",
            done="Commented",
            fixed={"wish": SupervisorWish.NONE},
            codes=("agency",),
            help=_HELP,
            text=_TEXT,
        ),
        Act(
            name="ask_for_explanation",
            command="ask-explanation",
            summary="Ask an agency of your own state to explain what you were given a copy of.",
            done="Explanation asked",
            fixed={"wish": SupervisorWish.EXPLANATION},
            codes=("agency",),
            help=_HELP,
            text=_TEXT,
        ),
        Act(
            name="ask_to_be_involved",
            command="ask-involvement",
            summary="Ask an agency of your own state to let you take part.",
            done="Involvement asked",
            fixed={"wish": SupervisorWish.INVOLVEMENT},
            codes=("agency",),
            help=_HELP,
            text=_TEXT,
        ),
    ),
)
