"""The acceptance of a statement, in its turn.

 1. Its id is new for its author. The same bytes again get the original entry.
 2. There was room for it, and its time is within the limits of the hub's clock.
 3. `judge`: signature, policy, lifecycle, readers.
 4. None of its certificates is on a revocation list.
 5. A new key of the log is one that this hub signs with already.
 6. Every part is there: beside it, or uploaded by the same agency.

The first two steps need the log, so they are not `judge`'s. The first makes it safe to send the
same bytes again after a crash (step 6 of `exchange_server.ledger`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from exchange_protocol.errors import Reason
from exchange_protocol.kinds.publish_certificate import PublishCertificate
from exchange_protocol.kinds.publish_log_key import PublishLogKey
from exchange_protocol.record.entries import MOST_BEHIND, Entry, Event
from exchange_protocol.rules.access import shown_anew
from exchange_protocol.rules.exchange import Exchange
from exchange_protocol.rules.intake import check_intake
from exchange_protocol.rules.judgement import Judgement, judge
from exchange_protocol.rules.statements import Part, Statement
from exchange_protocol.trust.certificates import fingerprint
from exchange_server.ledger.draft import BatchDraft, StagedKey
from exchange_server.ledger.jobs import Logged, Submission
from exchange_server.ledger.log_keys import check_published
from exchange_server.ledger.projection import (
    exchange_row,
    statement_row,
    statement_visibility,
)
from exchange_server.storage.exchange_rows import StoredExchange
from exchange_server.storage.log_rows import DirectoryEntryRow, read_entries
from exchange_server.storage.part_rows import PartRow
from exchange_server.storage.statement_rows import log_indexes


class Acceptance:
    """Accepts the statements of one batch."""

    def __init__(self, draft: BatchDraft) -> None:
        """Judge against the draft, and add to it."""
        self._draft = draft
        self._accepted_here: dict[tuple[str, str], tuple[bytes, Logged]] = {}
        """Statements of this batch, by author's agency and id."""
        self._not_revoked: set[bytes] = set()

    def accept(self, job: Submission) -> Logged:
        """Accept a statement; raises ExchangeError with the reason for the refusal."""
        draft = self._draft
        draft.check_known(job.known_tree_size)
        statement, at = job.statement, draft.now()
        original = self._original(statement)
        if original is not None:
            return original
        if job.no_room is not None:
            raise job.no_room
        self._check_time(statement, at)
        stored = draft.exchange(statement.exchange_id)
        judgement = judge(
            job.signed,
            statement,
            directory=draft.directory,
            exchange=stored.exchange if stored else None,
            anchors=draft.context.anchors,
            at=at,
            sources=draft,
        )
        exchange = stored.exchange if stored else None
        check_intake(statement, draft.directory, exchange, sources=draft, at=at)
        self._check_revocation(job, judgement)
        if isinstance(statement.body, PublishLogKey):
            check_published(statement.body, draft.context.signer)
        return self._append(job, judgement, stored, at)

    def _original(self, statement: Statement) -> Logged | None:
        """The entry of the same statement; raises ID_REUSED for another one with its id."""
        key = (statement.author.agency, statement.id)
        here, stored = self._accepted_here.get(key), self._draft.stored.accepted.get(key)
        if here is not None:
            _verify_same(statement, here[0])
            return here[1]
        if stored is None:
            return None
        digest, index = stored
        _verify_same(statement, digest)
        [entry] = read_entries(self._draft.connection, [index])
        return Logged(index, entry.opening.entry, entry.opening.nonce)

    def _check_time(self, statement: Statement, at: datetime) -> None:
        """Check the author's time by the hub's clock, and by the time of the entry.

        The entry's may be ahead of the clock, if that was ahead before. Statements are still
        accepted, as long as auditors allow the difference: above all the revocation of a key.
        """
        limits, now = self._draft.context.limits, self._draft.context.clock()
        if not now - limits.past_skew <= statement.made_at <= now + limits.future_skew:
            raise Reason.CLOCK_SKEW.error(
                _off_words(statement.made_at, now, limits.past_skew), field="made_at"
            )
        if at - statement.made_at > MOST_BEHIND:
            raise Reason.CLOCK_SKEW.error(
                f"expected a statement made at most {MOST_BEHIND} before the last entry of the "
                f"log, which the hub made at {at.isoformat()}; got {statement.made_at.isoformat()}",
                field="made_at",
            )

    def _check_revocation(self, job: Submission, judgement: Judgement) -> None:
        """Check the signing certificate, and one that the statement publishes.

        A batch is one moment: what was looked up for one of its statements holds for the next.
        """
        digests = {job.signed.certificate_sha256}
        if isinstance(job.statement.body, PublishCertificate):
            digests.add(fingerprint(job.statement.body.certificate))
        for digest in digests - self._not_revoked:
            certificate = judgement.directory.certificates[digest].certificate
            revocations = self._draft.context.revocations()
            revocations.verify_current(certificate, self._draft.context.clock())
            revocations.verify_not_listed(certificate)
            self._not_revoked.add(digest)

    def _uploaded(self, job: Submission, index: int) -> dict[StagedKey, list[PartRow]]:
        """The rows of parts that are not beside it, by the upload that they claim.

        Parts with the same bytes claim the same one: they are forgotten together.
        """
        rows: dict[StagedKey, list[PartRow]] = {}
        for part in job.statement.parts:
            if part.name not in job.parts:
                key: StagedKey = (job.caller.agency, part.sha256, part.size)
                row = PartRow(index, part.name, self._unclaimed(part, key))
                rows.setdefault(key, []).append(row)
        return rows

    def _unclaimed(self, part: Part, key: StagedKey) -> bytes:
        if (part_id := self._draft.stored.staged.get(key)) is not None:
            return part_id
        raise Reason.PART_MISSING.error(
            f"expected part {part.name!r} of {part.size} bytes with SHA-256 {part.sha256.hex()} "
            "beside the statement or uploaded before; got neither",
            field="parts",
        )

    def _append(
        self,
        job: Submission,
        judgement: Judgement,
        stored: StoredExchange | None,
        at: datetime,
    ) -> Logged:
        draft, rows = self._draft, self._draft.rows
        uploaded = self._uploaded(job, draft.next_index)
        statement, after, said = job.statement, judgement.exchange, judgement.spoken
        row = draft.next_entry(
            Entry(
                hub_time=at,
                event=Event.STATEMENT,
                actor=statement.author,
                certificate_sha256=job.signed.certificate_sha256,
                directory_size=judgement.directory.size,
                exchange_id=statement.exchange_id,
                payload_digest=statement.digest,
                ruling=judgement.ruling,
                signature_digest=job.signed.signature_digest,
            ),
            statement_row(statement, job.signed, said, _sealed(job)),
        )
        if after is not None and said is not None:
            initial_index = stored.initial_index if stored else row.idx
            before = stored.exchange if stored else None
            visible = statement_visibility(
                row.idx, initial_index, before, after, said, self._released_indexes(before, after)
            )
            rows.feed.extend(visible.feed)
            rows.parties.update(dict.fromkeys(visible.parties))
            if before is None:
                rows.opened[after.id] = exchange_row(statement, row.idx, at)
            draft.keep(StoredExchange(after, initial_index), at)
            if statement.kind.spec.erases:
                rows.erased[after.id] = (after, at)
        else:
            rows.directory_entries.append(DirectoryEntryRow(draft.directory.size, row.idx))
            draft.directory = judgement.directory
        for key, claiming in uploaded.items():
            rows.uploaded += claiming
            del draft.stored.staged[key]
        draft.append(row, at)
        logged = Logged(row.idx, row.entry, row.nonce)
        self._accepted_here[statement.author.agency, statement.id] = (statement.digest, logged)
        return logged

    def _released_indexes(self, before: Exchange | None, after: Exchange) -> dict[bytes, int]:
        digests = {shown.digest for shown in shown_anew(before, after)}
        if not digests:
            return {}
        indexes = log_indexes(self._draft.connection, sorted(digests))
        for row in self._draft.rows.entries:
            # A delivery names a statement, and is not its entry.
            if row.payload_sha256 in digests and row.statement_id is not None:
                indexes[row.payload_sha256] = row.idx
        return indexes


def _off_words(made_at: datetime, now: datetime, past_skew: timedelta) -> str:
    """Say how far the author's time is from the hub's, and which clock to look at."""
    said = f"the statement was made at {made_at:%Y-%m-%d %H:%M} UTC, {_span(abs(made_at - now))}"
    hubs = f"by the hub's clock, which says {now:%Y-%m-%d %H:%M} UTC"
    if made_at > now:
        return f"{said} from now {hubs}: set the author's clock, and send again"
    return (
        f"{said} ago {hubs}; at most {_span(past_skew)} are taken: make it anew, and set the "
        "author's clock if it was made just now"
    )


def _span(span: timedelta) -> str:
    return f"{span.days} days" if span.days else f"{span // timedelta(minutes=1)} minutes"


def _verify_same(statement: Statement, digest: bytes) -> None:
    if digest != statement.digest:
        raise Reason.ID_REUSED.error(
            f"statement id {statement.id} names another statement of "
            f"{statement.author.agency}: {digest.hex()}",
            field="id",
        )


def _sealed(job: Submission) -> bytes | None:
    """The sealed bytes beside a statement, in its order."""
    beside = [job.parts[part.name] for part in job.statement.parts if part.name in job.parts]
    return b"".join(beside) if beside else None
