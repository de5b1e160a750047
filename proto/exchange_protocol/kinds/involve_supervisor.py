"""`involve_supervisor`: an end of a leg lets a supervisor of its state take part in it.

The supervisor got copies of the brief before. From now on it reads all that either end says on the
leg, with every sealed part, and nothing more of what was said earlier. Both ends see that it takes
part. An author may still withhold a statement from it on a signed ground (docs/rules.md#p9).
Members of a joint case are invited instead (`invite.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Text
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import OPEN_TO_RECIPIENT, Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Words

_BOTH_READ = OPEN_TO_RECIPIENT | {LegState.FROZEN, LegState.ANSWERED}
"""States in which both ends have read the request, and may still speak."""


@dataclass(frozen=True, slots=True)
class InvolveSupervisor(Body):
    """Lets `supervisor`, which is of the author's own state, take part in the leg."""

    supervisor: AgencyId


SPEC = KindSpec(
    body=InvolveSupervisor,
    stage=Stage.CONTINUING,
    words=Words("involvement of a supervisor", "привлечение надзора", "қадағалау органын тарту"),
    rows=tuple(
        Row(party=party, before=_BOTH_READ, shown_while_hidden=True, involves=True)
        for party in (Party.INITIATOR, Party.RECIPIENT)
    ),
    acts=(
        Act(
            name="involve_supervisor",
            command="involve",
            summary="Let a supervisor of your state read all that is said from now on.",
            done="Supervisor involved",
            codes=("supervisor",),
            help={"supervisor": "Id of the supervisor, which got copies before."},
            text=Text("reason", "reasons", "Why, in words; it is sealed.", is_required=False),
        ),
    ),
)
