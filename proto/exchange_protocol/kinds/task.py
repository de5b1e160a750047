"""`task`: the lead of a joint case gives an active member a task, with a due time.

All active members read it. The earliest due time of a member's open tasks is that of its leg.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Due, Row, TaskStep
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Task(Body):
    """Gives a task to `assignee`, until the header's due time."""

    assignee: AgencyId


SPEC = KindSpec(
    body=Task,
    stage=Stage.CONTINUING,
    words=Words("task", "поручение", "тапсырма"),
    to_members=True,
    due_words="When the task is due",
    rows=(
        Row(
            party=Party.INITIATOR,
            before=frozenset({LegState.JOINED}),
            sets_due=Due.ANEW,
            task=TaskStep.GIVES,
        ),
    ),
    acts=(
        Act(
            name="give_task",
            command="task",
            summary="Give an active member of a joint case a task, with a due time.",
            done="Task given",
            codes=("assignee",),
            help={"assignee": "Id of the agency that is to do it."},
            text=Text("description", "summary", "What is to be done, in words; it is sealed."),
        ),
    ),
)
