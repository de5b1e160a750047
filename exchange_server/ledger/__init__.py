"""The ledger: the log, what changes it (`Ledger`), and what may be read of it (`Reader`).

Durability: what is on disk when, what a crash leaves at each step, and how the hub recovers. The
code cites the numbers.

1. Arrival. A statement is parsed, its form and the parts beside it are checked (`jobs`), and it
   waits in memory (`intake`). Large parts were uploaded before, each chunk in a transaction of its
   own (`staging`).
   On disk: the chunks. A crash loses the waiting statement and nothing else; its author got no
   answer, and its outbox sends the same bytes again.
2. Turn. The writer takes a batch of requests and begins a transaction, which locks the head of the
   log (SQLite: BEGIN IMMEDIATE; PostgreSQL: the row of `log_head`). If another hub has moved the
   head, its state is read (`state.refresh`).
   On disk: nothing new. A crash ends the connection, and with it the transaction and the lock.
3. Judgement. Each request is judged against the draft of the batch (`batch`, `draft`), in memory.
   On disk: nothing new.
4. Writing. The rows of all requests, the tiles of the tree, and the head with the newly signed
   checkpoint are written, in this order and in the same transaction.
   A crash rolls them back. The checkpoint was signed and shown to nobody.
5. Commit. SQLite syncs its write-ahead log (synchronous=FULL); PostgreSQL flushes its own, and
   waits for the synchronous standby where there is one.
   On disk from here on, together: statements, entries, tiles, head, what each agency sees. A crash
   during the commit leaves all of the batch or nothing. If the commit fails, the hub cannot know
   which, and answers the batch with UNAVAILABLE: "not known to be stored".
6. Answer. The state in memory is moved to the new head, receipts are made from it (`receipts`),
   and only now is anyone answered.
   A crash between commit and answer leaves statements stored whose authors do not know it. They
   send the same bytes again and get the original entry (`acceptance`).
7. Disclosure. A delivery or an inspection takes the same steps. The part or the page leaves the hub
   after step 6, so each disclosure is on the log, whenever the hub crashes.
8. Recovery, at the start and after every failed transaction. Nothing is repaired, since nothing is
   kept outside the database. The state is read anew and checked: the checkpoint is signed by the
   log's key and says the head's size and root, the tiles at the tree's edge have that root, the
   directory folds (`state.restore`). At the start a file of SQLite is also read from its first
   entry to its last: they give the root of the head, and each statement has its entry
   (`start_check`). A hub does not serve a database that fails a check.
9. Old copies. A database that was restored from an old copy passes every check of step 8. Three
   things stop the hub: the checkpoint that it noted beside the file of SQLite (`start_check`), the
   cosignatures in the database, and the witnesses, who remember more (`witnessing`).
10. Erasure. Content is deleted in the transaction of its notice. SQLite keeps old pages in its
   write-ahead log until that is emptied, after the batch; if the hub crashes before, at the next
   start (`Committer.forget_old_pages`).

The modules:

    ledger, submitter    all ways to change the log; statements on their way to the writer
    jobs, room, routes   requests to the writer; room for content; routes planned ahead
    intake, writer       requests wait for their turn; the thread that takes them
    committer, state     transactions on the log; the state that a batch starts from
    batch, draft, acceptance, disclosure
                         a batch in hand: statements, deliveries and inspections are judged
    projection, batch_rows, retention
                         the rows that an entry makes; content that is forgotten in time
    receipts, values     proofs for the answers; limits, answers and rows of lists
    staging              uploads before their statement
    reader, audit        what may be read; what an auditor may open
    witnessing, log_keys cosignatures; the keys of the log
    upkeep, start_check, touched_file
                         the file is guarded and looked at
    fsck, findings, part_check, expected_rows, replayed_rows
                         the hub's own check of its database
    static_log           the log as files

The path of one statement through the code, top to bottom: `Ledger.submit` and `Submitter.submit`
(1), `Intake.enqueue` (1), `Writer._serve` (2), `Committer.commit` (2), `Batch.admit` and `draft`
(3), `Batch.write` (4), the end of `Committer._commit` (5, 6), `Receipts` (6).
"""

from __future__ import annotations

from exchange_server.ledger.ledger import Ledger
from exchange_server.ledger.reader import Reader
from exchange_server.ledger.staging import StagedPart
from exchange_server.ledger.values import (
    Accepted,
    FeedPosition,
    Finding,
    FsckReport,
    LeavesPage,
    LedgerLimits,
    PartHandle,
    TreeHead,
)

__all__ = [
    "Accepted",
    "FeedPosition",
    "Finding",
    "FsckReport",
    "LeavesPage",
    "Ledger",
    "LedgerLimits",
    "PartHandle",
    "Reader",
    "StagedPart",
    "TreeHead",
]
