"""`agency audit prove-split-view|verify-split-view`: convict a log that told two histories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from agency_client.audit.split_views import split_view_from_receipt, split_view_in_evidence
from agency_client.cli import ids
from agency_client.cli.audit import audit
from agency_client.cli.output import print_fields, print_json, say
from agency_client.cli.session import Session, session_of
from exchange_files import check_new, read_given, write_new_file
from exchange_protocol.errors import Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.split_view import (
    SplitViewProof,
    encode_split_view_proof,
    parse_split_view_proof,
    verify_split_view,
)

LogKey = Annotated[
    str | None, typer.Option(metavar="VKEY", help="The log's key; else the profile's.")
]


@audit.command("prove-split-view")
def prove_fork(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The proof.")],
    note: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A signed checkpoint; give two of one size."),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What the client kept of a split view it met."),
    ] = None,
    receipt: Annotated[
        str | None,
        typer.Option(metavar="STATEMENT_ID", help="Hold this receipt against the hub's log now."),
    ] = None,
    log_key: LogKey = None,
) -> None:
    """Make a proof that the log told two histories, for anyone to verify.

    Two signed checkpoints prove it if they have one size and two roots, or if their trees hold two
    leaves at one index. --note takes what `agency audit checkpoint` prints, two times. --evidence
    takes a file of the profile's or the witness's folder state/evidence. --receipt asks the hub
    what its log holds where the receipt says that your statement is.
    """
    session = session_of(context)
    given = [bool(note), evidence is not None, receipt is not None]
    if sum(given) != 1 or (note and len(note) != 2):
        raise typer.BadParameter("expected --note two times, or --evidence, or --receipt")
    check_new(output)
    if note:
        proof = SplitViewProof(read_given(note[0]), read_given(note[1]))
    elif evidence is not None:
        proof = split_view_in_evidence(read_given(evidence))
    else:
        proof = _held_against_hub(session, str(receipt))
    a, b = verify_split_view(proof, _log(session, log_key))
    write_new_file(output, encode_split_view_proof(proof))
    _tell(session, proof, a, b)
    if not session.as_json:
        say(f"Written to {output}. Check it with: agency audit verify-split-view --log-key VKEY")


@audit.command("verify-split-view")
def verify_fork_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Made by `prove-split-view`.")],
    log_key: LogKey = None,
) -> None:
    """Verify a proof that the log told two histories; needs no hub, and ends with 0 if it did."""
    session = session_of(context)
    proof = parse_split_view_proof(read_given(file))
    a, b = verify_split_view(proof, _log(session, log_key))
    _tell(session, proof, a, b)


def _log(session: Session, log_key: str | None) -> LogVerifier:
    return LogVerifier(log_key) if log_key is not None else session.load_profile().log


def _held_against_hub(session: Session, statement_id: str) -> SplitViewProof:
    with session.hub() as hub:
        receipts = {each.statement_id: each for each in hub.outbox.all_receipts()}
        if not any(each.startswith(statement_id) for each in receipts):
            raise Reason.STATEMENT_UNKNOWN.error(
                f"expected a statement that this profile has a receipt for, got {statement_id!r}"
            )
        return split_view_from_receipt(receipts[ids.statement_id(receipts, statement_id)], hub)


def _tell(session: Session, proof: SplitViewProof, a: Checkpoint, b: Checkpoint) -> None:
    if session.as_json:
        print_json(
            {
                "split_view": True,
                "origin": a.origin,
                "a": {"tree_size": a.size, "root": a.root.hex()},
                "b": {"tree_size": b.size, "root": b.root.hex()},
                "leaf_index": proof.leaf.index if proof.leaf else None,
            }
        )
        return
    fields: list[tuple[str, str | Text]] = [("log", a.origin)]
    for name, each in (("a", a), ("b", b)):
        fields.append((name, f"{each.size} entries, root {each.root.hex()}"))
    if proof.leaf is not None:
        fields.append(("entry", f"{proof.leaf.index}: another one in each of the two trees"))
    print_fields(fields)
    say(Text("\nProven: the log's key signed two histories.", "bold red"))
