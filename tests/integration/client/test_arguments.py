"""Arguments in the types that people have at hand, and what is said of wrong ones."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agency_client import (
    AsyncExchangeClient,
    Brief,
    ExchangeClient,
    ExchangeError,
    Handling,
    InformationRequest,
    InvalidInput,
    Item,
    LegState,
    Purpose,
    Reason,
    ReplyDocument,
    Sent,
    Tlp,
    Urgency,
)
from agency_client.state.outbox import Outbox
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_FMA, START

REQUEST = {"items": ["TRANSACTIONS"], "period": ("2020-01-01", "2021-03-01")}
PERSON = {"id": "p", "schema": "Person", "properties": {"name": ["Вымышленный"]}}


@pytest.fixture
def mia(hub: InMemoryHub, tmp_path: Path) -> Iterator[ExchangeClient]:
    with hub.client(tmp_path) as client:
        yield client


def header(hub: InMemoryHub, mia: ExchangeClient, **terms: Any) -> Any:
    sent = mia.request_information("kz.fma", brief="-", request=REQUEST, **terms)
    return mia.get(sent.exchange_id).statements[0].statement.header


def test_plain_types_are_taken_everywhere(
    hub: InMemoryHub, mia: ExchangeClient, tmp_path: Path
) -> None:
    (tmp_path / "выписка.pdf").write_bytes(b"pdf")
    (tmp_path / "s.ftm.json").write_text(
        '{"id": "p", "schema": "Person", "properties": {"name": ["Вымышленный"]}}\n', "utf-8"
    )
    sent = mia.request_information(
        "kz.fma",
        brief={"summary": "Вымышлено", "offences": ["297"], "urgency_reason": "Деньги уходят"},
        own_reference="12/345",
        request=REQUEST,
        subjects=str(tmp_path / "s.ftm.json"),
        attachments={
            "выписка.pdf": str(tmp_path / "выписка.pdf"),
            "again.pdf": tmp_path / "выписка.pdf",
            "note.txt": bytearray(b"note"),
        },
        due="7d",
        handling="h1",
        tlp="TLP:AMBER+STRICT",
        source_grade="b",
        information_grade="2",
        urgency="urgent",
        purpose="prosecution",
        legal_basis="KZ-CPC-1",
        permitted_uses=["confiscation", Purpose.ANALYSIS],
        onward_authorities=["kz.gpo"],
        language="kk",
        time_zone="Asia/Almaty",
    )
    assert isinstance(sent, Sent)
    [first] = hub.client(tmp_path, KZ_FMA).open(sent.exchange_id).statements
    assert first.brief == Brief(
        summary="Вымышлено",
        offences=["297"],
        urgency_reason="Деньги уходят",
        own_reference="12/345",
    )
    assert first.content == InformationRequest(
        items=[Item.TRANSACTIONS], period=("2020-01-01", "2021-03-01")
    )
    assert list(first.entities()) == [PERSON]
    assert first.attachments == {"выписка.pdf": b"pdf", "again.pdf": b"pdf", "note.txt": b"note"}
    said = first.statement.header
    assert (said.handling, said.tlp) == (Handling.H1, Tlp.AMBER_STRICT)
    assert (str(said.source_grade), str(said.information_grade)) == ("B", "GRADE_2")
    assert said.urgency is Urgency.URGENT
    assert said.permitted_uses == (Purpose.CONFISCATION, Purpose.ANALYSIS)
    assert said.onward_authorities == ("kz.gpo",)
    assert (str(said.language), said.time_zone) == ("KK", "Asia/Almaty")
    assert said.due_at is not None
    assert abs(said.due_at - hub.now() - timedelta(days=7)) < timedelta(minutes=1)


def test_codes_print_as_their_names(hub: InMemoryHub, mia: ExchangeClient) -> None:
    said = header(hub, mia)
    assert str(said.handling) == f"{said.handling}" == "H0"
    assert f"{said.tlp:>6}" == " AMBER"
    assert int(said.handling) == Handling.H0.value


ALMATY = ZoneInfo("Asia/Almaty")
DAY = START.date() + timedelta(days=30)


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (timedelta(hours=8), START + timedelta(hours=8)),
        ("8h", START + timedelta(hours=8)),
        ("30m", START + timedelta(minutes=30)),
        ("2w", START + timedelta(weeks=2)),
        (DAY, datetime.combine(DAY, datetime.max.time(), ALMATY).replace(microsecond=0)),
        (
            DAY.isoformat(),
            datetime.combine(DAY, datetime.max.time(), ALMATY).replace(microsecond=0),
        ),
        (f"{DAY}T18:00+05:00", datetime.fromisoformat(f"{DAY}T18:00+05:00")),
        (f"{DAY} 18:00Z", datetime.combine(DAY, datetime.min.time(), UTC).replace(hour=18)),
    ],
    ids=str,
)
def test_due_is_said_in_many_forms(
    hub: InMemoryHub, mia: ExchangeClient, due: Any, expected: datetime
) -> None:
    said = header(hub, mia, due=due)
    assert abs(said.due_at - expected) < timedelta(minutes=1), "the hub's clock goes on a little"


def test_a_date_ends_in_the_time_zone_of_the_statement(
    hub: InMemoryHub, mia: ExchangeClient
) -> None:
    said = header(hub, mia, due=DAY, time_zone="Europe/Vienna")
    assert said.due_at.astimezone(ZoneInfo("Europe/Vienna")).time() == datetime.max.time().replace(
        microsecond=0
    )


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"to": 5}, "to"),
    ({"to": ["kz.fma", None]}, "to[1]"),
    ({"to": "KZ.FMA"}, "to[0]"),
    ({"to": []}, "to"),
    ({"to": ""}, "to[0]"),
    ({"to": {}}, "to"),
    ({"to": {"kz.fma": 1}}, "to"),
    ({"to": b"kz.fma"}, "to"),
    ({"to": ()}, "to"),
    ({"to": ["kz.fma", "Kazakhstan"]}, "to[1]"),
    ({"brief": 5}, "brief"),
    ({"brief": {"summary": "x", "colour": 1}}, "colour"),
    ({"brief": ""}, "summary"),
    ({"brief": {"summary": "x", "own_reference": "1"}, "own_reference": "2"}, "own_reference"),
    ({"request": "TRANSACTIONS"}, "request"),
    ({"request": {"items": ["FOO"]}}, "items.0"),
    ({"request": ReplyDocument(text="x")}, "request"),
    ({"request": {"items": ["STR"], "period": "2020"}}, "period"),
    ({"request": {"items": ["STR"], "period": ["2020-01-01"] * 3}}, "period"),
    ({"subjects": 5}, "subjects"),
    ({"subjects": PERSON}, "subjects"),
    ({"subjects": ""}, "subjects"),
    ({"attachments": {"a": ""}}, "attachments['a']"),
    ({"attachments": {"A.txt": b"1", "a.txt": b"2"}}, "attachments"),
    ({"attachments": ["a"]}, "attachments"),
    ({"attachments": {"a": 5}}, "attachments['a']"),
    ({"attachments": {"a": "/no/such/file"}}, "attachments"),
    ({"attachments": {"a/b": b""}}, "attachments"),
    ({"due": 7}, "due"),
    ({"due": "soon"}, "due"),
    ({"due": "2020-01-01"}, "due"),
    ({"due": "2126-12-01 18:00"}, "due"),
    ({"due": timedelta(days=10**7)}, "due"),
    ({"due": date(2020, 1, 1)}, "due"),
    ({"handling": "H9"}, "handling"),
    ({"handling": 7}, "handling"),
    ({"tlp": []}, "tlp"),
    ({"urgency": "now"}, "urgency"),
    ({"urgency": "urgent"}, "brief.urgency_reason"),
    ({"permitted_uses": 5}, "permitted_uses"),
    ({"permitted_uses": {"ANALYSIS": 1}}, "permitted_uses"),
    ({"onward_authorities": {"kz.gpo": 1}}, "onward_authorities"),
    ({"withheld_from": {"kz.gpo": 1}}, "withheld_from"),
    ({"permitted_uses": ["ANALYSIS", "X"]}, "permitted_uses[1]"),
    ({"onward_authorities": 5}, "onward_authorities"),
    ({"legal_basis": 5}, "legal_basis"),
    ({"legal_basis": ""}, "legal_basis"),
    ({"legal_basis": " "}, "legal_basis"),
    ({"time_zone": ""}, "time_zone"),
    ({"language": "fr"}, "language"),
    ({"time_zone": 5}, "time_zone"),
    ({"time_zone": "Almaty"}, "time_zone"),
    ({"time_zone": "Mars/Olympus", "due": "2126-12-01"}, "time_zone"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_argument_is_named_and_nothing_is_kept(
    hub: InMemoryHub, mia: ExchangeClient, wrong: dict[str, Any], field: str
) -> None:
    arguments = {"to": "kz.fma", "brief": "-", "request": REQUEST} | wrong
    with pytest.raises(InvalidInput) as caught:
        mia.request_information(**arguments)
    assert caught.value.field == field
    assert mia.outbox.pending() == []
    assert "Submit" not in hub.calls


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"usefulness": 4}, "usefulness"),
        ({"usefulness": True}, "usefulness"),
        ({"usefulness": "3"}, "usefulness"),
        ({"usefulness": 1, "uses": "CHARGE,FREEZE"}, "uses[0]"),
        ({"usefulness": 1, "legs": []}, "legs"),
        ({"usefulness": 1, "legs": 5}, "legs"),
    ],
)
def test_wrong_code_of_a_body_is_named(
    hub: InMemoryHub, mia: ExchangeClient, tmp_path: Path, wrong: dict[str, Any], field: str
) -> None:
    sent = mia.request_information("kz.fma", brief="-", request=REQUEST)
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(sent.exchange_id)
    fma.reply(sent.exchange_id, result="NO_HIT")
    with pytest.raises(InvalidInput) as caught:
        mia.feedback(sent.exchange_id, **wrong)
    assert caught.value.field == field


def test_one_code_stands_for_several(hub: InMemoryHub, mia: ExchangeClient, tmp_path: Path) -> None:
    sent = mia.request_information("kz.fma", brief="-", request=REQUEST)
    fma = hub.client(tmp_path, KZ_FMA)
    fma.open(sent.exchange_id)
    fma.reply(sent.exchange_id, result="NO_HIT")
    assert isinstance(mia.feedback(sent.exchange_id, 1, uses="not used"), Sent)
    body: Any = mia.get(sent.exchange_id).statements[-1].statement.body
    assert [str(use) for use in body.uses] == ["NOT_USED"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: InformationRequest(items=()),
        lambda: InformationRequest(items=["FOO"]),
        lambda: Brief(summary=""),
        lambda: Brief(summary="x", colour="red"),  # type: ignore[call-arg] # what is refused
    ],
)
def test_a_document_that_a_program_makes_fails_by_the_errors_of_the_library(make: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.reason is Reason.DOCUMENT_INVALID
    assert caught.value.field
    assert "pydantic" not in str(caught.value)


def test_lists_are_filtered_by_names(hub: InMemoryHub, mia: ExchangeClient, tmp_path: Path) -> None:
    sent = mia.request_information("kz.fma", brief="-", request=REQUEST)
    fma = hub.client(tmp_path, KZ_FMA)
    listed = list(
        fma.exchanges(party="recipient", states=["RELEASED"], kinds=["information_request"])
    )
    assert [each.id for each in listed] == [sent.exchange_id]
    assert listed[0].legs[0].state is LegState.RELEASED
    for wrong in ({"party": "boss"}, {"states": ["OPEN"]}, {"kinds": ["letter"]}):
        with pytest.raises(InvalidInput):
            list(fma.exchanges(**wrong))


@pytest.mark.parametrize("exchange", [None, 5, "not-an-id"])
def test_what_is_no_exchange_is_refused(mia: ExchangeClient, exchange: Any) -> None:
    for use in (mia.get, mia.open, lambda it: mia.recall(it)):
        with pytest.raises(InvalidInput) as caught:
            use(exchange)
        assert caught.value.field in ("exchange", "exchange_id")


def test_a_closed_client_says_so(hub: InMemoryHub, tmp_path: Path) -> None:
    with hub.client(tmp_path) as mia:
        for _ in range(3):
            mia.request_information("kz.fma", brief="-", request=REQUEST)
        boxes = mia.sent()
        next(boxes)
        next(boxes)
        notices = mia.watch(from_start=True)
    for use in (
        lambda: next(boxes),
        lambda: next(notices),
        lambda: next(mia.watch()),
        lambda: next(mia.leaves(0, 1)),
        mia.sync,
        lambda: mia.get("01890a5d-ac96-774b-bcce-b302099a8057"),
        lambda: mia.request_information("kz.fma", brief="-", request=REQUEST),
        lambda: mia.request_information_batch([{"to": "kz.fma", "brief": "-", "request": {}}] * 2),
        mia.flush_outbox,
    ):
        with pytest.raises(ExchangeError, match="the client is closed") as caught:
            use()
        assert caught.value.reason is Reason.CLIENT_CLOSED


async def test_a_closed_asyncio_client_says_so(hub: InMemoryHub, tmp_path: Path) -> None:
    async with hub.async_client(tmp_path) as mia:
        for _ in range(3):
            await mia.request_information("kz.fma", brief="-", request=REQUEST)
        boxes = mia.sent()
        await anext(boxes)
        await anext(boxes)
    with pytest.raises(ExchangeError, match="the client is closed"):
        await anext(boxes)
    with pytest.raises(ExchangeError, match="the client is closed"):
        await mia.sync()
    with pytest.raises(ExchangeError, match="the client is closed"):
        await anext(mia.watch())


# --- What a careless program gives ------------------------------------------------------------


def test_generator_that_was_read_before_is_refused(hub: InMemoryHub, tmp_path: Path) -> None:
    """Without a word the second request would name nobody."""
    people = ({"id": f"p{n}", "schema": "Person", "properties": {"name": ["x"]}} for n in range(2))
    with hub.client(tmp_path) as mia:
        size = len(hub.log)
        mia.request_information("kz.fma", brief="-", request=REQUEST, subjects=people)
        spent: list[Any] = [people, iter([]), map(str, [])]
        for again in spent:
            with pytest.raises(InvalidInput, match=r"INVALID_FIELD \[subjects\].*read before"):
                mia.request_information("kz.fma", brief="-", request=REQUEST, subjects=again)
        assert len(hub.log) == size + 1
        assert not mia.outbox.pending()
        mia.request_information("kz.fma", brief="-", request=REQUEST, subjects=[])


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
def test_attachment_without_an_end_is_refused_in_its_bound(
    hub: InMemoryHub, tmp_path: Path, device: str
) -> None:
    with hub.client(tmp_path) as mia, pytest.raises(ExchangeError, match="TOO_LARGE"):
        mia.request_information("kz.fma", brief="-", request=REQUEST, attachments={"a": device})


def test_attachment_that_can_be_read_once_arrives_whole(hub: InMemoryHub, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"the file",))
    writer.start()
    with hub.client(tmp_path) as mia:
        sent = mia.request_information(
            "kz.fma", brief="-", request=REQUEST, attachments={"a": pipe}
        )
        writer.join()
        assert mia.open(sent.exchange_id).statements[0].attachments == {"a": b"the file"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"subjects": '[{"id": "SECRET"}]'}, "subjects"),
        ({"subjects": '{"id": "SECRET"}\n{"id": "p2"}\n'}, "subjects"),
        ({"attachments": {"a": "SECRET\nlines"}}, r"attachments\['a'\]"),
        ({"attachments": {"a": '<?xml version="1.0"?><SECRET/>'}}, r"attachments\['a'\]"),
    ],
)
def test_content_in_the_place_of_a_path_is_refused_and_not_repeated(
    hub: InMemoryHub, tmp_path: Path, given: dict[str, Any], field: str
) -> None:
    with (
        hub.client(tmp_path) as mia,
        pytest.raises(InvalidInput, match=rf"\[{field}\].*reads like the content") as caught,
    ):
        mia.request_information("kz.fma", brief="-", request=REQUEST, **given)
    assert "SECRET" not in str(caught.value)


def test_file_name_that_is_no_text_is_named_by_its_type(hub: InMemoryHub, tmp_path: Path) -> None:
    named: Any = {Path("a"): b"x"}
    with hub.client(tmp_path) as mia, pytest.raises(InvalidInput, match=r"as texts, got \w*Path"):
        mia.request_information("kz.fma", brief="-", request=REQUEST, attachments=named)


@pytest.mark.parametrize(
    ("value", "says"),
    [(date(1979, 1, 1), "a date or a time"), (b"x", "bytes"), (object(), "an object of a program")],
)
def test_value_of_an_entity_is_told_by_its_kind(
    hub: InMemoryHub, tmp_path: Path, value: object, says: str
) -> None:
    people: Any = [{"id": "p", "schema": "Person", "properties": {"birthDate": [value]}}]
    with hub.client(tmp_path) as mia, pytest.raises(InvalidInput, match=f"got {says} among them"):
        mia.request_information("kz.fma", brief="-", request=REQUEST, subjects=people)


def test_time_whose_zone_knows_no_offset_is_naive(hub: InMemoryHub, tmp_path: Path) -> None:
    class Nowhere(tzinfo):
        def utcoffset(self, _: datetime | None) -> timedelta | None:
            return None

        dst = utcoffset

        def tzname(self, _: datetime | None) -> str | None:
            return None

    due = datetime(2027, 1, 1, tzinfo=Nowhere())
    with hub.client(tmp_path) as mia, pytest.raises(InvalidInput, match="a time with its zone"):
        mia.request_information("kz.fma", brief="-", request=REQUEST, due=due)


def test_client_of_a_name_says_how_to_load_it() -> None:
    named: Any = "kz.mia"
    for made in (ExchangeClient, AsyncExchangeClient):
        with pytest.raises(TypeError, match=rf"{made.__name__}\.from_profile takes a name"):
            made(named)


def test_asyncio_client_serves_one_loop(hub: InMemoryHub, tmp_path: Path) -> None:
    """In another it would keep a statement, and fail to send it; a repetition sends it twice."""
    mia = hub.async_client(tmp_path)

    async def asks() -> None:
        await mia.request_information("kz.fma", brief="-", request=REQUEST)

    asyncio.run(asks())
    with pytest.raises(ExchangeError, match=r"CLIENT_CLOSED.*another event loop"):
        asyncio.run(asks())
    assert not Outbox(mia.profile.state).pending()


def test_asyncio_client_outside_a_loop_says_where_to_open_it(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    profile = hub.profile(tmp_path)
    asyncio.run(asyncio.sleep(0))
    with pytest.raises(ExchangeError, match=r"CLIENT_CLOSED.*inside a coroutine"):
        AsyncExchangeClient(profile)
