"""A hub whose clock is wrong by months or years says so, and signs nothing by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from exchange_doctor import Grade
from exchange_protocol.errors import ExchangeError, HubUnavailable, NotAuthenticated, Reason
from exchange_server import bootstrap
from exchange_server.bootstrap import Hub, load_credentials, utc_now
from exchange_server.clock_evidence import Signed, verify_not_ahead
from exchange_server.doctor import examine_hub
from exchange_server.tls.held_lists import HeldLists
from tests.support.commands import ServerCommand
from tests.support.hub_process import HubFiles, prepare_hub

MONTHS = timedelta(days=70)


@pytest.fixture
def files(tmp_path: Path) -> HubFiles:
    """A hub with an authority of its own, whose clock the test moves."""
    return prepare_hub(tmp_path / "hub")


def hub_at(files: HubFiles, now: datetime) -> Hub:
    return Hub(files.config, load_credentials(files.config, {}, lambda: now), lambda: now)


@pytest.mark.parametrize("years", [5, -5])
def test_certificate_that_is_not_good_by_a_wrong_clock_is_told_with_the_clock(
    files: HubFiles, years: int, run: ServerCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = utc_now() + timedelta(days=365 * years)
    with pytest.raises(NotAuthenticated) as caught:
        load_credentials(files.config, {}, lambda: now)
    assert caught.value.reason is Reason.CERTIFICATE_EXPIRED
    said = caught.value.message
    assert f"the clock of this computer says {now:%Y-%m-%d %H:%M} UTC, but " in said
    assert "was signed at" in said
    assert "set the clock" in said
    monkeypatch.setattr(bootstrap, "utc_now", lambda: now)
    code, out, err = run("check-config", "--config", str(files.config_file))
    assert (code, out) == (2, "")
    assert "the clock of this computer says" in err
    page = {each.what: each for each in examine_hub(files.config, {}, now)}
    told = page["keys and certificates"]
    assert told.grade is Grade.FAIL
    assert "the clock of this computer says" in told.found


async def test_hub_does_not_start_far_after_all_that_was_signed(
    files: HubFiles, run: ServerCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would make entries of that time, and erase content whose retention seems over."""
    now = utc_now() + MONTHS
    with pytest.raises(HubUnavailable, match="the clock of this computer says") as caught:
        await hub_at(files, now).start()
    assert "bring the authority's newest list" in caught.value.message
    monkeypatch.setattr(bootstrap, "utc_now", lambda: now)
    code, _, err = run("check-config", "--config", str(files.config_file))
    assert code == 2
    assert "the clock of this computer says" in err


async def test_hub_that_rested_for_months_starts_with_a_new_list(files: HubFiles) -> None:
    now = utc_now() + MONTHS
    files.authority.refresh_crl(now=now - timedelta(days=1))
    hub = hub_at(files, now)
    await hub.start()
    await hub.stop()


def test_list_from_the_future_is_told_as_a_clock_by_check_config_and_doctor(
    files: HubFiles, run: ServerCommand
) -> None:
    later = utc_now() + MONTHS
    files.authority.refresh_crl(now=later)
    files.config.held_lists.unlink()
    HeldLists(files.config.held_lists, files.anchors).begin(files.crl_file)
    code, out, _ = run("check-config", "--config", str(files.config_file))
    assert code == 1
    assert "BAD  clock: the clock of this computer says" in out
    assert f"the revocation list was signed at {later:%Y-%m-%d %H:%M} UTC" in out


def test_list_in_force_allows_the_time_beside_one_of_an_authority_that_rests() -> None:
    now = datetime(2027, 6, 1, tzinfo=UTC)

    def a_list(signed: int, good: int) -> Any:
        return SimpleNamespace(
            this_update=now - timedelta(days=signed), next_update=now + timedelta(days=good)
        )

    lists: Any = SimpleNamespace(lists={b"root": a_list(40, 320), b"other": a_list(45, -15)})
    overdue: Any = SimpleNamespace(lists={b"root": a_list(40, -1), b"other": a_list(45, -15)})
    signed = [Signed("the certificate of this hub", now - timedelta(days=90))]
    verify_not_ahead(now, signed, lists)
    with pytest.raises(ExchangeError, match="the clock of this computer says"):
        verify_not_ahead(now, signed, overdue)
