"""Several commands on one profile at once, and a profile with a damaged key."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from agency_client import Profile
from agency_client.cli import main
from tests.faults.files.cases import MIA, OFFICER, REQUEST
from tests.support.foundation import Foundation
from tests.support.hub_process import PASSPHRASE
from tests.support.warm_programs import warm_python

AT_ONCE = 4
LEFT_OVER = 200
COMMAND = "from agency_client.cli import main; main()"


def test_commands_at_once_do_not_fail_on_each_others_leftovers(
    tmp_path: Path, foundation: Foundation
) -> None:
    request = tmp_path / "request.yaml"
    request.write_text(REQUEST, encoding="utf-8")
    with foundation.serving(tmp_path / "hub") as (town, _):
        profile = town.profile(MIA)
        outbox = profile / "state" / "outbox"
        for number in range(LEFT_OVER):
            parts = outbox / f".building-x{number}" / "parts"
            parts.mkdir(parents=True)
            (parts / "a").write_bytes(b"")
            os.utime(parts.parent, (0, 0))
        words = ("--profile", str(profile), "--json", "send", "information-request")
        running = [
            subprocess.Popen(
                [warm_python(), "-c", COMMAND, *words, str(request), "--to", "kz.fma"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for _ in range(AT_ONCE)
        ]
        ended = [(*each.communicate(timeout=120), each.returncode) for each in running]
        assert [code for _, _, code in ended] == [0] * AT_ONCE, ended
        sent = {json.loads(out)["statement_id"] for out, _, _ in ended}
        assert len(sent) == AT_ONCE
        assert list(outbox.glob(".building-*")) == []


def run(capsys: pytest.CaptureFixture[str], profile: Path, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(("--profile", str(profile), *words))
    assert isinstance(left.value.code, int)
    return (left.value.code, *capsys.readouterr())


def test_damaged_key_is_named_and_the_rest_of_the_profile_works(
    tmp_path: Path, foundation: Foundation, capsys: pytest.CaptureFixture[str]
) -> None:
    with foundation.serving(tmp_path / "hub") as (town, _):
        newest = town.profile(MIA) / "sealing" / "99991231T000000000000Z-00.key"
        newest.touch(mode=0o600)
        code, out, _ = run(capsys, town.profile(MIA), "whoami", "--json")
        assert code == 0
        [unusable] = json.loads(out)["unusable_keys"]
        assert unusable["file"] == str(newest)
        assert "is empty: its writing was cut short" in unusable["why"]
        code, out, _ = run(capsys, town.profile(MIA), "whoami")
        assert (code, newest.name in out) == (0, True)
        assert run(capsys, town.profile(MIA), "outbox", "list")[0] == 0
        newest.unlink()

        own = town.profile(OFFICER) / "sealing"
        if not own.exists():
            own.mkdir(mode=0o700)
        theirs = town.profile(MIA) / "sealing"
        passphrase = tmp_path / "passphrase"
        passphrase.touch(mode=0o600)
        passphrase.write_bytes(PASSPHRASE)
        words = ("keys", "import", str(theirs), "--passphrase-file", str(passphrase))
        for file in theirs.glob("*.key"):
            half = own / file.name
            half.touch(mode=0o600)
            half.write_bytes(file.read_bytes()[:200])
        assert Profile.load(town.profile(OFFICER)).vault.unusable
        assert run(capsys, town.profile(OFFICER), *words)[0] == 0
        assert Profile.load(town.profile(OFFICER)).vault.unusable == ()
        assert len(list(own.glob("*.key"))) == len(list(theirs.glob("*.key")))
