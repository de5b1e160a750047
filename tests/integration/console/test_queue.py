"""A coordinator decides on exactly what the library verified and the page showed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agency_client import InformationRequest, Item, Sent
from agency_client.console.openings import StillOpeningError
from agency_client.content import document_model
from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import Language, LegState
from tests.support.asking import new_exchange
from tests.support.console import Answer, RunningConsole, running_console
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import COORDINATOR, KZ_FMA, KZ_MIA, SECOND_COORDINATOR, UZ_FIU

SCRIPT = "<script>alert(1)</script>"
QUOTES = "\"'><img src=x onerror=alert(1)>"
BIDI = "a\u202eb\u200bc"


def awaits(page: Answer) -> str:
    """The digest that a form names."""
    found = re.search(r'name="awaits" value="([0-9a-f]{64})"', page.text)
    assert found is not None
    return found[1]


def state(hub: InMemoryHub, exchange: str) -> LegState:
    """The state of the first leg, as the hub has it."""
    return hub.model.exchanges[exchange].legs[0].state


@pytest.fixture
def held(hub: InMemoryHub, tmp_path: Path) -> str:
    """A request across a border, which waits for a coordinator."""
    return new_exchange(hub.client(tmp_path), "uz.fiu", due="7d")


def test_from_the_queue_to_a_signed_decision_it_is_two_clicks(
    hub: InMemoryHub, coordinator: RunningConsole, held: str
) -> None:
    browser = coordinator.entered()
    queue = browser.get("/")
    assert f'href="/queue/{held}/approve"' in queue.text  # the first click
    page = browser.get(f"/queue/{held}/approve")
    answer = browser.post(f"/queue/{held}/approve", awaits=awaits(page))  # the second
    assert answer.location == "/queue"
    assert state(hub, held) is LegState.RELEASED
    assert "signed and accepted, log entry" in browser.get("/queue").words


def test_the_queue_says_what_the_decision_needs(
    hub: InMemoryHub, coordinator: RunningConsole, held: str
) -> None:
    words = coordinator.entered().get("/queue").words
    for said in (
        "kz.mia → uz.fiu",
        "KZ-AML-18",
        "TLP:AMBER",
        "0 of 1",
        "cross-border-needs-one-approval",
        'action == Action::"ReleaseOnOneApproval"',
        "officer nurlan",
        "One person approves once",
    ):
        assert said in words


def test_the_page_of_a_decision_shows_the_border_and_the_digest(
    hub: InMemoryHub, coordinator: RunningConsole, held: str
) -> None:
    browser = coordinator.entered()
    page = browser.get(f"/queue/{held}/approve")
    assert "This crosses a border: uz.fiu" in page.words
    for act in ("reject", "return_to_author"):
        assert "This crosses a border" not in browser.get(f"/queue/{held}/{act}").words
    assert awaits(page) == hub.model.exchanges[held].legs[0].awaits.hex()


def test_looking_again_is_no_second_reading_on_the_log(
    hub: InMemoryHub, coordinator: RunningConsole, held: str
) -> None:
    browser = coordinator.entered()
    browser.get("/queue")
    size = len(hub.log)
    browser.get(f"/queue/{held}")
    browser.get(f"/queue/{held}/approve")
    assert len(hub.log) == size


@pytest.mark.parametrize(
    ("act", "fields", "after"),
    [
        ("return_to_author", {"question": "Какой период?"}, LegState.RETURNED),
        ("reject", {"ground": "NO_DRUG_NEXUS", "explanation": "Нет связи"}, LegState.REJECTED),
        (
            "reject",
            {
                "ground": "NO_DRUG_NEXUS",
                "further_grounds": ["DISPROPORTIONATE", "LEGAL_PRIVILEGE"],
                "explanation": "Нет связи",
            },
            LegState.REJECTED,
        ),
    ],
)
def test_a_coordinator_returns_and_rejects_with_words(
    hub: InMemoryHub,
    coordinator: RunningConsole,
    held: str,
    act: str,
    fields: dict[str, str | list[str]],
    after: LegState,
) -> None:
    browser = coordinator.entered()
    page = browser.get(f"/queue/{held}/{act}")
    assert browser.post(f"/queue/{held}/{act}", awaits=awaits(page), **fields).status == 303
    assert state(hub, held) is after
    # The library writes "Returned" where a person gave no summary; the page says it in words.
    told = browser.get(f"/exchange/{held}").words
    assert not re.search(r"Summary (Returned|Rejected)\b", told)
    assert re.search(r"Decision (returned|rejected)\b", told) or "ground" in fields


def test_a_coordinator_is_told_which_ground_never_stands_alone(
    hub: InMemoryHub, coordinator: RunningConsole, held: str
) -> None:
    browser = coordinator.entered()
    page = browser.get(f"/queue/{held}/reject")
    said = {"awaits": awaits(page), "ground": "BANK_SECRECY", "explanation": "Тайна (вымышлено)"}
    answer = browser.post(f"/queue/{held}/reject", **said)
    assert (answer.status, state(hub, held)) == (400, LegState.HELD)
    assert "FATF Recommendation 40" in answer.text
    beside = browser.post(f"/queue/{held}/reject", **said, further_grounds="NO_DRUG_NEXUS")
    assert (beside.status, state(hub, held)) == (303, LegState.REJECTED)


@pytest.mark.parametrize("act", ["return_to_author", "reject"])
def test_without_a_reason_nothing_is_signed(
    hub: InMemoryHub, coordinator: RunningConsole, held: str, act: str
) -> None:
    browser = coordinator.entered()
    page = browser.get(f"/queue/{held}/{act}")
    answer = browser.post(f"/queue/{held}/{act}", awaits=awaits(page), explanation="Потому что")
    assert (answer.status, state(hub, held)) == (400, LegState.HELD)
    if act == "reject":
        assert "Потому что" in answer.text  # the form survives the error


@pytest.mark.parametrize("digest", ["", "00" * 32, "x"])
def test_a_decision_on_another_digest_is_not_signed(
    hub: InMemoryHub, coordinator: RunningConsole, held: str, digest: str
) -> None:
    browser = coordinator.entered()
    browser.get(f"/queue/{held}/approve")
    answer = browser.post(f"/queue/{held}/approve", awaits=digest)
    assert (answer.status, state(hub, held)) == (409, LegState.HELD)
    assert "This changed since you read it" in answer.words


def test_what_was_supplemented_meanwhile_is_not_approved(
    hub: InMemoryHub, coordinator: RunningConsole, held: str, tmp_path: Path
) -> None:
    browser = coordinator.entered()
    page = browser.get(f"/queue/{held}/return_to_author")
    browser.post(f"/queue/{held}/return_to_author", awaits=awaits(page), question="Период?")
    old = awaits(page)
    hub.client(tmp_path).supplement(held, brief={"summary": "Период: 2025 год"})
    answer = browser.post(f"/queue/{held}/approve", awaits=old)
    assert (answer.status, state(hub, held)) == (409, LegState.HELD)
    page = browser.get(f"/queue/{held}/approve")
    assert awaits(page) != old
    changes = page.words.partition("What the supplement changes ")[2]
    # The text of the author before it, and not the question of the approver.
    assert changes.startswith("Field Before Now summary Вымышлено Период: 2025 год")


def test_a_supplement_that_names_nobody_takes_nobody_away(
    hub: InMemoryHub, coordinator: RunningConsole, tmp_path: Path
) -> None:
    person = {"id": "p", "schema": "Person", "properties": {"name": ["Вымышленный"]}}
    author = hub.client(tmp_path)
    held = new_exchange(author, "uz.fiu", subjects=[person])
    client = coordinator.console.client
    client.return_to_author(client.open(held), question="Период?")
    author.supplement(author.open(held), brief={"summary": "Период: 2025 год"})
    page = coordinator.entered().get(f"/queue/{held}/approve")
    changes = page.words.partition("What the supplement changes ")[2]
    assert changes.startswith("Field Before Now summary Вымышлено Период: 2025 год")


def test_the_decision_of_another_is_shown_and_ones_own_words_kept(
    hub: InMemoryHub, coordinator: RunningConsole, held: str, tmp_path: Path
) -> None:
    browser = coordinator.entered()
    page = browser.get(f"/queue/{held}/reject")
    other = hub.client(tmp_path, SECOND_COORDINATOR)
    other.approve(other.open(held), note="Одобрено вторым")
    answer = browser.post(
        f"/queue/{held}/reject",
        awaits=awaits(page),
        ground="NO_DRUG_NEXUS",
        explanation="Мои слова",
    )
    assert answer.status == 409
    assert "It was decided already" in answer.words
    assert "bekzat" in answer.words
    assert "Мои слова" in answer.words
    assert state(hub, held) is LegState.RELEASED


def test_ones_own_words_outlive_a_fault(
    coordinator: RunningConsole, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = coordinator.entered()
    page = browser.get(f"/queue/{held}/reject")

    def refuse(*_: object, **__: object) -> object:
        raise Reason.UNAVAILABLE.error("the hub is away")

    monkeypatch.setattr(coordinator.console.client, "reject", refuse)
    answer = browser.post(
        f"/queue/{held}/reject",
        awaits=awaits(page),
        ground="NO_DRUG_NEXUS",
        explanation="Мои слова",
    )
    assert answer.status == 503
    assert "Your own words, which were not sent: Мои слова" in answer.words


def test_what_a_page_told_is_told_again_where_it_loads_itself_again(
    coordinator: RunningConsole, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = coordinator.entered()
    browser.get("/queue")

    def still_opening(_: str, *, waits: bool = True) -> object:
        raise StillOpeningError(0, 0)

    assert browser.post("/claim", exchange=[held], claim="claim").status == 303
    with monkeypatch.context() as patch:
        patch.setattr(coordinator.console, "open", still_opening)
        page = browser.ask("/queue")
        assert "refresh" in page.headers
        assert "Taken in hand: 1 of 1" in page.words
    assert "Taken in hand: 1 of 1" in browser.get("/queue").words
    assert "Taken in hand: 1 of 1" not in browser.get("/queue").words


def test_one_count_of_approvals_stands_for_all_recipients_of_a_request(
    hub: InMemoryHub, coordinator: RunningConsole, tmp_path: Path
) -> None:
    new_exchange(hub.client(tmp_path), "uz.fiu", "kg.mia")
    words = coordinator.entered().get("/queue").words
    listed = words.partition("Take the chosen")[0]
    assert listed.count("0 of 1") == 1, listed


def test_the_next_step_names_the_agencies_that_it_waits_for(
    hub: InMemoryHub, coordinator: RunningConsole, held: str, tmp_path: Path
) -> None:
    with hub.client(tmp_path) as client, running_console(client) as police:
        page = police.entered().get(f"/exchange/{held}")
        approver = police.console.locale(Language.EN).agency("caricc")
        assert approver != "caricc"
        assert f"waits for {approver}" in page.words


def test_the_first_of_two_cannot_be_the_second(
    hub: InMemoryHub, coordinator: RunningConsole, tmp_path: Path
) -> None:
    exchange = new_exchange(hub.client(tmp_path), "uz.fiu", handling="H2")
    browser = coordinator.entered()
    page = browser.get(f"/queue/{exchange}/approve")
    assert browser.post(f"/queue/{exchange}/approve", awaits=awaits(page)).status == 303
    queue = browser.get("/queue")
    assert "1 of 2" in queue.words
    assert "You approved this already" in queue.words
    assert "/approve" not in queue.text
    with (
        hub.client(tmp_path, SECOND_COORDINATOR) as client,
        running_console(client) as second,
    ):
        other = second.entered()
        page = other.get(f"/queue/{exchange}/approve")
        assert "aigul" in page.words
        assert other.post(f"/queue/{exchange}/approve", awaits=awaits(page)).status == 303
    assert state(hub, exchange) is LegState.RELEASED


def test_a_key_with_a_passphrase_in_the_head_asks_for_it_each_time(
    hub: InMemoryHub, held: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = hub.profile(tmp_path, COORDINATOR)
    file = profile.folder / "profile.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[keys]\npassphrase_file = 'passphrase'\n", ""), encoding="utf-8")
    secret = (profile.folder / "passphrase").read_text(encoding="utf-8").strip()
    (profile.folder / "passphrase").unlink()
    monkeypatch.setenv("EXCHANGE_KEY_PASSPHRASE", secret)
    with hub.client(tmp_path, COORDINATOR) as client, running_console(client) as console:
        browser = console.entered()
        page = browser.get(f"/queue/{held}/approve")
        assert 'name="pin"' in page.text
        for pin in ("", "wrong passphrase"):
            answer = browser.post(f"/queue/{held}/approve", awaits=awaits(page), pin=pin)
            assert (answer.status, state(hub, held)) == (400, LegState.HELD)
            assert secret not in answer.text
        answer = browser.post(f"/queue/{held}/approve", awaits=awaits(page), pin=secret)
        assert (answer.status, state(hub, held)) == (303, LegState.RELEASED)


def test_several_items_are_taken_in_hand_at_once_and_none_is_signed(
    hub: InMemoryHub, coordinator: RunningConsole, held: str, tmp_path: Path
) -> None:
    other = new_exchange(hub.client(tmp_path), "kg.mia")
    browser = coordinator.entered()
    browser.get("/queue")
    assert browser.post("/claim", exchange=[held, other], claim="claim").location == "/queue"
    words = browser.get("/queue").words
    assert "Taken in hand: 2 of 2" in words
    assert words.count("in hand: caricc Centre (fictional), coordinator aigul") >= 2
    assert state(hub, held) is state(hub, other) is LegState.HELD
    assert browser.post("/claim", exchange=held, claim="give_back").location == f"/queue/{held}"
    assert browser.get(f"/queue/{held}").words.count("in hand: caricc") == 1


def test_items_are_read_one_by_one_or_several_at_once_and_none_is_signed(
    hub: InMemoryHub, coordinator: RunningConsole, held: str, tmp_path: Path
) -> None:
    police = hub.client(tmp_path)
    others = [new_exchange(police, "kg.mia") for _ in range(2)]
    browser = coordinator.entered()

    def unread(address: str = "/queue") -> str:
        return browser.get(address).words.partition("unread on this page: ")[2][:1]

    assert unread() == "3"
    assert unread(f"/queue/{held}") == "2"
    size = len(hub.log)
    assert browser.post("/read", exchange=[*others, "nonsense"]).location == "/queue"
    # A mark is the person's own: nothing is on the log, and nothing is in hand or decided.
    assert len(hub.log) == size
    assert unread() == "0"
    assert "in hand: caricc" not in browser.get("/queue").words
    # What one says oneself makes nothing unread; what another says does. It outlives the console.
    browser.post("/claim", exchange=others[0], claim="claim")
    assert unread() == "0"
    hub.client(tmp_path, SECOND_COORDINATOR).claim(others[1])
    with running_console(coordinator.console.client) as again:
        browser = again.entered()
        assert unread() == "1"


# --- Hostile content, and a hub that lies ---------------------------------------------------------


@pytest.mark.parametrize(
    "text", [SCRIPT, QUOTES, "{{ 7*7 }}{% raw %}", "</textarea></dd>" + SCRIPT]
)
@pytest.mark.parametrize("place", ["brief", "reference", "entity", "file", "basis"])
def test_text_of_another_agency_is_text(
    hub: InMemoryHub, tmp_path: Path, text: str, place: str
) -> None:
    """Every field that another agency fills, as its recipient sees it."""
    sent = hub.client(tmp_path).request_information(
        to="kz.fma",
        brief={"summary": text if place == "brief" else "x", "offences": [text[:100]]},
        own_reference=text[:60] if place == "reference" else None,
        request=InformationRequest(items=(Item.OTHER,), other_items=text, facts=text),
        subjects=[{"id": "p1", "schema": "Person", "properties": {"name": [text]}}]
        if place == "entity"
        else [],
        attachments={text.replace("/", "") + ".html": SCRIPT.encode()} if place == "file" else None,
    )
    assert isinstance(sent, Sent)
    with hub.client(tmp_path, KZ_FMA) as client, running_console(client) as console:
        page = console.entered().get(f"/exchange/{sent.exchange_id}")
    assert page.status == 200
    bare = re.sub(r"<script nonce=\"[^\"]+\" src=\"/static/[^>]+></script>", "", page.text)
    assert "<script" not in bare
    assert "<img" not in bare
    assert "49" not in re.sub(r"[0-9a-f-]{36}", "", page.words) or "7*7" in page.words


def test_unseen_characters_of_another_agency_are_shown(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Our own library refuses to send them; another agency's need not.
    monkeypatch.setattr(document_model, "find_hidden", lambda _: None)
    sent = hub.client(tmp_path).request_information(
        to="kz.fma", brief=BIDI, request=InformationRequest(items=(Item.STR,))
    )
    monkeypatch.undo()
    with hub.client(tmp_path, KZ_FMA) as client, running_console(client) as console:
        page = console.entered().get(f"/exchange/{sent.exchange_id}")
    assert "a[U+202E]b[U+200B]c" in page.text
    assert "\u202e" not in page.text


def test_a_file_of_another_agency_is_saved_and_never_shown(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    sent = hub.client(tmp_path).request_information(
        to="kz.fma",
        brief="x",
        request=InformationRequest(items=(Item.STR,)),
        attachments={"отчёт.html": SCRIPT.encode(), "=cmd.csv": b"=1+1"},
    )
    with hub.client(tmp_path, KZ_FMA) as client, running_console(client) as console:
        browser = console.entered()
        page = browser.get(f"/exchange/{sent.exchange_id}")
        links = re.findall(r'href="(/exchange/[^"]+/file/[^"]+)"', page.text)
        assert len(links) == 2
        for link in links:
            answer = browser.get(link)
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["content-disposition"].startswith("attachment;")
            assert answer.headers["x-content-type-options"] == "nosniff"
        stranger = browser.headers() | {"Sec-Fetch-Site": "same-site"}
        assert console.raw("GET", links[0], stranger).status == 403
        assert browser.get(links[0][:-1] + "9").status == 404


def _lie_about_entry(hub: InMemoryHub, exchange: str) -> None:
    """Show other bytes than those of the tree."""
    honest = hub.proven

    def lying(*arguments: object, **options: object) -> object:
        entries = honest(*arguments, **options)  # type: ignore[arg-type]
        for each in entries:
            each.opening.nonce = bytes(32)
        return entries

    hub.proven = lying  # type: ignore[assignment, method-assign]


def _lie_about_summary(hub: InMemoryHub, exchange: str) -> None:
    """List another initiator than the one that signed."""
    honest = hub.summary

    def lying(exchange_id: str) -> object:
        summary = honest(exchange_id)
        summary.initiator = "kz.fma"
        return summary

    hub.summary = lying  # type: ignore[assignment, method-assign]


def _lie_about_size(hub: InMemoryHub, exchange: str) -> None:
    """Go back to a shorter log."""
    del hub.log[-2:]


def _hide_it(hub: InMemoryHub, exchange: str) -> None:
    """Say that there is no entry of the exchange."""
    hub.visible = lambda agency, exchange_id: []  # type: ignore[method-assign]


@pytest.mark.parametrize("lie", [_lie_about_entry, _lie_about_summary, _lie_about_size, _hide_it])
def test_a_lying_hub_gets_no_approval(
    hub: InMemoryHub, coordinator: RunningConsole, held: str, lie: object
) -> None:
    browser = coordinator.entered()
    good = awaits(browser.get(f"/queue/{held}/approve"))
    lie(hub, held)  # type: ignore[operator]
    for path in ("/queue", f"/queue/{held}", f"/queue/{held}/approve", f"/exchange/{held}"):
        page = browser.get(path)
        assert 'name="awaits"' not in page.text
        assert f'href="/queue/{held}/approve' not in page.text
        said = ("does not verify", "EXCHANGE_UNKNOWN", "Nothing waits")
        assert any(each in page.words for each in said)
    size = len(hub.log)
    answer = browser.post(f"/queue/{held}/approve", awaits=good)
    assert answer.status >= 400
    assert len(hub.log) == size
    assert state(hub, held) is LegState.HELD


def test_an_item_that_does_not_verify_leaves_the_others(
    hub: InMemoryHub, coordinator: RunningConsole, held: str, tmp_path: Path
) -> None:
    other = new_exchange(hub.client(tmp_path), "kg.mia", due="3d")
    honest = hub.summary

    def lying(exchange_id: str) -> object:
        summary = honest(exchange_id)
        if exchange_id == held:
            summary.initiator = "kz.fma"
        return summary

    hub.summary = lying  # type: ignore[assignment, method-assign]
    page = coordinator.entered().get("/queue")
    assert f"/queue/{other}/approve" in page.text
    assert f'href="/queue/{held}' not in page.text
    assert "does not verify" in page.words


def test_a_hub_that_is_away_is_said(
    coordinator: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = coordinator.entered()
    away = Reason.UNAVAILABLE.error("the hub is away")
    monkeypatch.setattr(Connection, "perform", lambda *_: (_ for _ in ()).throw(away))
    page = browser.get("/queue")
    # Nothing of the queue was kept, so none is shown: not even that nothing waits.
    assert page.status == 200
    assert "The hub is away since" in page.words
    assert "this list was not opened before" in page.words
    assert "Nothing waits" not in page.words


def test_who_is_no_approver_has_no_decision(hub: InMemoryHub, tmp_path: Path, held: str) -> None:
    with hub.client(tmp_path, KZ_MIA) as client, running_console(client) as console:
        page = console.entered().get(f"/queue/{held}/approve")
        assert 'name="awaits"' not in page.text
    with hub.client(tmp_path, UZ_FIU) as client, running_console(client) as console:
        page = console.entered().get(f"/queue/{held}/approve")
        assert page.status == 404
