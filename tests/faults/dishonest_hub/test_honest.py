"""The hub that can lie, while it does not: nobody accuses it."""

from __future__ import annotations

from exchange_protocol.kinds.codes import LegState
from tests.support.dishonest_hub import Region


def test_honest_hub_is_accused_by_nobody(region: Region) -> None:
    exchange = region.ask("uz.fiu")
    region.approve(exchange)
    uzbek = region.client("uz.fiu/system")
    uzbek.reply(uzbek.open(exchange))
    opened = region.open("kz.mia/system", exchange)
    assert opened.legs[0].state is LegState.ANSWERED
    region.open("kz.gpo/system", exchange)
    for report in (region.audit(), region.audit("kz.gpo/auditor/auditor1"), region.audit_copy()):
        assert report.violations == ()
    region.restore(region.backup())
    assert region.open("kz.mia/system", exchange).legs[0].state is LegState.ANSWERED
