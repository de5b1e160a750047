"""`retire_agency`: an agency takes part in no new exchange any more.

Exchanges under way go on to their end, and earlier evidence stays good. A retirement is final: the
id is never given to another agency.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.trust.identity import AgencyId
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class RetireAgency(Body):
    """Retires an enrolled agency."""

    agency: AgencyId


SPEC = KindSpec(
    body=RetireAgency,
    stage=Stage.DIRECTORY,
    words=Words(
        "retirement of an agency", "исключение органа из обмена", "органды алмасудан шығару"
    ),
)
