"""README's program and docs/python.md as they stand there: typed strictly, run on a real hub."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import agency_client
from agency_client import ExchangeClient, LegState, ReplyDocument
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import REPOSITORY


def programs(document: str) -> list[str]:
    """The Python programs of a document."""
    text = (REPOSITORY / document).read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def deployment(
    foundation: Foundation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    with foundation.serving(tmp_path_factory.mktemp("guide") / "hub") as (made, _):
        for agency in ("kz.mia", "kz.fma"):
            (made.profiles / agency).symlink_to(made.profile(f"{agency}/system"))
        yield made


@pytest.fixture
def here(deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, with the profiles of the demonstration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXCHANGE_PROFILES", str(deployment.profiles))
    (tmp_path / ".demo").symlink_to(deployment.profiles)
    return tmp_path


def run(program: str) -> None:
    exec(compile(program, "guide", "exec"), {"__name__": "guide"})  # noqa: S102 - what is tested


def test_programs_pass_mypy_strict(tmp_path: Path) -> None:
    listed = [*programs("README.md"), *programs("docs/python.md")]
    assert len(listed) > 8
    for number, program in enumerate(listed):
        (tmp_path / f"program_{number}.py").write_text(program, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *map(str, sorted(tmp_path.glob("*.py")))],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_program_of_the_readme_runs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [program] = programs("README.md")
    run(program)
    said = capsys.readouterr().out
    assert said.startswith("Sent(")
    assert "['RELEASED']" in said


def test_the_example_that_help_shows_runs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = (agency_client.__doc__ or "").split("\n\n    ", 1)[1].split("\n\n`help")[0]
    run(textwrap.dedent(f"    {example}"))
    assert re.fullmatch(r"[0-9a-f-]{36}\n", capsys.readouterr().out)


def test_the_programs_of_the_guide_run_one_after_the_other(
    deployment: Deployment, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for program in programs("docs/python.md"):
        run(program)
        said.append(capsys.readouterr().out)
    asked, read, table, cases, watched, many, at_once, queued, failed, _ = said
    assert re.fullmatch(r"entry \d+ of the log; exchange [0-9a-f-]{36}\n", asked)
    assert "kz.mia asks: Suspected laundering of heroin proceeds" in read
    assert "Person ['Вымышленный Пример']" in read
    assert "3 entities, 2 subjects" in table
    assert re.match(r"1 of \d+ exchanges\nkz\.mia \['Вымышленный Пример'\]\nFMA-7/2026 20", cases)
    assert "information_request" in watched
    assert "extend_deadline" in watched
    assert "refused" not in many
    assert "20 exchanges" in at_once
    assert re.fullmatch(r"True 1 waits\nsent as entry \d+\n", queued)
    assert failed.startswith("INVALID_FIELD due expected a timedelta")
    exchange = asked.split()[-1]
    with ExchangeClient.from_profile("kz.mia") as mia:
        before = len(list(mia.sent()))
        run(programs("docs/python.md")[-1])
        assert len(list(mia.sent())) == before, "a job that is started again says nothing twice"
        assert len(mia.search_index.search("2026/501").found) == 1
    with ExchangeClient.from_profile("kz.mia") as mia:
        opened = mia.open(exchange)
        assert opened.legs[0].state is LegState.ANSWERED
        assert opened.initial is not None
        asked_until, extended = opened.initial.statement.header.due_at, opened.legs[0].due_at
        assert asked_until is not None
        assert extended is not None
        assert extended - asked_until > timedelta(days=13), "the FIU asked for more time"
        [listed] = [each for each in mia.sent() if each.id == exchange]
        assert (listed.due_at, listed.legs[0].due_at) == (asked_until, extended)
        assert opened.statements[-1].content == ReplyDocument(text="Three accounts were found")
        briefs = [mia.open(each).statements[0].brief for each in mia.sent()]
        references = {brief.own_reference for brief in briefs if brief}
        assert {f"2026/{number}" for number in range(20)} <= references
    with ExchangeClient.from_profile("kz.fma") as fma:
        [referred] = [each for each in fma.sent() if each.kind.value == "referral"]
        [first] = fma.open(referred).statements
        assert list(first.attachments) == ["выписка за февраль.csv"]
        assert [each["schema"] for each in first.entities()] == [
            "BankAccount",
            "BankAccount",
            "Payment",
        ]
