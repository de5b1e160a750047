"""The outbox: nothing is lost, nothing is said twice, nothing is in the clear."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agency_client import (
    ExchangeClient,
    InformationRequest,
    Item,
    Queued,
    Refused,
    Sent,
)
from agency_client.core import sender, submission
from agency_client.state import outbox_folders, sealed_file
from agency_client.state.outbox import Outbox
from exchange_files import folders, make_folder, read_file, staging_folder
from exchange_protocol.errors import (
    ExchangeError,
    HubInternal,
    HubUnavailable,
    InvalidInput,
    LimitExceeded,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Reason,
)
from exchange_protocol.kinds.catalogue import Kind
from tests.support.in_memory_hub import Connection, InMemoryHub
from tests.support.offline import Offline
from tests.support.statements import KZ_FMA, KZ_MIA, POLICY

REQUEST = InformationRequest(items=(Item.STR,), facts="совершенно секретное слово (вымышлено)")
AWAY = Reason.UNAVAILABLE.error("the hub is away")


def connection(client: ExchangeClient) -> Connection:
    link = client._driver.link
    assert isinstance(link, Connection)
    return link


def ask(client: ExchangeClient, *to: str, **terms: Any) -> Sent | Queued:
    return client.request_information(to=to, brief="-", request=REQUEST, **terms)


def log_sizes(hub: InMemoryHub) -> int:
    return len(hub.log)


def test_statement_waits_while_the_hub_is_away_and_is_sent_later(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path
) -> None:
    size = log_sizes(hub)
    offline = ExchangeClient(client.profile, link=Offline(), clock=hub.now)
    queued = ask(offline, "kz.fma")
    assert isinstance(queued, Queued)
    assert queued.reason.reason is Reason.UNAVAILABLE
    (entry,) = offline.outbox.pending()
    assert (entry.statement_id, entry.kind, entry.recipients) == (
        queued.statement_id,
        Kind.INFORMATION_REQUEST,
        ("kz.fma",),
    )
    assert log_sizes(hub) == size
    again = hub.client(tmp_path)
    (sent,) = again.flush_outbox()
    assert isinstance(sent, Sent)
    assert sent.exchange_id == queued.exchange_id
    assert again.outbox.pending() == []
    assert hub.client(tmp_path, KZ_FMA).open(sent.exchange_id).statements[0].content == REQUEST


def test_without_a_directory_nothing_can_be_sealed_offline(
    hub: InMemoryHub, tmp_path: Path
) -> None:
    offline = ExchangeClient(hub.profile(tmp_path), link=Offline(), clock=hub.now)
    with pytest.raises(HubUnavailable):
        ask(offline, "kz.fma")


def test_lack_of_an_old_directory_is_no_word_about_an_agency(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    """It may have been enrolled, or have published its key, since the profile last saw the hub."""
    with pytest.raises(NotFound, match="expected an enrolled agency"):
        ask(client, "kz.newcomer")
    for queue_only in (False, True):
        offline = ExchangeClient(
            client.profile, link=Offline(), clock=hub.now, queue_only=queue_only
        )
        with pytest.raises(HubUnavailable) as caught:
            ask(offline, "kz.newcomer")
        assert "By the directory that this profile holds, expected an enrolled agency" in (
            caught.value.message
        )
        assert offline.outbox.pending() == []


def test_answer_that_is_lost_leads_to_the_original_receipt_and_one_entry(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    link = connection(client)
    honest = hub.submit
    lost: list[Any] = []

    def loses(caller: Any, request: Any) -> Any:
        answer = honest(caller, request)
        if not lost:
            lost.append(answer)
            raise AWAY
        return answer

    hub.submit = loses  # type: ignore[method-assign]
    queued = ask(client, "kz.fma")
    assert isinstance(queued, Queued)
    accepted = log_sizes(hub)
    (sent,) = client.flush_outbox()
    assert isinstance(sent, Sent)
    assert log_sizes(hub) == accepted
    assert sent.index == lost[0].receipt.entry.index
    assert link.hub is hub


def test_quota_that_is_full_by_what_was_accepted_hides_no_receipt(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    """Sent again it would be uploaded again, which is one part too many for the hub."""
    taken = hub.submit
    attachments = {"report.bin": os.urandom(submission.INLINE_PART_BYTES)}

    def loses(caller: Any, request: Any) -> Any:
        taken(caller, request)
        raise AWAY

    def full(caller: Any, requests: Any) -> Any:
        raise Reason.TOO_MANY.error("expected less")

    hub.submit = loses  # type: ignore[method-assign]
    assert isinstance(ask(client, "kz.fma", attachments=attachments), Queued)
    hub.submit, hub.upload_part = taken, full  # type: ignore[method-assign]
    accepted = log_sizes(hub)
    (sent,) = client.flush_outbox()
    assert isinstance(sent, Sent)
    assert log_sizes(hub) == accepted
    # What the hub does not have is refused for the reason that it is.
    with pytest.raises(LimitExceeded, match="expected less"):
        ask(client, "kz.fma", attachments=attachments)
    assert [each.reason for each in client.outbox.refused()] == [Reason.TOO_MANY]


def test_original_receipt_with_an_older_checkpoint_is_proven_to_be_of_this_log(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    honest = hub.submit
    first: list[Any] = []

    def original(caller: Any, request: Any) -> Any:
        answer = honest(caller, request)
        if not first:
            first.append(answer)
            raise AWAY
        return first[0]

    hub.submit = original  # type: ignore[method-assign]
    ask(client, "kz.fma")
    hub.model.change_policy(POLICY + "\n")
    client.sync()
    (sent,) = client.flush_outbox()
    assert isinstance(sent, Sent)
    assert sent.receipt.checkpoint.size < log_sizes(hub)


def test_resend_after_a_crash_before_the_receipt_was_kept_says_it_once(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Outbox, "settle", crash)
    with pytest.raises(KeyboardInterrupt):
        ask(client, "kz.fma")
    monkeypatch.undo()
    accepted = log_sizes(hub)
    (sent,) = hub.client(tmp_path).flush_outbox()
    assert isinstance(sent, Sent)
    assert log_sizes(hub) == accepted


def test_crash_after_the_receipt_was_kept_resends_and_keeps_it_again(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Path.rename

    def crash(self: Path, target: Path) -> Path:
        if "building-done" in str(target):
            raise KeyboardInterrupt
        return honest(self, target)

    monkeypatch.setattr(Path, "rename", crash)
    with pytest.raises(KeyboardInterrupt):
        ask(client, "kz.fma")
    monkeypatch.undo()
    accepted = log_sizes(hub)
    again = hub.client(tmp_path)
    (sent,) = again.flush_outbox()
    assert isinstance(sent, Sent)
    assert (log_sizes(hub), again.outbox.pending()) == (accepted, [])


def test_half_built_statement_is_not_in_the_outbox(
    client: ExchangeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("agency_client.state.outbox.Staging.finish", crash)
    with pytest.raises(KeyboardInterrupt):
        ask(client, "kz.fma")
    assert client.outbox.pending() == []
    assert not list((client.profile.state / "outbox").glob(".building-*"))


def test_what_a_dead_process_left_half_built_is_swept_and_nothing_else(
    client: ExchangeClient,
) -> None:
    outbox = client.profile.state / "outbox"
    dead, living = outbox / ".building-dead", outbox / ".building-living"
    (dead / "parts").mkdir(parents=True)
    with staging_folder(living):
        os.utime(living, (0, 0))
        ask(client, "kz.fma")
        assert not dead.exists()
        assert living.exists()


def test_refused_statement_is_moved_aside_with_the_reason(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    def refuses(caller: Any, request: Any) -> Any:
        raise Reason.POLICY_DENIED.error("not today")

    hub.submit = refuses  # type: ignore[method-assign]
    with pytest.raises(NotPermitted, match="not today"):
        ask(client, "kz.fma")
    assert client.outbox.pending() == []
    (refused,) = client.outbox.refused()
    assert (refused.reason, refused.message) == (Reason.POLICY_DENIED, "not today")
    assert refused.entry.recipients == ("kz.fma",)


def test_one_refused_statement_does_not_hold_up_the_next(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    offline = ExchangeClient(client.profile, link=Offline(), clock=hub.now)
    first = ask(offline, "kz.fma")
    hub.model.now += timedelta(seconds=1)
    second = ask(offline, "kz.fma")
    honest = hub.submit

    def refuses_first(caller: Any, request: Any) -> Any:
        if first.statement_id.encode() in request.statement.payload:
            raise Reason.CLOCK_SKEW.error("too old")
        return honest(caller, request)

    hub.submit = refuses_first  # type: ignore[method-assign]
    results = client.flush_outbox()
    assert [type(each) for each in results] == [Refused, Sent]
    assert [each.statement_id for each in results] == [first.statement_id, second.statement_id]


@pytest.mark.parametrize("reason", [Reason.STATEMENT_UNKNOWN, Reason.OUT_OF_ORDER])
def test_every_refusal_is_told_whatever_its_reason(
    hub: InMemoryHub, client: ExchangeClient, reason: Reason
) -> None:
    """The outbox itself says STATEMENT_UNKNOWN of what another process has sent."""
    waiting = ask(ExchangeClient(client.profile, link=Offline(), clock=hub.now), "kz.fma")

    def refuses(caller: Any, request: Any) -> Any:
        raise reason.error("says the hub")

    hub.submit = refuses  # type: ignore[method-assign]
    [result] = client.flush_outbox()
    assert isinstance(result, Refused)
    assert result.statement_id == waiting.statement_id
    [kept] = client.outbox.refused()
    assert (kept.reason, kept.message) == (reason, "says the hub")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Reason.INTERNAL.error("failed"), HubInternal),
        (Reason.OVERLOADED.error("busy"), LimitExceeded),
        (Reason.RATE_LIMITED.error("slower"), LimitExceeded),
        (Reason.DEADLINE_EXCEEDED.error("late"), HubUnavailable),
    ],
)
def test_hub_that_fails_for_now_leaves_the_statement_waiting(
    hub: InMemoryHub, client: ExchangeClient, error: ExchangeError, kind: type[ExchangeError]
) -> None:
    def fails(caller: Any, request: Any) -> Any:
        raise error

    honest, hub.submit = hub.submit, fails  # type: ignore[method-assign]
    queued = ask(client, "kz.fma")
    assert isinstance(queued, Queued)
    assert isinstance(queued.reason, kind)
    assert [type(each) for each in client.flush_outbox()] == [Queued]
    hub.submit = honest  # type: ignore[method-assign]
    assert [type(each) for each in client.flush_outbox()] == [Sent]


def test_channel_that_is_not_let_in_does_not_count_against_the_statement(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    def shut(caller: Any, request: Any) -> Any:
        raise Reason.CERTIFICATE_REVOKED.error("the TLS certificate is revoked")

    hub.submit = shut  # type: ignore[method-assign]
    with pytest.raises(NotAuthenticated) as caught:
        ask(client, "kz.fma")
    [waits] = client.outbox.pending()
    assert caught.value.kept == (waits.statement_id,), "to ask again would say it twice"
    assert pickle.loads(pickle.dumps(caught.value)).kept == caught.value.kept  # noqa: S301 - own
    with pytest.raises(NotAuthenticated):
        client.flush_outbox()


def test_error_names_what_was_kept_before_it_and_nothing_else(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as caught:
        ask(client, "kz.fma", due="soon")
    assert caught.value.kept == ()

    def refuses(caller: Any, request: Any) -> Any:
        raise Reason.POLICY_DENIED.error("not so")

    def shut(caller: Any, requests: Any) -> Any:
        raise Reason.CERTIFICATE_REVOKED.error("the TLS certificate is revoked")

    hub.submit = refuses  # type: ignore[method-assign]
    with pytest.raises(NotPermitted) as denied:
        ask(client, "kz.fma")
    assert [each.entry.statement_id for each in client.outbox.refused()] == [*denied.value.kept]
    hub.submit = hub.submit_stream = shut  # type: ignore[assignment, method-assign]
    request = {"to": "kz.fma", "brief": "-", "request": {"items": ["STR"]}}
    with pytest.raises(NotAuthenticated) as several:
        client.request_information_batch([request, request])  # type: ignore[list-item]
    assert [each.statement_id for each in client.outbox.pending()] == [*several.value.kept]

    async def at_once() -> None:
        async with hub.async_client(tmp_path) as awaiting:
            asked = [awaiting.request_information(**request) for _ in range(3)]  # type: ignore[arg-type]
            errors = await asyncio.gather(*asked, return_exceptions=True)
            named = [error.kept for error in errors if isinstance(error, ExchangeError)]
            assert len(named) == 3
            assert all(awaiting.outbox.holds(each) for ids in named for each in ids)

    asyncio.run(at_once())


def test_statement_whose_own_certificate_is_not_good_any_more_is_refused_for_good(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    offline = ExchangeClient(client.profile, link=Offline(), clock=hub.now)
    ask(offline, "kz.fma")
    late = ExchangeClient(
        client.profile,
        link=connection(client),
        clock=lambda: hub.now() + timedelta(days=4000),
    )

    def expired(caller: Any, request: Any) -> Any:
        raise Reason.CERTIFICATE_EXPIRED.error("the signing certificate has expired")

    hub.submit = expired  # type: ignore[method-assign]
    assert [type(each) for each in late.flush_outbox()] == [Refused]


def test_no_plaintext_touches_the_disk(hub: InMemoryHub, client: ExchangeClient) -> None:
    offline = ExchangeClient(client.profile, link=Offline(), clock=hub.now)
    ask(offline, "kz.fma", subjects=[_person()])
    kept = b"".join(path.read_bytes() for path in client.profile.state.rglob("*") if path.is_file())
    assert len(kept) > 1000
    assert "секретное".encode() not in kept
    assert "Вымышленный".encode() not in kept


def test_files_of_the_state_are_their_owners_only(client: ExchangeClient) -> None:
    ask(client, "kz.fma")
    for path in client.profile.state.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_two_processes_do_not_send_the_same_statement_at_once(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    offline = ExchangeClient(client.profile, link=Offline(), clock=hub.now)
    queued = ask(offline, "kz.fma")
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(
        target=_hold, args=(str(client.profile.state), queued.statement_id, ready, done)
    )
    other.start()
    try:
        assert ready.wait(60)
        assert client.flush_outbox() == []
    finally:
        done.set()
        other.join(60)
    assert [type(each) for each in client.flush_outbox()] == [Sent]


def test_statement_that_another_process_sends_meanwhile_is_not_missed(
    hub: InMemoryHub, client: ExchangeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline = ExchangeClient(client.profile, link=Offline(), clock=hub.now)
    gone, left = ask(offline, "kz.fma"), ask(offline, "kz.fma")
    read = read_file

    def sent_meanwhile(path: Path) -> bytes | None:
        if path.parent.name == gone.statement_id and path.parent.exists():
            shutil.rmtree(path.parent)
        return read(path)

    monkeypatch.setattr(outbox_folders, "read_file", sent_meanwhile)
    assert [each.statement_id for each in client.outbox.pending()] == [left.statement_id]
    monkeypatch.undo()
    assert [each.statement_id for each in client.flush_outbox()] == [left.statement_id]


@pytest.mark.parametrize("damage", [b"", b"\xff", b"\x0a\x00"], ids=["empty", "no proto", "short"])
def test_damaged_statement_is_named_and_not_passed_over(
    hub: InMemoryHub, client: ExchangeClient, damage: bytes
) -> None:
    waiting = ask(ExchangeClient(client.profile, link=Offline(), clock=hub.now), "kz.fma")
    (client.outbox.load(waiting.statement_id).folder / "statement").write_bytes(damage)
    for look in (client.outbox.pending, client.flush_outbox):
        with pytest.raises(ExchangeError, match=waiting.statement_id) as caught:
            look()
        assert caught.value.reason is Reason.PROFILE_INVALID


def test_statement_that_a_person_copied_back_is_refused_again_and_holds_up_nothing(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    def refuses(caller: Any, request: Any) -> Any:
        raise Reason.POLICY_DENIED.error("not today")

    honest, hub.submit = hub.submit, refuses  # type: ignore[method-assign]
    with pytest.raises(NotPermitted):
        ask(client, "kz.fma")
    (refused,) = client.outbox.refused()
    outbox, name = client.profile.state / "outbox", refused.entry.statement_id
    shutil.copytree(outbox / "refused" / name, outbox / name)
    assert [type(each) for each in client.flush_outbox()] == [Refused]
    assert [each.entry.statement_id for each in client.outbox.refused()] == [name]
    assert client.outbox.pending() == []
    assert not list(outbox.glob(".building-*"))
    hub.submit = honest  # type: ignore[method-assign]
    shutil.copytree(outbox / "refused" / name, outbox / name)
    assert [type(each) for each in client.flush_outbox()] == [Sent]


@pytest.mark.parametrize("damage", [None, b"", b"x"], ids=["lost", "empty", "no number"])
def test_statement_begun_after_the_count_was_lost_is_sent_after_those_that_wait(
    hub: InMemoryHub, client: ExchangeClient, damage: bytes | None
) -> None:
    offline = ExchangeClient(client.profile, link=Offline(), clock=hub.now)
    before = [ask(offline, "kz.fma").statement_id for _ in range(2)]
    order = client.profile.state / "outbox" / ".order"
    order.unlink() if damage is None else order.write_bytes(damage)
    last = ask(offline, "kz.fma").statement_id
    assert [each.statement_id for each in client.outbox.pending()] == [*before, last]


@pytest.mark.parametrize("moved", ["outbox", "."])
def test_outbox_on_a_disk_that_is_not_there_is_not_called_empty(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path, moved: str
) -> None:
    ask(ExchangeClient(client.profile, link=Offline(), clock=hub.now), "kz.fma")
    place, disk = client.profile.state / moved, tmp_path / "disk"
    place.rename(disk)
    place.symlink_to(disk)
    assert len(client.outbox.pending()) == 1
    disk.rename(tmp_path / "away")
    for look in (client.outbox.pending, client.outbox.refused):
        with pytest.raises(ExchangeError, match="a link that leads nowhere: put it back"):
            look()


def test_files_of_other_programs_among_the_receipts_hide_nothing(client: ExchangeClient) -> None:
    sent = ask(client, "kz.fma")
    [folder] = (client.profile.state / "receipts").iterdir()
    for name in ("desktop.ini", f"{sent.statement_id} (conflicted copy)", f"{sent.statement_id}~"):
        (folder / name).write_bytes(b"x")
    assert client.open(sent.exchange_id).id == sent.exchange_id
    assert [each.statement_id for each in client.outbox.all_receipts()] == [sent.statement_id]


def test_damaged_receipt_is_named_with_what_to_do(client: ExchangeClient) -> None:
    sent = ask(client, "kz.fma")
    [receipt] = (client.profile.state / "receipts").glob("*/*")
    receipt.write_bytes(b"\xff")
    with pytest.raises(ExchangeError, match="move it out of the profile") as caught:
        client.open(sent.exchange_id)
    assert str(receipt) in caught.value.message
    receipt.rename(client.profile.folder.parent / "away")
    assert client.open(sent.exchange_id).id == sent.exchange_id


def test_new_folder_survives_a_loss_of_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receipt in a folder whose name is not on the disk would be lost with it."""
    synced: list[Path] = []
    monkeypatch.setattr(folders, "sync_names", synced.append)
    make_folder(tmp_path / "state" / "receipts" / "exchange")
    assert synced == [tmp_path, tmp_path / "state", tmp_path / "state" / "receipts"]


def test_low_level_submission_sends_what_it_is_given(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    draft = hub.model.compose(KZ_MIA, _plain(), to=["kz.fma"])
    draft = replace(draft, id=draft.id, parts=())
    with pytest.raises(ExchangeError, match="PART_MISSING"):
        client.submit_statement(draft)
    assert len(client.outbox.refused()) == 1


def _plain() -> Any:

    return Kind.INFORMATION_REQUEST.body()


def _person() -> dict[str, Any]:
    return {"id": "p", "schema": "Person", "properties": {"name": ["Вымышленный"]}}


def _hold(state: str, statement_id: str, ready: Any, done: Any) -> None:
    """Hold a statement in another process."""
    with Outbox(Path(state)).sending(statement_id) as stored:
        assert stored is not None
        ready.set()
        done.wait(60)


PERSON = {"id": "p", "schema": "Person", "properties": {"name": ["Юлия Вымышленная"]}}


def found(client: ExchangeClient, *words: str) -> list[str]:
    return [each.exchange_id for each in client.search_index.search(words).found]


def test_what_the_library_sent_is_found_in_the_search(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path
) -> None:
    sent = ask(
        client,
        "kz.fma",
        subjects=[PERSON],
        attachments={"выписка.pdf": b"%PDF"},
        own_reference="17-3/2026",
    )
    again = hub.client(tmp_path)
    for words in ("yuliya", "выписка", "17-3/2026"):
        assert found(again, words) == [sent.exchange_id]
    assert again.search_index.search("yuliya").found[0].kind == "information_request"
    assert found(again, "совершенно") == []


def test_what_the_library_sent_at_once_and_said_later_is_found(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path
) -> None:
    one, two = client.request_information_batch(
        {"to": ["kz.fma"], "brief": f"Дело {word}", "request": REQUEST} for word in ("Алоэ", "Бук")
    )
    assert (found(client, "алоэ"), found(client, "бук")) == ([one.exchange_id], [two.exchange_id])
    with hub.client(tmp_path, KZ_FMA) as asked:
        asked.open(one.exchange_id)
        asked.reply(one.exchange_id, brief="Ещё кедр", entities=[PERSON])
        assert found(asked, "алоэ", "кедр", "юлия") == [one.exchange_id]


def _ask_both(client: ExchangeClient) -> None:
    client.request_information_batch(
        {"to": ["kz.fma"], "brief": brief, "request": REQUEST} for brief in ("a", "b")
    )


@pytest.mark.parametrize("send", [lambda client: ask(client, "kz.fma"), _ask_both])
def test_a_fault_of_the_index_stops_the_sending(
    client: ExchangeClient, send: Callable[[ExchangeClient], None]
) -> None:
    (client.profile.state / "search").mkdir(parents=True)
    for number in range(256):  # A folder stands where each of its files goes.
        (client.profile.state / "search" / f"{number:02x}").mkdir()
    with pytest.raises(ExchangeError, match="FILE_NOT_WRITTEN"):
        send(client)
    assert client.outbox.pending() == []
    assert list(client.sent()) == []


def test_an_index_that_cannot_be_read_is_neither_empty_nor_written_anew(
    client: ExchangeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = ask(client, "kz.fma", own_reference="17-5/2026")
    folder = client.profile.state / "search"
    before = {path: path.read_bytes() for path in folder.iterdir()}

    def cannot(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(sealed_file, "read_file", cannot)
        for act in (
            lambda: list(client.search_index.parts([64 * "0"])),
            lambda: client.search_index.search("17-5/2026"),
            lambda: ask(client, "kz.fma"),
        ):
            with pytest.raises(ExchangeError, match="cannot be read"):
                act()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert found(client, "17-5/2026") == [sent.exchange_id]


def test_what_waits_is_found_and_what_was_refused_is_not(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    offline = ExchangeClient(client.profile, link=Offline(), clock=hub.now)
    queued = ask(offline, "kz.fma", own_reference="17-4/2026")
    assert found(client, "17-4/2026") == [queued.exchange_id]

    def refuses(caller: Any, request: Any) -> Any:
        raise Reason.POLICY_DENIED.error("not today")

    hub.submit = refuses  # type: ignore[method-assign]
    (refused,) = client.flush_outbox()
    assert isinstance(refused, Refused)
    assert found(client, "17-4/2026") == []


def test_a_new_statement_that_another_process_has_sent_is_sent(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path
) -> None:
    """Two commands at once: each takes along what waits on its exchange, that of the other too."""
    kept = ask(ExchangeClient(client.profile, link=Offline(), clock=hub.now), "kz.fma")
    [by_another] = hub.client(tmp_path).flush_outbox()
    assert isinstance(by_another, Sent)
    driver, core = client._driver, client._core
    assert driver.run(core.sender.send_new(kept.statement_id)) == by_another


def test_a_new_statement_that_another_process_saw_refused_is_refused(
    hub: InMemoryHub, client: ExchangeClient, tmp_path: Path
) -> None:
    kept = ask(ExchangeClient(client.profile, link=Offline(), clock=hub.now), "kz.fma")
    honest = hub.submit

    def refuses(caller: Any, request: Any) -> Any:
        raise Reason.CLOCK_SKEW.error("too old")

    hub.submit = refuses  # type: ignore[method-assign]
    hub.client(tmp_path).flush_outbox()
    hub.submit = honest  # type: ignore[method-assign]
    with pytest.raises(ExchangeError, match="CLOCK_SKEW: too old") as caught:
        client._driver.run(client._core.sender.send_new(kept.statement_id))
    assert caught.value.kept == (kept.statement_id,)


@pytest.mark.parametrize(("seconds", "result"), [(0.3, Sent), (60, Queued)])
def test_a_new_statement_that_another_process_holds_is_waited_for(
    hub: InMemoryHub,
    client: ExchangeClient,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    result: type,
) -> None:
    monkeypatch.setattr(sender, "PATIENCE_SECONDS", 1.0)
    kept = ask(ExchangeClient(client.profile, link=Offline(), clock=hub.now), "kz.fma")
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with Outbox(client.profile.state).sending(kept.statement_id) as stored:
            assert stored is not None
            held.set()
            done.wait(seconds)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(60)
    try:
        found = client._driver.run(client._core.sender.send_new(kept.statement_id))
    finally:
        done.set()
        other.join(60)
    assert type(found) is result
    assert client.outbox.holds(kept.statement_id) is (result is Queued)
