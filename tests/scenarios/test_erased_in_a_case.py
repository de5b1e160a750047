"""A member of a joint case erases what it gave; a former member is not shown that."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Region
from tests.scenarios.members import joined

WHY = "Окончено (вымышлено)"


@pytest.mark.parametrize("how", ["active", "left", "closed"])
def test_member_opens_a_case_in_which_another_erased_what_it_gave(
    region: Region, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lead, fma, uz = (region[each] for each in ("kz.mia", "kz.fma", "uz.fiu"))
    exchange = joined(region, "kz.fma", "uz.fiu")
    uz.contribute(exchange, brief="Материал из Ташкента (вымышлено)")
    fma.contribute(exchange, brief="Материал из Алматы (вымышлено)")
    if how == "left":
        fma.leave(exchange, reason=WHY)
    if how == "closed":
        lead.close_exchange(exchange)
    else:
        uz.leave(exchange, reason=WHY)
    uz.erase_answer(exchange, "sent-in-error", note="Ошибка (вымышлено)")
    for client in (lead, fma, uz):
        given = [each for each in client.open(exchange).statements if each.kind == "contribute"]
        assert [each.is_erased for each in given] == [True, False]
        assert [each.brief is None for each in given] == [True, False]
    region.replay(capsys)


def test_member_that_left_opens_a_case_that_its_lead_erased(region: Region) -> None:
    lead, fma, uz = (region[each] for each in ("kz.mia", "kz.fma", "uz.fiu"))
    exchange = joined(region, "kz.fma", "uz.fiu")
    uz.contribute(exchange, brief="Материал из Ташкента (вымышлено)")
    fma.leave(exchange, reason=WHY)
    lead.close_exchange(exchange)
    lead.erase(exchange, "retention-ended")
    for client in (lead, fma, uz):
        opened = client.open(exchange)
        assert [each.is_erased for each in opened.statements if each.kind == "contribute"] == [True]
