"""Warnings for who passed content on: of what its author did to it since, and of nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from agency_client.core.finding import passed_on_before
from agency_client.state.search_index import Indexed, PassedOn, SearchIndex
from exchange_protocol.kinds.codes import TimeLimitRule
from exchange_protocol.kinds.publish_time_limit import PublishTimeLimit
from tests.support.asking import new_exchange
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, KZ_MIA, OPERATOR


class Asked:
    """An index that keeps what it was asked for."""

    def __init__(self) -> None:
        self.digests: set[str] = set()

    def passed_on(self, sources: Collection[str]) -> Iterator[tuple[Indexed, PassedOn]]:
        """Find nothing."""
        self.digests |= set(sources)
        return iter(())


@pytest.mark.parametrize("by_author", [True, False])
def test_end_of_retention_warns_nobody_and_an_erasure_by_the_author_does(
    hub: InMemoryHub, tmp_path: Path, *, by_author: bool
) -> None:
    hub.model.say(OPERATOR, PublishTimeLimit(TimeLimitRule.RETENTION, "", days=100))
    with hub.client(tmp_path) as mia, hub.client(tmp_path, KZ_FMA) as fma:
        exchange = new_exchange(mia, "kz.fma")
        fma.reply(fma.open(exchange), brief="Вымышлено")
        answer = mia.open(exchange).statements[-1].statement.digest
        if by_author:
            fma.erase_answer(exchange, "unlawful", note="Вымышлено")
        else:
            hub.model.now += timedelta(days=101)
        opened, asked = mia.open(exchange), Asked()
    assert all(each.is_erased for each in opened.statements if each.statement.digest == answer)
    passed_on_before(cast(SearchIndex, asked), opened, KZ_MIA.agency)
    assert asked.digests == ({answer.hex()} if by_author else set())
