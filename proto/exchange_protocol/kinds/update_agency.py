"""`update_agency`: the operating agency replaces what an enrolment says.

A new name, another sort, or a mistake put right; the id stays. Replays see the old words before
this entry and the new ones after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import AgencyType
from exchange_protocol.kinds.enrol_agency import parse_enrolment
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class UpdateAgency(Body):
    """All that is known of an enrolled agency; `country` is empty for an international agency."""

    agency: AgencyId
    name: str
    country: str
    agency_type: AgencyType
    time_zone: str


def _parse(message: Any, where: str) -> Body:
    return UpdateAgency(**parse_enrolment(message, where))


SPEC = KindSpec(
    body=UpdateAgency,
    stage=Stage.DIRECTORY,
    words=Words(
        "change of an enrolment", "изменение сведений об органе", "орган туралы мәліметті өзгерту"
    ),
    parse=_parse,
)
