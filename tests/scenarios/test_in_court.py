"""Evidence for a court: what its handling keeps out of court needs the consent of its author."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exchange_protocol.errors import Reason
from tests.scenarios.conftest import Region
from tests.scenarios.test_consent import digest, soon
from tests.support.asking import new_exchange
from tests.support.commands import as_member, run
from tests.support.deployment import COORDINATORS
from tests.support.refusals import refused

NOTE = "Примечание (вымышлено)"


def test_an_answer_behind_the_gate_goes_to_court_once_its_author_consents(
    region: Region, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The coordinators approved by words of the same handling, and nobody can ask them."""
    mia, uz, gpo = region["kz.mia"], region["uz.fiu"], region["kz.gpo"]
    exchange = new_exchange(mia, "uz.fiu", handling="H2")
    gpo.comment(exchange, "kz.mia", comment=NOTE)
    region.approve(exchange, *COORDINATORS)
    uz.open(exchange)
    uz.reply(exchange, brief=NOTE)
    answer = digest(mia, exchange, "reply")
    error = refused(mia.gather_evidence, exchange, with_content=True)
    assert error.reason is Reason.CONSENT_MISSING
    assert f"--about {answer.hex()}" in str(error), "it names what can be asked for"
    mia.ask_consent(exchange, answer, "kz.mia", "PROSECUTION", reason=NOTE)
    uz.grant_consent(exchange, digest(uz, exchange, "consent_request"), soon())
    statements = mia.open(exchange).statements
    of_others = [each.index for each in statements if each.kind.value == "decision"]
    of_others += [each.index for each in statements if each.kind.value == "supervisor_comment"]
    [reply] = [each.index for each in statements if each.kind.value == "reply"]
    gathered = mia.gather_evidence(exchange, with_content=True)
    assert sorted(gathered.kept_sealed) == sorted(of_others)
    assert reply in gathered.disclosed
    assert not set(of_others) & set(gathered.disclosed)
    assert not gathered.faults
    police = as_member(region.town, "kz.mia/system")
    file = tmp_path / "e.zip"
    code, out, err = run(
        capsys, *police, "evidence", "export", exchange, "-o", file, "--with-content"
    )
    assert code == 0, err
    assert f"entry {of_others[0]}: its words stay sealed" in " ".join(out.split())
    code, out, err = run(
        capsys, *police, "--json", "evidence", "export", exchange,
        "-o", tmp_path / "f.zip", "--with-content",
    )  # fmt: skip
    assert code == 0, err
    assert sorted(json.loads(out)["kept_sealed"]) == sorted(of_others)
    code, out, err = run(capsys, *police, "evidence", "verify", file)
    assert code == 0, out + err
    region.replay(capsys)


def test_words_of_an_approver_that_may_go_to_court_are_disclosed(region: Region) -> None:
    mia, uz = region["kz.mia"], region["uz.fiu"]
    exchange = new_exchange(mia, "uz.fiu")
    region.approve(exchange, COORDINATORS[0])
    uz.open(exchange)
    uz.reply(exchange, brief=NOTE)
    gathered = mia.gather_evidence(exchange, with_content=True)
    kinds = {each.index: each.kind.value for each in gathered.exchange.statements}
    assert "decision" in {kinds[index] for index in gathered.disclosed}
    assert not gathered.kept_sealed
