"""`invite`: the lead of a joint case invites one more agency.

The invitation opens a leg, and passes the gate there like the initial statement. An agency that
declined or left may be invited again, on its leg. The new member reads what is contributed after it
joined. Earlier statements are not sealed to it; their authors may contribute them again. A member
that comes back keeps what it read before.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.acts import Act, Brief
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import LegState, Party
from exchange_protocol.kinds.rows import Row
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Invite(Body):
    """Invites `member`, which has no leg of the joint case yet, has declined or has left."""

    member: AgencyId


SPEC = KindSpec(
    body=Invite,
    stage=Stage.CONTINUING,
    words=Words("invitation", "приглашение", "шақыру"),
    invites=True,
    rows=(
        Row(
            party=Party.INITIATOR,
            # Also on no leg: most invitations open one.
            before=frozenset({LegState.REFUSED, LegState.LEFT}),
            after=LegState.RELEASED,
            becomes_awaited=True,
            adds_content=True,
            in_case=True,
        ),
    ),
    acts=(
        Act(
            name="invite",
            command="invite",
            summary="Invite one more agency to a joint case that you lead.",
            done="Invited",
            codes=("member",),
            help={"member": "Id of the agency that is invited."},
            brief=Brief.REQUIRED,
            entities="subjects",
            attachments=True,
            terms=True,
        ),
    ),
)
