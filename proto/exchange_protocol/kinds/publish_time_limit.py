"""`publish_time_limit`: the time that a rule allows, as data on the log.

Law and practice set these times and change them, so they are no code: an operator publishes them
like the policy, and hub and auditors judge by the ones that stand at an entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.codes import TimeLimitRule
from exchange_protocol.kinds.fields import parse_country, parse_enum
from exchange_protocol.kinds.spec import KindSpec, Stage
from exchange_protocol.words import Words

MOST_DAYS = 366
MOST_RETENTION_DAYS = 100 * MOST_DAYS


@dataclass(frozen=True, slots=True)
class PublishTimeLimit(Body):
    """Sets the time of a rule; `country` is empty for all without one of their own.

    Exactly one of hours, days and working days is set.
    """

    rule: TimeLimitRule
    country: str
    hours: int | None = None
    days: int | None = None
    working_days: int | None = None

    @property
    def least_hours(self) -> int:
        """The hours that it lasts at least, by which two limits are compared."""
        return (self.hours or 0) + 24 * ((self.days or 0) + (self.working_days or 0))


def _parse(message: Any, where: str) -> Body:
    given = [each for each in (message.hours, message.days, message.working_days) if each]
    if len(given) != 1:
        raise Reason.TIME_LIMIT_INVALID.error(
            f"expected hours, days or working days, and one of them alone; got {len(given)}",
            field=f"{where}.hours",
        )
    limit = PublishTimeLimit(
        rule=parse_enum(TimeLimitRule, message.rule, f"{where}.rule"),
        country=parse_country(message.country, f"{where}.country") if message.country else "",
        hours=message.hours or None,
        days=message.days or None,
        working_days=message.working_days or None,
    )
    is_retention = limit.rule is TimeLimitRule.RETENTION
    if is_retention and not limit.days:
        raise Reason.TIME_LIMIT_INVALID.error(
            "expected a retention in days, since it ends without anybody's act",
            field=f"{where}.days",
        )
    most = MOST_RETENTION_DAYS if is_retention else MOST_DAYS
    if limit.least_hours > 24 * most:
        raise Reason.TIME_LIMIT_INVALID.error(
            f"expected at most {most} days, got {limit.least_hours} hours", field=f"{where}.hours"
        )
    return limit


SPEC = KindSpec(
    body=PublishTimeLimit,
    stage=Stage.DIRECTORY,
    words=Words("time limit", "предельный срок", "шекті мерзім"),
    parse=_parse,
)
