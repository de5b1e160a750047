"""Deliveries and inspections: they disclose content, and are on the log before they do.

This is step 7 of the durability account (`exchange_server.ledger`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.codes import ReaderRole
from exchange_protocol.record.entries import Entry, Event, InspectedRange
from exchange_protocol.rules.access import deliver_to, is_erased, role_of
from exchange_protocol.rules.inspection import judge_inspection
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.rules.wire import parse_statement
from exchange_server.ledger.draft import BatchDraft
from exchange_server.ledger.jobs import Delivery, Inspection, Logged
from exchange_server.ledger.projection import delivery_visibility, sealed_start
from exchange_server.ledger.values import PartHandle
from exchange_server.storage.exchange_rows import StoredExchange
from exchange_server.storage.statement_rows import Deliverable, DeliveryRow


def deliver(draft: BatchDraft, job: Delivery) -> PartHandle:
    """Permit a reader a part; its first delivery of a statement to a member is an entry."""
    found, stored, role = _visible(draft, job)
    handle = _handle_of(draft, job, found, role)
    key = (found.log_index, job.caller.member.uri)
    if key not in draft.stored.delivered:
        _log_delivery(draft, job, found, stored, role, draft.now())
        draft.stored.delivered.add(key)
    return handle


def inspect(draft: BatchDraft, job: Inspection) -> Logged:
    """Permit an auditor a page of openings, within its agency's bound; each is an entry."""
    draft.check_known(job.known_tree_size)
    context, page = draft.context, job.page
    opened, ruling = judge_inspection(draft.directory, job.caller.member, page.scopes)
    if (opened, ruling) != (page.opened, page.ruling):
        raise Reason.UNAVAILABLE.error("the rules changed while the page was read; ask again")
    if not context.inspections.take(job.caller.agency, context.clock()):
        raise Reason.RATE_LIMITED.error(
            f"expected at most {context.inspections.per_hour} pages of openings an hour "
            f"for the auditors of {job.caller.agency}: each is an entry of the log"
        )
    at = draft.now()
    row = draft.next_entry(
        Entry(
            hub_time=at,
            event=Event.INSPECTION,
            actor=job.caller.member,
            certificate_sha256=job.caller.certificate_sha256,
            directory_size=draft.directory.size,
            ruling=ruling,
            inspected=InspectedRange(job.start, job.start + len(page.leaves), opened),
        )
    )
    draft.append(row, at)
    return Logged(row.idx, row.entry, row.nonce)


def _visible(draft: BatchDraft, job: Delivery) -> tuple[Deliverable, StoredExchange, ReaderRole]:
    """The statement, if the caller may see it and its content was not erased."""
    agency = job.caller.agency
    found = draft.stored.deliverables.get(job.payload_digest)
    stored = draft.exchange(found.spoken.exchange_id) if found else None
    role = role_of(agency, stored.exchange, found.spoken) if found and stored else None
    if found is None or stored is None or role is None:
        raise Reason.STATEMENT_UNKNOWN.error(
            f"expected a statement that {agency} may see, got {job.payload_digest.hex()}",
            field="payload_sha256",
        )
    if is_erased(stored.exchange, found.spoken, draft.now()):
        raise Reason.CONTENT_ERASED.error(
            "the content of this statement was erased, as its initiator asked or since its "
            "retention ended",
            field="payload_sha256",
        )
    return found, stored, role


def _handle_of(
    draft: BatchDraft, job: Delivery, found: Deliverable, role: ReaderRole
) -> PartHandle:
    """Find the part's bytes, if it is sealed to the caller's agency."""
    statement = parse_statement(found.payload)
    part = statement.part(job.part_name)
    if part is None:
        raise Reason.PART_UNKNOWN.error(
            f"expected a part of statement {job.payload_digest.hex()}, got {job.part_name[:64]!r}",
            field="part_name",
        )
    if part.wrapped_key(job.caller.agency) is None:
        raise Reason.NOT_A_PARTY.error(
            f"expected a reader of part {job.part_name!r}, got {job.caller.agency} ({role})",
            field="part_name",
        )
    index, ids = found.log_index, draft.stored.parts
    uploaded = [each.name for each in statement.parts if (index, each.name) in ids]
    return PartHandle(
        log_index=index,
        payload_digest=job.payload_digest,
        name=part.name,
        sha256=part.sha256,
        size=part.size,
        start=sealed_start(statement, part.name, uploaded),
        part_id=ids.get((index, part.name)),
    )


def _log_delivery(
    draft: BatchDraft,
    job: Delivery,
    found: Deliverable,
    stored: StoredExchange,
    role: ReaderRole,
    at: datetime,
) -> None:
    agency = job.caller.agency
    after, changes = deliver_to(agency, stored.exchange, found.spoken, at)
    entry = draft.next_entry(
        Entry(
            hub_time=at,
            event=Event.DELIVERY,
            actor=job.caller.member,
            certificate_sha256=job.caller.certificate_sha256,
            directory_size=draft.directory.size,
            exchange_id=after.id,
            payload_digest=job.payload_digest,
            ruling=Ruling(b"", (), changes, ()) if changes else None,
        )
    )
    draft.rows.feed.extend(delivery_visibility(entry.idx, found.spoken, agency, role))
    draft.rows.deliveries.append(DeliveryRow(found.log_index, job.caller.member.uri, entry.idx))
    draft.keep(replace(stored, exchange=after), at)
    draft.append(entry, at)
