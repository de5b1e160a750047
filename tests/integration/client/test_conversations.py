"""Whole conversations between clients, over an honest hub in memory."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agency_client import (
    AnalysisProduct,
    AnalysisRequest,
    Brief,
    Entity,
    ExchangeClient,
    InformationRequest,
    Item,
    ReplyDocument,
    Sent,
)
from agency_client.core.watching import RETRY_SECONDS
from exchange_protocol.errors import (
    Conflict,
    ExchangeError,
    InvalidInput,
    NotPermitted,
    PeerError,
    Reason,
    SealBroken,
)
from exchange_protocol.kinds.codes import Handling, LegState, Party, ReaderRole, Tlp, Urgency
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.record.entries import Event
from exchange_protocol.trust.identity import Member
from exchange_protocol.v1 import exchange_service_pb2 as pb
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.statements import (
    CARICC,
    COORDINATOR,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    SECOND_COORDINATOR,
    UZ_FIU,
)

REQUEST = InformationRequest(items=(Item.TRANSACTIONS,), facts="Факты (вымышленные)")
BRIEF = Brief(
    summary="Подозрение в отмывании (вымышлено)",
    offences=("297", "218"),
    urgency_reason="Деньги уходят (вымышлено)",
)


def person(number: int) -> Entity:
    """A fictional person."""
    names = {"name": [f"Вымышленный {number}"]}
    return Entity(id=f"person-{number}", schema="Person", properties=names)


def ask(hub: InMemoryHub, folder: Path, *to: str, subjects: int = 1, **terms: object) -> str:
    """Let the police of KZ ask; gives the exchange."""
    sent = hub.client(folder).request_information(
        to=to,
        brief=BRIEF,
        request=REQUEST,
        subjects=[person(number) for number in range(subjects)],
        **terms,  # type: ignore[arg-type]
    )
    assert isinstance(sent, Sent)
    return sent.exchange_id


def test_domestic_request_is_read_answered_rated_and_closed(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = ask(hub, tmp_path, "kz.fma", due=timedelta(days=7), urgency="URGENT")
    fma, mia = hub.client(tmp_path, KZ_FMA), hub.client(tmp_path)
    opened = fma.open(exchange)
    assert opened.verified.party is Party.RECIPIENT
    assert opened.legs[0].state is LegState.DELIVERED
    first = opened.statements[0]
    assert (first.brief, first.content) == (BRIEF, REQUEST)
    assert list(first.entities()) == [person(0)]
    assert first.role is ReaderRole.RECIPIENT
    assert first.statement.header.urgency is Urgency.URGENT
    fma.acknowledge(opened)
    fma.interim_reply(opened, brief="Банки запрошены (вымышлено)")
    fma.partial_reply(opened, brief="Часть", entities=[person(7)])
    fma.reply(opened, document=ReplyDocument(text="Всё"), attachments={"note.txt": b"note"})
    answered = mia.open(exchange)
    assert answered.legs[0].state is LegState.ANSWERED
    last = answered.statements[-1]
    assert last.content == ReplyDocument(text="Всё")
    assert last.attachments == {"note.txt": b"note"}
    mia.feedback(exchange, usefulness=3, uses=["NEW_CASE"])
    mia.close_exchange(exchange)
    assert mia.get(exchange).legs[0].state is LegState.CLOSED


def test_cross_border_request_is_opened_only_after_the_coordinators_approval(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu")
    with pytest.raises(ExchangeError, match="EXCHANGE_UNKNOWN"):
        hub.client(tmp_path, UZ_FIU).open(exchange)
    coordinator = hub.client(tmp_path, COORDINATOR)
    assert [each.id for each in coordinator.pending()] == [exchange]
    opened = coordinator.open(exchange)
    assert opened.verified.party is Party.APPROVER
    assert opened.statements[0].brief == BRIEF
    assert list(opened.statements[0].parts) == ["brief"], "an approver reads the brief alone"
    coordinator.approve(opened)
    received = hub.client(tmp_path, UZ_FIU).open(exchange)
    assert [each.by for each in received.approvals] == [COORDINATOR]
    assert received.approvals[0].payload_digest == received.statements[0].statement.digest


def test_supervisor_reads_the_brief_and_no_more(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "kz.fma")
    opened = hub.client(tmp_path, KZ_GPO).open(exchange)
    assert opened.verified.party is Party.SUPERVISOR
    assert list(opened.statements[0].parts) == ["brief"]
    assert opened.legs == ()
    with pytest.raises(NotPermitted, match="supervisor"):
        hub.client(tmp_path, KZ_GPO).recall(exchange, reason="Ошибка")


def test_sensitive_request_needs_two_coordinators(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu", handling=Handling.H2)
    first = hub.client(tmp_path, COORDINATOR)
    first.approve(exchange)
    with pytest.raises(Conflict, match="ALREADY_DECIDED"):
        first.approve(exchange)
    with pytest.raises(ExchangeError, match="EXCHANGE_UNKNOWN"):
        hub.client(tmp_path, UZ_FIU).open(exchange)
    hub.client(tmp_path, SECOND_COORDINATOR).approve(exchange, note="Согласовано")
    opened = hub.client(tmp_path, UZ_FIU).open(exchange)
    assert {each.by for each in opened.approvals} == {COORDINATOR, SECOND_COORDINATOR}


def test_many_subjects_are_counted_and_need_two_coordinators(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu", subjects=51)
    (leg,) = hub.client(tmp_path).get(exchange).legs
    assert (leg.subject_count, leg.approvals_required) == (51, 2)


def test_returned_request_is_supplemented_and_passes_the_gate_anew(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu")
    coordinator, mia = hub.client(tmp_path, COORDINATOR), hub.client(tmp_path)
    coordinator.return_to_author(exchange, question="Какова связь с наркотиками?")
    returned = mia.open(exchange)
    assert returned.statements[-1].brief is not None
    assert returned.statements[-1].brief.question == "Какова связь с наркотиками?"
    mia.supplement(exchange, brief="Ответ", entities=[person(9)])
    coordinator.approve(coordinator.open(exchange))
    uzbek = hub.client(tmp_path, UZ_FIU)
    assert [each.kind for each in uzbek.open(exchange).statements] == [
        "information_request",
        "decision",
        "supplement",
        "decision",
    ]
    uzbek.return_for_information(exchange, question="Ещё?")
    mia.supplement(exchange, brief="Ещё")
    seen = coordinator.open(exchange)
    assert seen.legs[0].state is LegState.HELD, "an approver follows what it does not see"
    coordinator.approve(seen)
    assert uzbek.open(exchange).statements[-2].brief == Brief(summary="Ещё")
    uzbek.refuse(exchange, "IMPEDES_INVESTIGATION", explanation="Следствие (вымышлено)")
    assert mia.open(exchange).legs[0].state is LegState.REFUSED


def test_a_ground_that_r40_forbids_alone_never_leaves_the_client(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = ask(hub, tmp_path, "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(exchange)
    before = len(hub.log)
    with pytest.raises(InvalidInput) as refused:
        fma.refuse(exchange, "BANK_SECRECY", explanation="Тайна (вымышлено)")
    assert refused.value.reason is Reason.GROUND_NEVER_ALONE
    assert (len(hub.log), fma.outbox.pending(), fma.outbox.refused()) == (before, [], [])
    fma.refuse(
        exchange,
        "BANK_SECRECY",
        further_grounds=["LEGAL_PRIVILEGE"],
        explanation="Адвокатская тайна (вымышлено)",
    )
    assert fma.open(exchange).legs[0].state is LegState.REFUSED


def test_rejected_request_tells_the_author_why(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu")
    hub.client(tmp_path, COORDINATOR).reject(
        exchange, "NO_DRUG_NEXUS", explanation="Нет связи (вымышлено)"
    )
    opened = hub.client(tmp_path).open(exchange)
    assert opened.legs[0].state is LegState.REJECTED
    assert opened.statements[-1].brief is not None
    assert opened.statements[-1].brief.explanation == "Нет связи (вымышлено)"
    body = opened.statements[-1].statement.body
    assert isinstance(body, Decision)
    assert body.verdict is Verdict.REJECT


def test_recall_takes_back_what_is_not_answered(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu", "kz.fma")
    fma, mia = hub.client(tmp_path, KZ_FMA), hub.client(tmp_path)
    fma.open(exchange)
    fma.reply(exchange, result="NO_HIT")
    mia.recall(exchange, reason="Больше не нужно")
    states = {leg.agency: leg.state for leg in mia.get(exchange).legs}
    assert states == {"uz.fiu": LegState.RECALLED, "kz.fma": LegState.ANSWERED}


def test_legs_that_wait_for_different_answers_are_spoken_on_one_by_one(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = ask(hub, tmp_path, "kz.gpo", "kz.fma")
    for member in (KZ_GPO, KZ_FMA):
        client = hub.client(tmp_path, member)
        client.open(exchange)
        client.reply(exchange)
    mia = hub.client(tmp_path)
    with pytest.raises(InvalidInput, match="each by itself"):
        mia.close_exchange(exchange)
    mia.close_exchange(exchange, legs=["kz.fma"])
    with pytest.raises(NotPermitted, match="NOT_A_PARTY"):
        mia.close_exchange(exchange, legs=["kg.mia"])


def test_the_centre_is_asked_for_analysis_and_gives_it(hub: InMemoryHub, tmp_path: Path) -> None:
    mia, centre = hub.client(tmp_path), hub.client(tmp_path, CARICC)
    sent = mia.request_analysis(
        to=["caricc"], brief="Анализ", request=AnalysisRequest(questions=("Кто получатель?",))
    )
    centre.open(sent.exchange_id)
    product = AnalysisProduct(title="Отчёт", findings="Вымышленный вывод")
    centre.analysis_product(sent.exchange_id, brief="Готово", product=product)
    assert mia.open(sent.exchange_id).statements[-1].content == product


def test_referral_is_told_of_ones_own_accord(hub: InMemoryHub, tmp_path: Path) -> None:
    sent = hub.client(tmp_path, KZ_FMA).refer(to=["kz.mia"], brief="Сведения", tlp="TLP:RED")
    opened = hub.client(tmp_path).open(sent.exchange_id)
    assert opened.statements[0].statement.header.tlp is Tlp.RED
    hub.client(tmp_path).reply(opened, result="CASE_OPENED", tlp=Tlp.RED)


def test_lists_go_over_all_pages(hub: InMemoryHub, tmp_path: Path) -> None:
    exchanges = [ask(hub, tmp_path, "kz.fma") for _ in range(5)]
    assert [each.id for each in hub.client(tmp_path).sent()] == exchanges
    assert [each.id for each in hub.client(tmp_path, KZ_FMA).inbox()] == exchanges
    assert [each.id for each in hub.client(tmp_path, KZ_GPO).supervised()] == exchanges
    assert list(hub.client(tmp_path).inbox()) == []


def test_watch_goes_on_where_the_last_one_stood(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    [first] = fma.watch(from_start=True, max_notices=1)
    assert (first.exchange_id, first.event) == (exchange, Event.STATEMENT)
    other = ask(hub, tmp_path, "kz.fma")
    [second] = hub.client(tmp_path, KZ_FMA).watch(max_notices=1)
    assert second.exchange_id == other


def test_hub_that_ends_every_watch_at_once_is_not_asked_without_a_pause(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    asked = []
    whole = hub.watch

    def counted(caller, request):  # type: ignore[no-untyped-def]
        asked.append(request)
        return whole(caller, request)

    hub.watch = counted  # type: ignore[method-assign]
    list(hub.client(tmp_path, KZ_FMA).watch(from_start=True, max_seconds=0.3))
    # The next call would begin a second after this one.
    assert len(asked) == 1


@pytest.mark.parametrize("leaves_by", ["break", "exception", "close"])
def test_notice_that_was_not_handled_comes_again(
    hub: InMemoryHub, tmp_path: Path, leaves_by: str
) -> None:
    exchange = ask(hub, tmp_path, "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    notices = fma.watch(from_start=True)
    with suppress(ZeroDivisionError):
        for notice in notices:
            assert notice.exchange_id == exchange
            if leaves_by == "break":
                break
            if leaves_by == "close":
                notices.close()  # type: ignore[attr-defined] # it is a generator
                break
            raise ZeroDivisionError
    [again] = hub.client(tmp_path, KZ_FMA).watch(max_notices=1)
    assert again.exchange_id == exchange


def test_watch_tells_that_the_hub_is_away_and_goes_on(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "kz.fma")
    fails: list[ExchangeError] = [Reason.UNAVAILABLE.error("away")]
    fma = ExchangeClient(
        hub.profile(tmp_path, KZ_FMA), link=Connection(hub, KZ_FMA, fails), clock=hub.now
    )
    told: list[tuple[str, float]] = []
    notices = fma.watch(
        from_start=True, max_seconds=60, on_away=lambda e, s: told.append((e.message, s))
    )
    assert next(iter(notices)).exchange_id == exchange
    assert told == [("away", RETRY_SECONDS[0])]


def test_large_attachment_is_uploaded_and_fetched_whole(hub: InMemoryHub, tmp_path: Path) -> None:
    file = bytes(range(256)) * 8192
    sent = hub.client(tmp_path).refer(to=["kz.fma"], brief="-", attachments={"scan": file})
    assert "UploadPart" in hub.calls
    opened = hub.client(tmp_path, KZ_FMA).open(sent.exchange_id)
    assert opened.statements[0].attachments["scan"] == file


def test_broken_transfer_goes_on_where_it_stopped(hub: InMemoryHub, tmp_path: Path) -> None:
    file = bytes(range(256)) * 2048
    sent = hub.client(tmp_path).refer(to=["kz.fma"], brief="-", attachments={"scan": file})
    offsets = []
    whole = hub.fetch_part

    def breaks(caller, request):  # type: ignore[no-untyped-def]
        offsets.append(request.offset)
        for number, chunk in enumerate(whole(caller, request)):
            if number == 2 and request.part_name == "attachment.1" and request.offset == 0:
                raise Reason.UNAVAILABLE.error("cut")
            yield chunk

    hub.fetch_part = breaks  # type: ignore[method-assign]
    opened = hub.client(tmp_path, KZ_FMA).open(sent.exchange_id)
    assert opened.statements[0].attachments["scan"] == file
    assert max(offsets) > 0


def test_what_the_rules_refuse_never_leaves(hub: InMemoryHub, tmp_path: Path) -> None:
    exchange = ask(hub, tmp_path, "kz.fma")
    fma = hub.client(tmp_path, KZ_FMA)
    with pytest.raises(Conflict, match="OUT_OF_ORDER"):
        fma.reply(exchange)  # Nothing was delivered yet.
    assert "Submit" not in hub.calls[hub.calls.index("GetExchange") :]
    assert fma.outbox.pending() == []


def test_content_with_more_subjects_than_declared_is_withheld(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A sender that declares one subject and hides fifty passes the gate of one.
    monkeypatch.setattr("agency_client.content.entities.SubjectCount.__int__", lambda self: 0)
    exchange = ask(hub, tmp_path, "kz.fma")
    monkeypatch.undo()
    [first] = hub.client(tmp_path, KZ_FMA).open(exchange).statements
    [fault] = first.faults
    assert isinstance(fault.error, SealBroken)
    assert "declares 0 subjects" in fault.error.message
    assert (fault.part, fault.ask) == ("entities", "kz.mia")
    assert list(first.entities()) == []
    assert "entities" not in first.parts, "it passed no gate"
    assert (first.brief, first.content) == (BRIEF, REQUEST), "the rest is given"


def test_malformed_document_is_its_authors_fault(
    hub: InMemoryHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A sender's own software seals what is no brief; everything around it is in order.
    monkeypatch.setattr(Brief, "to_json", lambda self: b'{"document": "brief", "colour": 1}')
    exchange = ask(hub, tmp_path, "kz.fma")
    monkeypatch.undo()
    opened = hub.client(tmp_path, KZ_FMA).open(exchange)
    [fault] = opened.faults
    assert re.search(r"that kz\.mia sealed .* is malformed: brief: ", fault.error.message)
    assert isinstance(fault.error, PeerError)
    assert (fault.part, fault.ask) == ("brief", "kz.mia")
    assert opened.statements[0].brief is None
    assert opened.statements[0].content == REQUEST, "the rest is given"


def test_who_may_not_say_it_at_all_is_told_so_whatever_the_state(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    exchange = ask(hub, tmp_path, "uz.fiu")
    mia = hub.client(tmp_path)
    with pytest.raises(NotPermitted) as own:
        mia.approve(exchange)
    assert own.value.reason is Reason.OWN_REQUEST
    for say in (mia.acknowledge, mia.reply, hub.client(tmp_path, COORDINATOR).acknowledge):
        with pytest.raises(NotPermitted, match="for the recipient to say") as refused:
            say(exchange)
        assert refused.value.reason is Reason.NOT_A_PARTY


@pytest.mark.parametrize("due", [timedelta(), timedelta(days=-1), datetime(2020, 1, 1, tzinfo=UTC)])
def test_request_that_is_due_before_it_is_sent_is_refused(
    hub: InMemoryHub, tmp_path: Path, due: timedelta | datetime
) -> None:
    with pytest.raises(InvalidInput, match="a time to come"):
        ask(hub, tmp_path, "kz.fma", due=due)


def test_due_time_without_a_zone_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="with its zone"):
        ask(hub, tmp_path, "kz.fma", due=datetime(2126, 12, 1))  # noqa: DTZ001


def test_opening_without_a_legal_basis_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    profile = hub.profile(tmp_path)
    text = (profile.folder / "profile.toml").read_text()
    (profile.folder / "profile.toml").write_text(text.partition("[defaults]")[0])
    with pytest.raises(InvalidInput, match="legal basis"):
        hub.client(tmp_path, KZ_MIA).refer(to=["kz.fma"], brief="-")


def test_what_another_process_says_while_one_reads_accuses_nobody(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    """Two processes of one agency share the receipts: the newest may be younger than an answer."""
    exchange = ask(hub, tmp_path, "kz.fma")
    reading, saying = hub.client(tmp_path), hub.client(tmp_path)
    honest = hub.get_exchange

    def recalled_meanwhile(caller: Member, request: pb.GetExchangeRequest) -> Any:
        answer = honest(caller, request)
        hub.get_exchange = honest  # type: ignore[method-assign]
        saying.recall(exchange, reason="Ошибка (вымышлено)")
        return answer

    hub.get_exchange = recalled_meanwhile  # type: ignore[method-assign]
    assert len(reading.get(exchange).statements) == 1
    assert len(reading.get(exchange).statements) == 2
