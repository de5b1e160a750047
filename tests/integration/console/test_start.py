"""The start of the console: the link is shown to one person, and no network is served."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from agency_client import ExchangeClient
from agency_client.console import server
from tests.support.commands import run
from tests.support.in_memory_hub import InMemoryHub


def test_the_link_is_in_a_file_of_its_own_user_and_in_no_argument(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = hub.profile(tmp_path)
    file = profile.state / server.LINK_FILE
    opened: list[str] = []
    told: list[str] = []
    seen: list[tuple[int, str]] = []

    async def stand_by(*_: object) -> None:
        seen.append((stat.S_IMODE(file.stat().st_mode), file.read_text()))

    monkeypatch.setattr(ExchangeClient, "from_profile", lambda _: hub.client(tmp_path))
    monkeypatch.setattr(server, "_run", stand_by)
    monkeypatch.setattr("webbrowser.open", opened.append)
    server.serve(profile, tell=told.append)
    [(mode, text)] = seen
    code = told[0].partition("#")[2]
    assert mode == 0o600
    assert code in text
    assert opened == [file.as_uri()]
    assert code not in opened[0]
    assert "http://127.0.0.1:" in told[0]
    assert not file.exists()


def test_an_office_is_not_served_until_each_person_can_sign_in(
    hub: InMemoryHub, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, told = run(capsys, "console", "--serve")
    assert code != 0
    assert "needs a sign-in for each person" in told
