"""A policy is compared with the one in force, and rehearsed on the log, before it is published."""

from __future__ import annotations

from pathlib import Path

import pytest

from agency_client import ExchangeClient
from tests.integration.cli.conftest import Desk
from tests.support.deployment import AUDITOR, OPERATOR, POLICY

TEXT = POLICY.read_text(encoding="utf-8")
NO_REQUESTS = """
@id("no-requests-for-now")
forbid (principal, action == Action::"InformationRequest", resource);
"""


@pytest.fixture
def write(desk: Desk) -> Path:
    """A policy with one rule more, one comment more, and one rule that is spelt otherwise."""
    file = desk.folder / "next.cedar"
    file.write_text("// Fictional\n" + TEXT + NO_REQUESTS, encoding="utf-8")
    return file


def test_comparing_names_rules_and_no_comment(desk: Desk, write: Path) -> None:
    said = desk.run(OPERATOR, "operator", "compare-policy", str(write), "--json").ok().json
    assert said == {"added": ["no-requests-for-now"], "removed": [], "changed": []}
    told = desk.run(OPERATOR, "operator", "compare-policy", str(write)).ok().out
    assert told == "adds the rule no-requests-for-now\n"
    write.write_text(TEXT + "// Fictional\n", encoding="utf-8")
    same = desk.run(OPERATOR, "operator", "compare-policy", str(write)).ok().out
    assert same == "The rules are those of the policy in force.\n"


def test_rehearsing_finds_what_would_be_refused(desk: Desk, write: Path) -> None:
    exchange = desk.ask("kz.fma")
    words = ("operator", "rehearse-policy", str(write), "--days", "1")
    ended = desk.run(AUDITOR, *words, "--json")
    assert ended.code == 1
    [found] = [each for each in ended.json["otherwise"] if each["exchange_id"] == exchange]
    assert found["kind"] == "information_request"
    assert "/agency/kz.mia/" in found["author"]
    [what] = found["what"]
    assert what.startswith("refused, POLICY_DENIED")
    assert "no-requests-for-now" in what
    assert f"entry {found['index']}" in desk.run(AUDITOR, *words).out
    write.write_text(TEXT + "// Fictional\n", encoding="utf-8")
    unchanged = desk.run(AUDITOR, *words, "--json").ok().json
    assert unchanged["otherwise"] == []
    assert unchanged["asked"] >= ended.json["asked"]


def test_rehearsing_finds_other_approvals(desk: Desk, write: Path) -> None:
    """Every cross-border request is held by the policy of the demonstration."""
    exchange = desk.ask("uz.fiu")
    release = 'permit (principal, action == Action::"ReleaseUnapproved", resource);'
    freely = f'\n@id("free-for-now")\n{release}\n'
    write.write_text(TEXT + freely, encoding="utf-8")
    ended = desk.run(AUDITOR, "operator", "rehearse-policy", str(write), "--json")
    [found] = [each for each in ended.json["otherwise"] if each["exchange_id"] == exchange]
    assert "uz.fiu: 0 approvals in place of 1" in found["what"]


def test_rehearsing_a_rule_about_offences_finds_the_cases_of_such_offences(
    desk: Desk, write: Path
) -> None:
    asked = {
        code: desk.ask("kz.fma", more=("--offence-type", code)) for code in ("tax-crime", "fraud")
    }
    rule = """
@id("tax-alone-waits")
forbid (principal, action == Action::"ReleaseUnapproved", resource)
when { context.offences == ["TAX_CRIME"] };
"""
    write.write_text(TEXT + rule, encoding="utf-8")
    ended = desk.run(AUDITOR, "operator", "rehearse-policy", str(write), "--json")
    assert ended.code == 1
    told = {each["exchange_id"]: each["what"] for each in ended.json["otherwise"]}
    assert told.keys() & set(asked.values()) == {asked["tax-crime"]}
    assert "kz.fma: 1 approvals in place of 0" in told[asked["tax-crime"]]


def test_the_policy_in_force_is_not_published_again(desk: Desk, write: Path) -> None:
    write.write_text(TEXT, encoding="utf-8")
    ended = desk.run(OPERATOR, "operator", "policy", str(write))
    assert ended.code == 1
    assert "in force already" in ended.err


def test_a_policy_that_changes_no_rule_is_neither_proposed_nor_confirmed(
    desk: Desk, write: Path
) -> None:
    """The protocol takes it; the command spares two operators a decision on nothing."""
    write.write_text("// Fictional\n" + TEXT, encoding="utf-8")
    for command in ("policy", "confirm-policy"):
        if command == "confirm-policy":
            with ExchangeClient.from_profile(desk.town.profile(OPERATOR)) as client:
                client.publish_policy(write.read_text(encoding="utf-8"))
        ended = desk.run(OPERATOR, "operator", command, str(write), "--yes", "--json")
        assert ended.code == 1
        assert ended.json["error"]["reason"] == "ALREADY_DECIDED"
        assert "nothing changes" in ended.json["error"]["message"]
