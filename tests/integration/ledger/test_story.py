"""The work of a region's agencies, at the level of the ledger, on both databases.

After each test the `office` fixture has `fsck` compare the database with a replay of its log.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange_protocol.errors import ExchangeError, NotFound, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.claim import Claim, ClaimAct
from exchange_protocol.kinds.codes import Handling, LegState, Party, Purpose, RefusalGround
from exchange_protocol.kinds.consent_request import ConsentRequest
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.invite import Invite
from exchange_protocol.kinds.recall import Recall
from exchange_protocol.kinds.reply import Reply, ReplyResult
from exchange_protocol.log.merkle import verify_inclusion
from exchange_protocol.record.entries import Event, entry_leaf_hash, parse_entry
from exchange_protocol.record.listing import ExchangeSummary
from exchange_protocol.record.receipts import verify_proven_entries, verify_proven_entry
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member
from exchange_server.ledger import Accepted, FeedPosition
from exchange_server.storage import log_rows
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import caller, log_verifier
from tests.support.statements import (
    CASE,
    COORDINATOR,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    SECOND_COORDINATOR,
    UZ_FIU,
)

APPROVE = Decision(Verdict.APPROVE)


async def listed_by_party(office: Office, member: Member) -> dict[Party | None, list[str]]:
    """Exchange ids by the part of a member's agency."""
    found = {}
    for party in (None, *Party):
        rows, _ = await office.reader.list_exchanges(member.agency, party, [], [], 50, "")
        found[party] = [row.id for row in rows]
    return found


async def leg_state(office: Office, member: Member, exchange_id: str) -> LegState:
    """State of the one leg that a member's agency sees."""
    row, _, _ = await office.reader.exchange(member.agency, exchange_id)
    [leg] = row.legs
    return leg.state


async def in_state(office: Office, member: Member, state: LegState) -> list[ExchangeSummary]:
    """Exchanges that a list of a state shows a member's agency as their recipient."""
    agency = member.agency
    rows, _ = await office.reader.list_exchanges(agency, Party.RECIPIENT, [state], [], 50, "")
    return list(rows)


async def is_blind(office: Office, member: Member, exchange_id: str) -> bool:
    """True if a member's agency is told nothing of an exchange, not even that it is there."""
    try:
        await office.reader.exchange(member.agency, exchange_id)
    except NotFound:
        return True
    return False


def verify_receipt(accepted: Accepted) -> None:
    checkpoint = log_verifier().verify(accepted.note)
    leaf = entry_leaf_hash(accepted.entry, accepted.nonce)
    path = accepted.inclusion_proof
    verify_inclusion(leaf, accepted.index, checkpoint.size, path, checkpoint.root)


async def test_enrolled_region_is_proven_entry_by_entry(office: Office) -> None:
    entries, size, head = await office.reader.directory_entries(0, 200)
    checkpoint = log_verifier().verify(head.note)
    assert len(entries) == size == office.ledger.directory.size == office.mail.model.directory.size
    verify_proven_entries(entries, checkpoint)
    assert office.ledger.directory.agencies == office.mail.model.directory.agencies
    rest, _, _ = await office.reader.directory_entries(size - 3, 2)
    assert [proven.index for proven in rest] == [size - 3, size - 2]


async def test_domestic_request_is_seen_read_and_answered(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["kz.fma"], content=b"x" * 1000)
    accepted = await office.post(letter)
    verify_receipt(accepted)
    asked = letter.statement
    assert (await listed_by_party(office, KZ_FMA))[Party.RECIPIENT] == [asked.exchange_id]
    assert (await listed_by_party(office, KZ_MIA))[Party.INITIATOR] == [asked.exchange_id]
    assert (await listed_by_party(office, KZ_GPO))[Party.SUPERVISOR] == [asked.exchange_id]
    assert await leg_state(office, KZ_FMA, asked.exchange_id) is LegState.RELEASED
    handle = await office.fetch(KZ_FMA, asked, "content")
    assert await office.content_of(handle) == b"x" * 1000
    assert await leg_state(office, KZ_MIA, asked.exchange_id) is LegState.DELIVERED
    await office.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)
    assert await leg_state(office, KZ_MIA, asked.exchange_id) is LegState.ANSWERED
    _, page, head = await office.reader.exchange(KZ_MIA.agency, asked.exchange_id)
    verified = verify_proven_entries(page.entries, log_verifier().verify(head.note))
    assert [entry.event for _, entry in verified] == [
        Event.STATEMENT, Event.DELIVERY, Event.STATEMENT,
    ]  # fmt: skip


async def test_held_request_is_invisible_until_it_is_approved(office: Office) -> None:
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    assert await is_blind(office, UZ_FIU, asked.exchange_id)
    assert (await listed_by_party(office, UZ_FIU))[None] == []
    assert await office.reader.feed(UZ_FIU.agency, None, 10) == []
    assert (await listed_by_party(office, COORDINATOR))[Party.APPROVER] == [asked.exchange_id]
    with pytest.raises(ExchangeError) as refused:
        await office.ledger.deliver(caller(UZ_FIU), asked.digest, "brief")
    assert refused.value.reason is Reason.STATEMENT_UNKNOWN
    approval = await office.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    assert (await listed_by_party(office, COORDINATOR))[Party.APPROVER] == []
    assert (await listed_by_party(office, UZ_FIU))[Party.RECIPIENT] == [asked.exchange_id]
    notices = await office.reader.feed(UZ_FIU.agency, None, 10)
    assert [each.notice.kind for each in notices] == [Kind.INFORMATION_REQUEST, Kind.DECISION]
    # A held statement becomes visible where the approval stands in the log.
    assert len({each.position.position for each in notices}) == 1
    resumed = await office.reader.feed(UZ_FIU.agency, notices[0].position, 10)
    assert resumed == notices[1:]
    _, page, _ = await office.reader.exchange(UZ_FIU.agency, asked.exchange_id)
    statements = [one.opening.statement for one in page.entries]
    assert [one.digest for one in statements if one] == [asked.digest, approval.digest]
    await office.fetch(UZ_FIU, asked)
    assert await leg_state(office, UZ_FIU, asked.exchange_id) is LegState.DELIVERED


async def test_approver_reads_the_brief_and_not_the_content(office: Office) -> None:
    letter = office.mail.ask(KZ_MIA, ["uz.fiu"], content=b"secret")
    await office.post(letter)
    await office.fetch(COORDINATOR, letter.statement, "brief")
    with pytest.raises(ExchangeError) as refused:
        await office.ledger.deliver(caller(COORDINATOR), letter.statement.digest, "content")
    assert refused.value.reason is Reason.NOT_A_PARTY


async def test_two_coordinators_release_what_must_not_be_disseminated(office: Office) -> None:
    header = replace(CASE, handling=Handling.H2)
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"], header=header)
    await office.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    assert await is_blind(office, UZ_FIU, asked.exchange_id)
    rows, _ = await office.reader.list_exchanges(
        COORDINATOR.agency, Party.APPROVER, [LegState.HELD], [asked.kind], 10, ""
    )
    assert [(leg.approvals_given, leg.approvals_required) for leg in rows[0].legs] == [(1, 2)]
    await office.say(SECOND_COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    notices = await office.reader.feed(UZ_FIU.agency, None, 10)
    assert [each.notice.kind for each in notices] == [
        Kind.INFORMATION_REQUEST, Kind.DECISION, Kind.DECISION,
    ]  # fmt: skip


async def test_returned_request_is_supplemented_and_released(office: Office) -> None:
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    await office.say(COORDINATOR, Decision(Verdict.RETURN), to=["uz.fiu"], on=asked)
    assert await leg_state(office, KZ_MIA, asked.exchange_id) is LegState.RETURNED
    more = await office.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)
    assert await leg_state(office, KZ_MIA, asked.exchange_id) is LegState.HELD
    await office.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    await office.fetch(UZ_FIU, more)
    assert await leg_state(office, UZ_FIU, asked.exchange_id) is LegState.DELIVERED
    _, page, head = await office.reader.exchange(UZ_FIU.agency, asked.exchange_id)
    for one in page.entries:
        verify_proven_entry(one, log_verifier().verify(head.note))
    assert len([one for one in page.entries if one.opening.statement]) == 4


async def test_recipient_does_not_see_that_a_supplement_is_held(office: Office) -> None:
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    await office.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    await office.fetch(UZ_FIU, asked)
    await office.say(UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    await office.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)
    assert await leg_state(office, KZ_MIA, asked.exchange_id) is LegState.HELD
    assert await leg_state(office, UZ_FIU, asked.exchange_id) is LegState.RETURNED
    rows, _ = await office.reader.list_exchanges(
        UZ_FIU.agency, Party.RECIPIENT, [LegState.HELD], [], 10, ""
    )
    assert rows == []


async def test_recipient_sees_its_leg_as_if_a_hidden_supplement_had_not_been_sent(
    office: Office,
) -> None:
    first, later = (office.clock.now + timedelta(days=days) for days in (9, 30))
    header = replace(CASE, due_at=first)
    request = Kind.INFORMATION_REQUEST.body()
    asked, plain = [
        await office.say(KZ_MIA, request, to=["uz.fiu"], header=header) for _ in range(2)
    ]
    for each in (asked, plain):
        await office.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=each)
        await office.fetch(UZ_FIU, each)
        await office.say(UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), on=each)

    async def seen(of: Statement, by: Member = UZ_FIU) -> ExchangeSummary:
        found, _, _ = await office.reader.exchange(by.agency, of.exchange_id)
        return found

    before = await seen(asked)
    assert before.legs[0].due_at == first
    assert before.legs[0].times is not None
    assert (before.legs[0].approvals_given, before.legs[0].approvals_required) == (1, 1)
    # Held, taken in hand, returned, corrected: it learns of none of these.
    more = replace(CASE, due_at=later)
    said = await office.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked, header=more)
    assert await seen(asked) == before
    await office.say(COORDINATOR, Claim(ClaimAct.TAKE), to=["uz.fiu"], on=said)
    assert await seen(asked) == before
    await office.say(COORDINATOR, Decision(Verdict.RETURN), to=["uz.fiu"], on=said)
    assert await seen(asked) == before
    await office.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked, header=more)
    assert await seen(asked) == before
    for state, number in ((LegState.HELD, 0), (LegState.RETURNED, 2)):
        assert len(await in_state(office, UZ_FIU, state)) == number
    author = await seen(asked, KZ_MIA)
    assert (author.legs[0].state, author.legs[0].due_at) == (LegState.HELD, later)
    # A recall is shown, and tells of the supplement no more than a recall of any request.
    for each in (asked, plain):
        await office.say(KZ_MIA, Recall(), to=["uz.fiu"], on=each)
    [recalled], [control] = (await seen(asked)).legs, (await seen(plain)).legs
    assert recalled.state is control.state is LegState.RECALLED
    assert recalled.due_at == control.due_at == first
    assert (recalled.approvals_given, recalled.approvals_required) == (1, 1)
    assert recalled.times is not None
    assert control.times is not None
    assert recalled.times.answer_due == control.times.answer_due == first


async def test_who_left_a_case_does_not_see_that_a_new_invitation_is_held(office: Office) -> None:
    case = await office.say(KZ_MIA, Kind.JOINT_CASE.body(), to=["uz.fiu", "kg.mia"])
    await office.say(COORDINATOR, APPROVE, to=["uz.fiu", "kg.mia"], on=case)
    await office.fetch(UZ_FIU, case)
    await office.say(UZ_FIU, Kind.JOIN.body(), on=case)
    await office.say(UZ_FIU, Kind.LEAVE.body(), on=case)
    before, _, _ = await office.reader.exchange(UZ_FIU.agency, case.exchange_id)
    assert [leg.state for leg in before.legs] == [LegState.LEFT]
    invited = await office.say(KZ_MIA, Invite(UZ_FIU.agency), to=["uz.fiu"], on=case)
    held, _, _ = await office.reader.exchange(UZ_FIU.agency, case.exchange_id)
    assert held == before
    assert len(await in_state(office, UZ_FIU, LegState.LEFT)) == 1
    assert await in_state(office, UZ_FIU, LegState.RETURNED) == []
    await office.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=invited)
    after, _, _ = await office.reader.exchange(UZ_FIU.agency, case.exchange_id)
    assert [leg.state for leg in after.legs] == [LegState.RELEASED]


async def test_rejected_request_never_reaches_its_recipient(office: Office) -> None:
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    reject = Decision(Verdict.REJECT, RefusalGround.NO_DRUG_NEXUS)
    await office.say(COORDINATOR, reject, to=["uz.fiu"], on=asked)
    assert await leg_state(office, KZ_MIA, asked.exchange_id) is LegState.REJECTED
    assert await is_blind(office, UZ_FIU, asked.exchange_id)


async def test_second_fetch_by_the_same_member_logs_no_second_delivery(office: Office) -> None:
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    first = await office.fetch(KZ_FMA, asked)
    size = office.ledger.tree_size
    assert await office.ledger.deliver(caller(KZ_FMA), asked.digest, "brief") == first
    assert office.ledger.tree_size == size


async def test_feed_from_now_on_begins_after_the_tree(office: Office) -> None:
    await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    now = FeedPosition.after_tree_size(office.ledger.tree_size)
    assert await office.reader.feed(KZ_FMA.agency, now, 10) == []
    later = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    [found] = await office.reader.feed(KZ_FMA.agency, FeedPosition.parse(now.token), 10)
    notice = found.notice
    assert (notice.exchange_id, notice.actor_agency) == (later.exchange_id, KZ_MIA.agency)


async def test_lists_are_paged_newest_first(office: Office) -> None:
    asked = [
        await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"]) for _ in range(5)
    ]
    found, token = [], ""
    while True:
        rows, token = await office.reader.list_exchanges(
            KZ_FMA.agency, Party.RECIPIENT, [], [], 2, token
        )
        found += [row.id for row in rows]
        if not token:
            break
    assert found == [one.exchange_id for one in reversed(asked)]
    with pytest.raises(ExchangeError) as refused:
        await office.reader.list_exchanges(KZ_FMA.agency, Party.RECIPIENT, [], [], 2, "before-01")
    assert refused.value.reason is Reason.PAGE_TOKEN_INVALID


async def test_requests_for_consent_that_wait_are_paged_among_own_ones(office: Office) -> None:
    waiting, own = [], []
    for number in range(6):
        asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
        await office.fetch(KZ_FMA, asked)
        answer = await office.say(KZ_FMA, Reply(ReplyResult.INFORMATION), on=asked)
        if number % 2:
            wish = ConsentRequest(answer.digest, KZ_GPO.agency, Purpose.PROSECUTION)
            await office.say(KZ_MIA, wish, to=["kz.fma"], on=asked)
            waiting.append(asked.exchange_id)
        else:
            wish = ConsentRequest(asked.digest, KZ_GPO.agency, Purpose.PROSECUTION)
            await office.say(KZ_FMA, wish, on=asked)
            own.append(asked.exchange_id)
    for member, wanted in ((KZ_FMA, waiting), (KZ_MIA, own)):
        for page_size in (1, 2, 50):
            found, token = [], ""
            while True:
                rows, token = await office.reader.list_exchanges(
                    member.agency, None, [], [], page_size, token, awaits_consent=True
                )
                found += [row.id for row in rows]
                if not token:
                    break
            assert found == list(reversed(wanted))


async def test_entries_say_what_the_rules_made_of_statements(office: Office) -> None:
    accepted = await office.post(office.mail.ask(KZ_MIA, ["uz.fiu"]))
    ruling = parse_entry(accepted.entry).ruling
    assert ruling is not None
    assert ruling.legs[0].approvers == (COORDINATOR.agency,)
    assert ruling.supervisors == (KZ_GPO.agency,)


async def test_pages_of_an_exchange_show_what_was_visible_at_the_first(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that is released between two pages would seem to have been left out before."""
    asked = await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    await office.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    await office.fetch(UZ_FIU, asked)
    await office.say(UZ_FIU, Kind.RETURN_FOR_INFORMATION.body(), on=asked)
    more = await office.say(KZ_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)
    agency, exchange_id = UZ_FIU.agency, asked.exchange_id
    _, whole, head = await office.reader.exchange(agency, exchange_id)
    checkpoint = log_verifier().verify(head.note)

    monkeypatch.setattr(log_rows, "PAGE_BYTES", 1)
    _, page, _ = await office.reader.exchange(agency, exchange_id)
    seen = list(page.entries)
    await office.say(COORDINATOR, APPROVE, to=["uz.fiu"], on=asked)
    while page.next_index:
        assert len(page.entries) == 1
        page = await office.reader.exchange_page(
            agency, exchange_id, page.next_index, checkpoint.size
        )
        seen += page.entries
    assert tuple(seen) == whole.entries
    verify_proven_entries(seen, checkpoint)
    assert more.digest not in [
        one.opening.statement.digest for one in seen if one.opening.statement
    ]

    with pytest.raises(ExchangeError) as refused:
        await office.reader.exchange_page(agency, exchange_id, 2**63, 2**64 - 1)
    assert refused.value.reason is Reason.PROOF_RANGE_INVALID
    with pytest.raises(ExchangeError) as refused:
        await office.reader.exchange_page(KZ_FMA.agency, exchange_id, 1, checkpoint.size)
    assert refused.value.reason is Reason.EXCHANGE_UNKNOWN


async def test_pages_are_bounded_by_their_bytes_and_never_empty(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_rows, "PAGE_BYTES", 1)
    entries, size, _ = await office.reader.directory_entries(0, 200)
    assert (len(entries), size > 1) == (1, True)
    page = await office.reader.openings(caller(COORDINATOR), 0, 200, size)
    assert len(page.leaves) == 1
