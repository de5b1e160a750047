"""`publish_time_limit`: the longest time that a rule allows, as data on the log.

Law sets these limits and changes them, so they are no code: an operator publishes them like the
policy, and hub and auditors judge by the ones that stand at an entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import TimeLimitRule
from exchange_protocol.kinds.fields import parse_country, parse_enum
from exchange_protocol.kinds.spec import Body, KindSpec, Stage
from exchange_protocol.words import Words

MOST_HOURS = 24 * 366


@dataclass(frozen=True, slots=True)
class PublishTimeLimit(Body):
    """Sets a limit in hours; `country` is empty for all without a limit of their own."""

    rule: TimeLimitRule
    country: str
    hours: int


def _parse(message: Any, where: str) -> Body:
    if not 0 < message.hours <= MOST_HOURS:
        raise Reason.INVALID_FIELD.error(
            f"expected 1 to {MOST_HOURS} hours, got {message.hours}", field=f"{where}.hours"
        )
    return PublishTimeLimit(
        rule=parse_enum(TimeLimitRule, message.rule, f"{where}.rule"),
        country=parse_country(message.country, f"{where}.country") if message.country else "",
        hours=message.hours,
    )


SPEC = KindSpec(
    body=PublishTimeLimit,
    stage=Stage.DIRECTORY,
    words=Words("time limit", "предельный срок", "шекті мерзім"),
    parse=_parse,
)
