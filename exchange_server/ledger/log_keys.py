"""The keys of the hub's log, as its own directory tells them, and what this hub signs with.

A log goes on under a new key in four steps (docs/keys.md): the hub signs with both keys, the
operating agency publishes the succession, clients learn it, the hub drops the old key. The checks
here refuse a step that is out of its place, before a checkpoint leaves that no client could verify.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import Connection

from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.publish_log_key import PublishLogKey
from exchange_protocol.log.checkpoint import LogSigner, LogVerifier
from exchange_protocol.log.notes import NoteVerifier, SignedNote
from exchange_protocol.log.succession import Succession
from exchange_protocol.rules.wire import parse_statement
from exchange_server.storage.log_rows import read_directory_entries


def followed(connection: Connection, log: LogVerifier) -> LogVerifier:
    """The log with the keys that its directory names; a replay judges who published them.

    Raises:
        HubDishonest: RULE_BROKEN, if the configured key is none of them.
    """
    found = []
    for stored in read_directory_entries(connection):
        signed = stored.opening.statement
        body = parse_statement(signed.payload).body if signed else None
        if isinstance(body, PublishLogKey):
            found.append(Succession(body.predecessor, body.successor, stored.index + 1))
    for before, after in pairwise(found):
        if before.successor != after.predecessor:
            raise Reason.RULE_BROKEN.error(
                f"expected the log's keys to be a chain, got {after.predecessor} after "
                f"{before.successor}"
            )
    return log.following(found) if found else log


def check_published(body: PublishLogKey, signer: LogSigner) -> None:
    """Check that this hub signs with both keys before clients are told of the new one.

    Raises:
        Conflict: OUT_OF_ORDER.
    """
    if signer.vkeys != (body.predecessor, body.successor):
        raise Reason.OUT_OF_ORDER.error(
            "expected the keys with which every hub of this log signs already, "
            f"{' and '.join(signer.vkeys)}; got {body.predecessor} and {body.successor}. Name the "
            "new key as successor_key in [log] of every hub, start them, then publish"
        )


def check_signs(keys: Sequence[str], signer: LogSigner, note: bytes) -> None:
    """Check that this hub signs as the log's directory and newest checkpoint ask for.

    `keys` are the verifier keys that the directory names, oldest first.

    Raises:
        InvalidInput: CONFIG_INVALID.
    """
    if keys and keys[-1] not in signer.vkeys:
        raise _misconfigured(
            f"the log's key is {keys[-1]} by its directory, and this hub signs with "
            f"{' and '.join(signer.vkeys)} alone: name that key in [log]"
        )
    known = {NoteVerifier.from_vkey(each).key_id for each in (*keys, *signer.vkeys)}
    own = [each for each in SignedNote.parse(note).signatures if each.name == signer.origin]
    # A hub signs with its present key first: a successor that was given up again may be missing.
    if own and own[0].key_id not in known:
        raise _misconfigured(
            f"the newest checkpoint is signed by the key with the id {own[0].key_id.hex()}, which "
            "is not configured, and no successor of it is published: every client would refuse "
            "what this hub signs. Put that key back as key in [log], the new one as successor_key, "
            "and publish the succession first"
        )


def _misconfigured(why: str) -> ExchangeError:
    return Reason.CONFIG_INVALID.error(why, field="log")
