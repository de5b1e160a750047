"""`remind`: the answer is overdue, or the task of a member of a joint case.

The hub takes it only after the leg's due time, before the answer or while the task is open. So a
reminder on the log proves a missed deadline, and for a leg that is still RELEASED that the request
was not even fetched (docs/rules.md#p21).
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row, When
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Remind(Body):
    """Reminds of an answer or a task that is overdue."""


SPEC = KindSpec(
    body=Remind,
    stage=Stage.CONTINUING,
    words=Words("reminder", "напоминание", "еске салу"),
    rows=(
        Row(
            party=Party.INITIATOR,
            before=OPEN_TO_RECIPIENT | {LegState.RELEASED, LegState.JOINED},
            when=When.AFTER_DUE,
        ),
    ),
    acts=(
        Act(
            name="remind",
            command="remind",
            summary="Remind of an overdue answer or task; the log then proves the missed deadline.",
            done="Reminded",
            text=Text("note", "summary", "A note, in words; it is sealed.", is_required=False),
        ),
    ),
)
