"""`enrol_agency`: the operating agency enrols an agency in the directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import AgencyType
from exchange_protocol.kinds.fields import parse_country, parse_enum, parse_time_zone
from exchange_protocol.kinds.names import parse_name
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.identity import AgencyId, parse_agency_id
from exchange_protocol.words import Words

MAX_NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class EnrolAgency(Body):
    """`country` is ISO 3166-1 alpha-2, or empty for an international agency."""

    agency: AgencyId
    name: str
    country: str
    agency_type: AgencyType
    time_zone: str


def parse_enrolment(message: Any, where: str) -> dict[str, Any]:
    """The attributes of a body that tells all of an agency."""
    return {
        "agency": parse_agency_id(message.agency, field=f"{where}.agency"),
        "name": parse_name(message.name, MAX_NAME_CHARACTERS, f"{where}.name"),
        "country": parse_country(message.country, f"{where}.country") if message.country else "",
        "agency_type": parse_enum(AgencyType, message.agency_type, f"{where}.agency_type"),
        "time_zone": parse_time_zone(message.time_zone, f"{where}.time_zone"),
    }


def _parse(message: Any, where: str) -> Body:
    return EnrolAgency(**parse_enrolment(message, where))


SPEC = KindSpec(
    body=EnrolAgency,
    stage=Stage.DIRECTORY,
    words=Words(
        "enrolment of an agency", "включение органа в справочник", "органды тізілімге енгізу"
    ),
    parse=_parse,
)
