"""Words for an officer in place of names of the contract, and what to type next."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from agency_client.presentation.spoken import spoken
from tests.integration.cli.conftest import OFFICER, Desk
from tests.support.clocks import let_pass, shortly
from tests.support.foundation import OFFICERS

pytestmark = pytest.mark.long

COORDINATOR = "caricc/coordinator/coordinator1"
SECOND = "caricc/coordinator/coordinator2"
AUDITOR = "caricc/auditor/auditor1"
FIU = "kz.fma/system"
PROSECUTOR = "kz.gpo/system"
NOTE = "Вымышленная причина"


def joint_case(desk: Desk) -> str:
    (desk.folder / "case.yaml").write_text("brief: Общее дело (вымышлено)\n", encoding="utf-8")
    words = ("send", "joint-case", "case.yaml", "--to", "kz.fma", "--to", "kz.gpo", "--json")
    exchange: str = desk.run(OFFICER, *words).ok().json["exchange_id"]
    for member in (FIU, PROSECUTOR):
        desk.run(member, "show", exchange).ok()
        desk.run(member, "join", exchange).ok()
    return exchange


def freeze(desk: Desk) -> str:
    (desk.folder / "freeze.yaml").write_text(
        "brief: {summary: Заморозка (вымышлено), urgency_reason: Деньги уходят}\n", encoding="utf-8"
    )
    words = ("send", "freeze-request", "freeze.yaml", "--assets", "subjects.ftm.json")
    sent = desk.run(OFFICER, *words, "--to", "kz.fma", "--urgent", "--json").ok()
    exchange: str = sent.json["exchange_id"]
    return exchange


def digest(desk: Desk, member: str, exchange: str, kind: str) -> str:
    shown = desk.run(member, "show", exchange, "--json").ok().json["statements"]
    return [str(each["digest"]) for each in shown if each["kind"] == kind][-1]


def test_an_act_out_of_order_is_refused_with_the_commands_that_are_possible(desk: Desk) -> None:
    exchange = freeze(desk)
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "freeze-impose", exchange, "--due", "2d").ok()
    ended = desk.run(FIU, "freeze-impose", exchange, "--due", "2d")
    assert ended.code == 1
    assert "agency freeze-impose is not possible on a leg that is: assets frozen" in ended.err
    assert "agency freeze-lift" in ended.err
    assert not re.search(r"freeze_status|FROZEN|LIFTED", ended.err)
    raw = desk.run(FIU, "freeze-impose", exchange, "--due", "2d", "--json").json["error"]
    assert "freeze_status (IMPOSED)" in raw["message"], "programs read the names of the contract"


@pytest.mark.parametrize(
    ("language", "sentence", "possible"),
    [
        ("ru", "В нынешнем состоянии обмена это невозможно", "сейчас возможно: agency"),
        ("kk", "Алмасудың қазіргі күйінде бұл мүмкін емес", "қазір мүмкін: agency"),
    ],
)
def test_every_refusal_is_told_in_the_readers_language(
    desk: Desk, language: str, sentence: str, possible: str
) -> None:
    exchange = freeze(desk)
    desk.run(FIU, "show", exchange).ok()
    ended = desk.run(FIU, "freeze-lift", exchange, "--lang", language)
    assert sentence in ended.err
    assert possible in ended.err


def test_who_has_something_in_hand_is_told_as_people_say_it(desk: Desk) -> None:
    exchange = desk.ask("uz.fiu")
    desk.run(COORDINATOR, "claim", exchange).ok()
    ended = desk.run(SECOND, "claim", exchange)
    assert "caricc, coordinator coordinator1 has this in hand since" in ended.err
    assert "spiffe:" not in ended.err


def test_states_of_legs_are_told_in_words_in_errors(desk: Desk) -> None:
    exchange = joint_case(desk)
    ended = desk.run(OFFICER, "invite", exchange, "case.yaml", "--member", "kz.fma")
    assert "active member" in ended.err
    assert "JOINED" not in ended.err


def test_what_is_urgent_by_its_name_is_not_told_to_be_urgent_twice(desk: Desk) -> None:
    exchange = freeze(desk)
    for language, words in (("en", "urgent request"), ("ru", "срочный запрос")):
        told = desk.run(FIU, "todo", "--lang", language).ok().out
        [row] = [each for each in told.splitlines() if exchange in each]
        assert words in row
        assert f": {words}" not in row


def test_all_missing_options_are_told_at_once(desk: Desk) -> None:
    ended = desk.run(FIU, "decline", "01a2")
    assert ended.code == 2
    assert "'--reason'. Expected one of" in ended.err
    assert "Missing too: '--explanation'" in ended.err
    alone = desk.run(FIU, "decline", "01a2", "--reason", "no-capacity")
    assert "Missing too" not in alone.err


def test_a_digest_may_be_typed_by_its_beginning(desk: Desk) -> None:
    exchange = joint_case(desk)
    given = ("--assignee", "kz.fma", "--description", NOTE, "--due", "2d")
    desk.run(OFFICER, "task", exchange, *given).ok()
    task = digest(desk, FIU, exchange, "task")
    words = ("complete-task", exchange, "case.yaml", "--result", "done", "--about")
    assert "first 4 digits" in desk.run(FIU, *words, "no").err
    unknown = "0000" if not task.startswith("0000") else "1111"
    assert "STATEMENT_UNKNOWN" in desk.run(FIU, *words, f"{unknown}{unknown}").err
    desk.run(FIU, *words, task[:10].upper()).ok()


def test_a_digest_that_is_too_short_is_told_in_digits(desk: Desk) -> None:
    words = ("send", "referral", "case.yaml", "--to", "kz.fma", "--source")
    (desk.folder / "case.yaml").write_text("brief: Дело (вымышлено)\n", encoding="utf-8")
    assert "its first 12 digits or more" in desk.run(OFFICER, *words, "abcd").err
    long = desk.run(OFFICER, *words, "a" * 65).err
    assert "expected a digest of 64 hexadecimal digits" in long


def test_a_reminder_of_a_task_goes_to_the_member_that_has_it(desk: Desk) -> None:
    exchange = joint_case(desk)
    due = shortly()
    words = ("--assignee", "kz.gpo", "--description", NOTE, "--due", due.isoformat())
    desk.run(OFFICER, "task", exchange, *words).ok()
    let_pass(due)
    reminded = desk.run(OFFICER, "remind", exchange, "--json").ok().json
    assert [each["agency"] for each in reminded["legs"]] == ["kz.gpo"]


def test_legs_that_wait_for_different_things_are_told_with_the_option(desk: Desk) -> None:
    (desk.folder / "freeze.yaml").write_text(
        "brief: {summary: Заморозка (вымышлено), urgency_reason: Деньги уходят}\n", encoding="utf-8"
    )
    words = ("send", "freeze-request", "freeze.yaml", "--assets", "subjects.ftm.json")
    to = ("--to", "kz.fma", "--to", "kz.gpo", "--urgent", "--json")
    exchange = desk.run(OFFICER, *words, *to).ok().json["exchange_id"]
    for member in (FIU, PROSECUTOR):
        desk.run(member, "show", exchange).ok()
        desk.run(member, "freeze-impose", exchange, "--due", "2d").ok()
    ended = desk.run(OFFICER, "freeze-ask-lift", exchange, "--reason", NOTE)
    assert "--leg kz.fma" in ended.err


def test_news_of_several_legs_name_their_author_once(desk: Desk) -> None:
    exchange = joint_case(desk)
    desk.run(OFFICER, "show", exchange).ok()
    desk.run(FIU, "contribute", exchange, "case.yaml").ok()
    told = desk.run(OFFICER, "todo").ok().out
    begin = told.index(exchange)
    row = re.split(r"\n(?=[0-9a-f]{8}-)", told[begin:])[0]
    assert row.count("new:") == 1
    assert "new: contribution, kz.fma" in row


def test_words_stand_for_names_of_the_contract_but_not_in_paths() -> None:
    told = spoken(
        "its leg is DELIVERED: out/01-freeze_status-kz.mia/RELEASED.json, for PROSECUTION; "
        "freeze_status by spiffe://caricc.example/agency/kz.mia/officer/a.b, not "
        "spiffe://caricc.example/hub/one."
    )
    assert told == (
        "its leg is delivered: out/01-freeze_status-kz.mia/RELEASED.json, for prosecution; "
        "status of a freeze by kz.mia, officer a.b, not spiffe://caricc.example/hub/one."
    )


def consented(desk: Desk) -> tuple[str, str]:
    """An exchange whose answer may be passed on, and the digest of that consent."""
    exchange = desk.ask("kz.fma")
    desk.run(FIU, "show", exchange).ok()
    desk.run(FIU, "reply", exchange, "reply.yaml").ok()
    answer = digest(desk, OFFICER, exchange, "reply")
    words = ("--authority", "kz.gpo", "--purpose", "prosecution", "--reason", NOTE)
    desk.run(OFFICER, "ask-consent", exchange, "--about", answer[:12], *words).ok()
    asked = digest(desk, FIU, exchange, "consent_request")

    until = ("--expires-at", f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}")
    desk.run(FIU, "consent", exchange, "--about", asked[:12], *until).ok()
    return exchange, digest(desk, OFFICER, exchange, "consent_decision")


def test_the_digest_of_a_consent_is_shown_even_if_it_says_nothing_more(desk: Desk) -> None:
    exchange, consent = consented(desk)
    told = desk.run(OFFICER, "show", exchange).ok().out
    assert consent in told, "a referral names it with --consent"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ru", "суть         Запрос согласия на передачу: "),
        ("kk", "kz.gpo, қылмыстық қудалау"),
    ],
)
def test_words_that_a_program_wrote_are_told_in_the_readers_language(
    desk: Desk, language: str, words: str
) -> None:
    exchange, _ = consented(desk)
    english = "Consent asked"
    assert english in desk.run(FIU, "show", exchange).ok().out
    told = desk.run(FIU, "show", exchange, "--lang", language).ok().out
    assert english not in told
    assert words in told


def test_a_timeline_has_the_beginnings_of_digests(desk: Desk) -> None:
    exchange, _ = consented(desk)
    asked = digest(desk, FIU, exchange, "consent_request")
    told = desk.run(FIU, "show", exchange).ok().out
    decided = [each for each in told.splitlines() if "granted" in each]
    assert decided
    for line in decided:
        assert f"{asked[:12]}…" in line
        assert asked not in line
    listed = desk.run(AUDITOR, "audit", "entries", "--exchange", exchange).ok().out
    assert asked[:12] in listed
    assert asked not in listed


@pytest.mark.parametrize(
    ("language", "words"), [("ru", "зашифровано для других: "), ("kk", "басқаларға шифрланған: ")]
)
def test_parts_that_are_sealed_to_others_are_named_in_the_readers_language(
    desk: Desk, language: str, words: str
) -> None:
    exchange = desk.ask("kz.fma")
    told = desk.run(PROSECUTOR, "show", exchange, "--lang", language).ok().out
    [line] = [each for each in told.splitlines() if each.startswith(words[:8])]
    assert not re.search(r"content|entities|brief", line)


def test_evidence_tells_its_time_by_the_clock_of_the_reader(desk: Desk) -> None:
    exchange = desk.ask("kz.fma")
    desk.run(OFFICER, "evidence", "export", exchange, "-o", "e.zip").ok()
    told = desk.run(OFFICER, "evidence", "verify", "e.zip").ok().out
    assert not re.search(r"\d\dT\d\d:\d\d", told)


@pytest.mark.parametrize(
    ("member", "instead"),
    [(AUDITOR, "agency audit entries"), ("caricc/operator/ops1", "agency operator")],
)
@pytest.mark.parametrize("command", ["todo", "inbox", "due"])
def test_a_role_without_exchanges_is_told_what_it_has_instead(
    desk: Desk, member: str, instead: str, command: str
) -> None:
    ended = desk.run(member, command)
    assert ended.code == 1
    assert "ROLE_NOT_PERMITTED" in ended.err
    assert instead in ended.err
    assert "nothing proves it" not in ended.err, "it is not asked of the hub, which logs a denial"


def test_each_command_that_is_possible_is_named_once() -> None:
    told = spoken(
        "close by the recipient is not allowed on a leg of information_request that is DELIVERED; "
        "allowed there: give_notice (FORM_INCOMPLETE), give_notice (AWAITING_JUDGE), reply"
    )
    assert told == (
        "agency close is not possible on a leg that is: delivered; possible there: agency notice, "
        "agency reply"
    )


def test_who_withholds_a_copy_is_told_so(desk: Desk) -> None:
    words = ("--withhold-copy-from", "kz.gpo", "--withholding-ground", "ordered")
    send = ("send", "information-request", "request.yaml", "--to", "kz.fma", *words)
    told = desk.run(OFFICERS[0], *send).ok().out
    assert told.endswith("\nCopy withheld: kz.gpo: a court ordered it\n")
    assert set(desk.run(OFFICERS[0], *send, "--json").ok().json) >= {"exchange_id", "legs"}
