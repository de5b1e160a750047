"""A missed deadline is proven to a third: by the log, in words, and by the court's own script."""

from __future__ import annotations

from pathlib import Path

import pytest

from agency_client.evidence.words import ENGLISH, KAZAKH, RUSSIAN
from tests.integration.evidence.conftest import Court, Office, read
from tests.support.asking import new_exchange
from tests.support.clocks import let_pass, shortly
from tests.support.foundation import Foundation

pytestmark = pytest.mark.long


def test_a_reminder_proves_the_missed_deadline_and_that_the_request_was_not_fetched(
    foundation: Foundation, tmp_path: Path
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _):
        with town.client("kz.mia/system") as mia, town.client("kz.fma/system") as fma:
            due = shortly()
            exchange = new_exchange(mia, "kz.fma", due=due)
            let_pass(due)
            mia.remind(exchange)
            fma.open(exchange)
            mia.remind(exchange, note="Второе напоминание (вымышлено)")
        office = Office(town, exchange)
        office.export("kz.mia/system", tmp_path / "e.zip")
        (tmp_path / "root.pem").write_bytes(town.files.root_pem)
        court = Court(tmp_path, tmp_path / "root.pem", town.files.log_vkey)
        lines = court.lines(tmp_path / "e.zip")
    assert lines[-1].startswith("VERIFIED")
    assert sum("remind" in line for line in lines) == 2
    files, _ = read(tmp_path / "e.zip")
    account = next(data for name, data in files.items() if name.endswith(".html")).decode()
    for words in (ENGLISH, RUSSIAN, KAZAKH):
        assert account.count(words.unanswered.format(agency="kz.fma")) == 2
        assert account.count(words.not_fetched.format(agency="kz.fma")) == 1
