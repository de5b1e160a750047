"""A hub that is stopped and started again: what is kept is shown, and what is signed waits."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agency_client.console import context, following, lists
from exchange_protocol.errors import Reason
from tests.support.asking import new_exchange
from tests.support.console import Answer, Browser, RunningConsole, running_console
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import HubProcess
from tests.support.in_memory_hub import Connection

pytestmark = pytest.mark.long

POLICE = "kz.mia/system"
PROSECUTOR = "kz.gpo/system"
COORDINATOR = "caricc/coordinator/coordinator1"
AUDITOR = "caricc/auditor/auditor1"
AS_OF = r"The hub was not reached\. This list is as of \d{4}-\d\d-\d\d \d\d:\d\d"
SINCE = r"away since \d{4}-\d\d-\d\d \d\d:\d\d"
PATIENCE_SECONDS = 60


@dataclass
class Town:
    """A hub that comes and goes at one address."""

    deployment: Deployment

    @contextmanager
    def hub(self) -> Iterator[None]:
        """Run the hub for a while."""
        with HubProcess(self.deployment.files):
            yield

    @contextmanager
    def console(self, member: str) -> Iterator[RunningConsole]:
        """A console that was just started."""
        with self.deployment.client(member) as client, running_console(client) as running:
            yield running


@pytest.fixture
def town(foundation: Foundation, tmp_path: Path) -> Town:
    """A deployment whose hub does not run yet; it will always listen at one port."""
    made = foundation.copy(tmp_path / "hub")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    config = made.files.config_file
    text = config.read_text(encoding="utf-8")
    assert text.count("port = 0") == 1
    config.write_text(text.replace("port = 0", f"port = {port}"), encoding="utf-8")
    made.point_to(port)
    return Town(made)


def eventually(browser: Browser, path: str, wanted: str) -> Answer:
    """The page as soon as a pattern stands on it, or no longer stands on it if it begins with !."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        page = browser.get(path)
        if (re.search(wanted.removeprefix("!"), page.words) is None) is wanted.startswith("!"):
            return page
        assert time.monotonic() < ends, page.words
        time.sleep(0.2)


def kept_on_disk(profile: Path, name: str) -> None:
    """Wait until a list is kept; a page does not wait for that."""
    path = profile / "state" / "lists" / name
    ends = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        assert time.monotonic() < ends, path
        time.sleep(0.05)


def awaits(page: Answer) -> str:
    """The digest that a form of a decision names."""
    found = re.search(r'name="awaits" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.words
    return found[1]


def test_an_officer_reads_the_lists_and_sends_while_the_hub_is_away(town: Town) -> None:
    with town.hub(), town.console(POLICE) as console:
        with town.deployment.client(POLICE) as client:
            exchange = new_exchange(client, "kz.fma", due="7d")
        browser = console.entered()
        for path in (f"/exchange/{exchange}", "/sent", "/due", "/work"):
            assert "was not reached" not in browser.get(path).words
        kept_on_disk(town.deployment.profile(POLICE), "sent")
        kept_on_disk(town.deployment.profile(POLICE), "due-initiator")

    # The hub is gone, and the console was started anew.
    with town.console(POLICE) as console:
        browser = console.entered()
        for path in ("/sent", "/due"):
            page = browser.get(path)
            assert page.status == 200
            assert re.search(AS_OF, page.words), page.words
            assert re.search(SINCE, page.words), page.words
            assert f"/exchange/{exchange}" in page.text
            assert "Вымышлено" in page.words or path == "/due"
        # A filter is applied to what is kept.
        assert exchange in browser.get("/sent?state=RELEASED").text
        assert exchange not in browser.get("/sent?state=REFUSED").text
        # No list is shown that was never given.
        never = browser.get("/inbox")
        assert never.status == 200
        assert "this list was not opened before" in never.words
        assert "Nothing here" not in never.words
        # A statement is written, signed and waits.
        browser.get("/new/request_information")
        saved = browser.post(
            "/new/request_information",
            **{
                "to": "kz.fma",
                "brief.summary": "Вымышлено без связи",
                "request.items": "STR",
                "legal_basis": "KZ-CPC-1",
                "handling": "H1",
                "tlp": "AMBER",
                "urgency": "ROUTINE",
                "step": "next",
            },
        )
        assert saved.status == 303, saved.words
        plan = browser.get(saved.location)
        assert plan.status == 200
        sent = browser.sign(saved.location)
        assert sent.location == "/outbox", sent.words
        assert "it waits in the outbox" in browser.get("/outbox").words

        with town.hub():
            eventually(browser, "/sent", f"!{AS_OF}")
            # It is sent without being asked for, as the person was told.
            eventually(browser, "/overview", "The hub is back. Sent from the outbox: 1 of 1")
            assert "Waits" not in browser.get("/outbox").words
            page = browser.get("/sent")
            assert page.text.count("console-item__link") == 2
            assert not re.search(SINCE, page.words)


def test_a_coordinator_reads_the_queue_and_decides_while_the_hub_is_away(town: Town) -> None:
    with town.console(COORDINATOR) as console:
        with town.hub():
            with town.deployment.client(POLICE) as client:
                opened = new_exchange(client, "uz.fiu", due="5d")
                closed = new_exchange(client, "uz.fiu", due="7d")
            browser = console.entered()
            eventually(browser, f"/queue/{opened}", "What was verified")
            browser.get("/queue")
            kept_on_disk(town.deployment.profile(COORDINATOR), "queue")
        # The queue is shown; what was opened is read and may be decided.
        page = browser.get("/queue")
        assert page.status == 200
        assert re.search(AS_OF, page.words)
        assert opened in page.text
        assert closed in page.text
        page = browser.get(f"/queue/{opened}/approve")
        assert "Your decision is signed now, waits in the outbox" in page.words
        # Nobody decides blindly on an exchange that was never opened.
        other = browser.get(f"/queue/{closed}")
        assert "was not opened since the console was started" in other.words
        assert f"/queue/{closed}/approve" not in other.text
        assert browser.get(f"/queue/{closed}/approve").status == 503
        answer = browser.post(f"/queue/{opened}/approve", awaits=awaits(page))
        assert answer.location == "/queue", answer.words
        assert "The hub is away; it is sent when the hub is back" in browser.get("/queue").words
        # Nobody signs twice what waits already.
        again = browser.get(f"/queue/{opened}/approve")
        assert "Your decision is signed and waits in the outbox" in again.words
        assert 'name="awaits"' not in again.text
        outbox = browser.get("/outbox").words
        assert re.search(r"Decision Вымышлено uz\.fiu .* Waits", outbox), outbox

        with town.hub():
            # It is sent without being asked for, as the person was told, once.
            eventually(browser, "/overview", "The hub is back. Sent from the outbox: 1 of 1")
            eventually(browser, "/queue", f"!{AS_OF}")
            assert "Waits" not in browser.get("/outbox").words
            page = eventually(browser, "/queue", f"!{opened}")
            assert opened not in page.text
            assert f"/queue/{closed}/approve" in browser.get(f"/queue/{closed}").text


def test_rows_that_were_not_verified_since_the_start_say_so(town: Town) -> None:
    with town.hub(), town.console(COORDINATOR) as console:
        with town.deployment.client(POLICE) as client:
            exchange = new_exchange(client, "uz.fiu", due="5d")
        browser = console.entered()
        assert exchange in browser.get("/queue").text
        kept_on_disk(town.deployment.profile(COORDINATOR), "queue")
    with town.console(COORDINATOR) as console:
        page = console.entered().get("/queue")
        assert "kz.mia → uz.fiu" in page.words
        assert "not verified since the console was started" in page.words
        assert "does not verify" not in page.words
        assert "/approve" not in page.text


@pytest.mark.parametrize("member", [POLICE, PROSECUTOR, COORDINATOR, AUDITOR])
def test_every_page_answers_while_the_hub_is_away(town: Town, member: str) -> None:
    with town.hub():
        pass
    with town.console(member) as console:
        browser = console.entered()
        pages = [
            route.path
            for route in console.routes
            if route.methods and "GET" in route.methods and "{" not in route.path
        ]
        assert len(pages) > 10
        for path in pages:
            assert browser.get(path).status == 200, path


def test_a_list_of_which_the_beginning_is_kept_says_so(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (context, lists):
        monkeypatch.setattr(module, "MOST_KEPT", 1)
    client = console.console.client
    for _ in range(2):
        new_exchange(client, "kz.fma")
    browser = console.entered()
    assert browser.get("/sent").text.count("console-item__link") == 2
    kept_on_disk(client.profile.state.parent, "sent")
    away = Reason.UNAVAILABLE.error("the hub is away")
    monkeypatch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
    page = browser.get("/sent")
    assert page.text.count("console-item__link") == 1
    assert "Only its first 1 exchange is kept." in page.words


@pytest.mark.parametrize("is_known", [True, False])
def test_hub_that_hangs_holds_up_the_first_page_for_seconds_and_the_next_not_at_all(
    town: Town, is_known: bool
) -> None:
    """It takes connections and answers nothing: only its time tells that it is away."""
    with HubProcess(town.deployment.files) as hub:
        with town.console(POLICE) as console:
            console.entered().get("/sent")
            kept_on_disk(town.deployment.profile(POLICE), "sent")
        with town.console(POLICE) as console:
            browser = console.entered()
            if is_known:
                assert "was not reached" not in browser.get("/sent").words
            os.kill(hub.pid, signal.SIGSTOP)
            try:
                for bound in (2 * following.PATIENCE_SECONDS, following.PATIENCE_SECONDS / 2):
                    began = time.monotonic()
                    page = browser.get("/sent")
                    assert time.monotonic() - began < bound
                    assert page.status == 200
                    assert re.search(AS_OF, page.words), page.words
                    assert re.search(SINCE, page.words), page.words
            finally:
                os.kill(hub.pid, signal.SIGCONT)
            eventually(browser, "/sent", "!was not reached")
