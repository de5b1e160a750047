"""Joint cases for scenarios: opened, joined, and what each member reads of them."""

from __future__ import annotations

from typing import Any

from agency_client import Sent
from tests.scenarios.conftest import Region
from tests.support.deployment import COORDINATORS

BRIEF = "Совместное дело (вымышлено)"
FIRST, SECOND = COORDINATORS


def open_case(region: Region, *to: str, **terms: Any) -> str:
    sent = region["kz.mia"].open_joint_case(to=to, brief=BRIEF, **terms)
    assert isinstance(sent, Sent)
    return sent.exchange_id


def joined(region: Region, *to: str, **terms: Any) -> str:
    """A case whose members have all joined."""
    exchange = open_case(region, *to, **terms)
    if any(not agency.startswith("kz.") for agency in to):
        region.approve(exchange, FIRST)
    for agency in to:
        region[agency].open(exchange)
        region[agency].join(exchange)
    return exchange


def reads(region: Region, agency: str, exchange: str) -> list[str]:
    """The words of the contributions and tasks that an agency can unseal, in log order."""
    return [
        each.brief.summary
        for each in region[agency].open(exchange).statements
        if each.statement.kind.spec.to_members and each.brief is not None
    ]


def digest(region: Region, exchange: str, kind: str) -> bytes:
    found = [each for each in region["kz.mia"].open(exchange).statements if each.kind.value == kind]
    return found[-1].statement.digest
