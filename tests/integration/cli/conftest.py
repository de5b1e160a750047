"""The `agency` command against a real hub process, with a profile for each fictional member."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agency_client.cli import main
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation

OFFICER = "kz.mia/system"

REQUEST = """\
brief:
  summary: Отмывание доходов от сбыта героина (вымышлено)
  drug_nexus: Продолжение дела о поставке
content:
  items: [accounts, transactions]
  period: [2020-01-01, 2021-03-01]
  facts: Тайные сведения получателя
"""
REPLY = """\
brief: Счета найдены
content:
  text: Тайный ответ
"""
SUBJECTS = """\
{"id":"p1","schema":"Person","properties":{"name":["Иван Вымышленный"],"country":["kz"],\
"keywords":["UNIQUE"]}}
{"id":"a1","schema":"BankAccount","properties":{"accountNumber":["KZ86125KZT5004100100"]}}
"""


@dataclass(frozen=True)
class Ended:
    """The end of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    def ok(self) -> Ended:
        """This, if the command was done."""
        assert self.code == 0, self
        return self


@dataclass(frozen=True)
class Desk:
    """Runs the command as a member, in a folder with documents."""

    town: Deployment
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, member: str | Path, *words: str) -> Ended:
        """Run a command as a member, or with the profile in a folder."""
        profile = member if isinstance(member, Path) else self.town.profile(member)
        return self.command("--profile", str(profile), *words)

    def command(self, *words: str) -> Ended:
        """Run a command."""
        with pytest.raises(SystemExit) as left:
            main(words)
        out, err = self.capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Ended(int(left.value.code), out, err)

    def ask(self, *to: str, author: str = OFFICER, more: tuple[str, ...] = ()) -> str:
        """Send an information request; gives the id of the exchange."""
        recipients = [word for agency in to for word in ("--to", agency)]
        words = ("send", "information-request", "request.yaml", *recipients, *more, "--json")
        exchange_id: str = self.run(author, *words).ok().json["exchange_id"]
        return exchange_id

    def heard(self, member: str, *words: str) -> list[dict[str, Any]]:
        """The notices that come to a member, until nothing comes for two seconds."""
        notices: list[dict[str, Any]] = []
        while out := self.run(member, "watch", "--json", "--max-seconds", "2", *words).ok().out:
            notices += map(json.loads, out.splitlines())
            words = ()
        return notices

    def offline_profile(self, member: str) -> Path:
        """A copy of a member's profile whose hub is not there."""
        folder = self.folder / "offline"
        shutil.copytree(self.town.profile(member), folder)
        file = folder / "profile.toml"
        lines = [
            "target = 'localhost:1'" if line.startswith("target") else line
            for line in file.read_text(encoding="utf-8").splitlines()
        ]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder


@pytest.fixture(scope="session")
def town(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A hub with the whole cast enrolled."""
    with foundation.serving(tmp_path_factory.mktemp("town") / "hub") as (town, _):
        yield town


@pytest.fixture
def desk(
    town: Deployment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    """A desk in an empty folder with a request, a reply and subjects."""
    monkeypatch.chdir(tmp_path)
    # Another one in each test: the same content sent twice is warned of.
    request = f"{REQUEST.rstrip()} {uuid.uuid4()}\n"
    (tmp_path / "request.yaml").write_text(request, encoding="utf-8")
    (tmp_path / "reply.yaml").write_text(REPLY, encoding="utf-8")
    # Files are told apart by their bytes too: those of another agency are not passed on.
    subjects = SUBJECTS.replace("UNIQUE", str(uuid.uuid4()))
    (tmp_path / "subjects.ftm.json").write_text(subjects, encoding="utf-8")
    return Desk(town, tmp_path, capsys)
