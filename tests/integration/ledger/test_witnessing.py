"""Cosignatures: the hub takes them, shows them, and starts by them after a loss."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select, update

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.log.checkpoint import Checkpoint, SignedCheckpoint
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessSigner
from exchange_protocol.log.notes import SignedNote
from exchange_server.ledger.fsck import fsck
from exchange_server.storage import tables
from exchange_server.storage.engine import writing
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import log_signer, log_verifier
from tests.support.statements import KZ_MIA

# Fictional witnesses; the seeds protect nothing.
A, B, C, STRANGER = (
    WitnessSigner(
        f"witness.example/{name}", SoftwareSigner(Ed25519PrivateKey.from_private_bytes(seed * 32))
    )
    for name, seed in (("a", b"a"), ("b", b"b"), ("c", b"c"), ("stranger", b"s"))
)
WITNESSES = WitnessPolicy(1, [each.verifier.vkey for each in (A, B, C)])


@pytest.fixture
async def watched(office: Office) -> Office:
    """An office whose hub knows three witnesses."""
    office.witnesses = WITNESSES
    await office.reopen()
    return office


def cosigned(office: Office, note: bytes, *witnesses: WitnessSigner, ahead: int = 0) -> bytes:
    signed = SignedNote.parse(note)
    at = office.clock() + timedelta(seconds=ahead)
    lines = [each.cosign(signed.text, at) for each in witnesses]
    return SignedNote(signed.text, (*signed.signatures[:1], *lines)).encode()


async def newest(office: Office) -> bytes:
    return (await office.reader.tree_head(0)).note


async def grow(office: Office) -> bytes:
    """One more entry; gives the checkpoint."""
    await office.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    return await newest(office)


async def shown(office: Office) -> list[tuple[int, list[str]]]:
    """Sizes of the cosigned checkpoints that the hub shows, and by whom they are cosigned."""
    _, notes = await office.reader.checkpoint(0)
    found = []
    for note in notes:
        log_verifier().verify(note)
        names = [each.witness for each in WITNESSES.cosignatures(note)]
        found.append(
            (
                SignedCheckpoint.parse(note).checkpoint.size,
                [name.removeprefix("witness.example/") for name in names],
            )
        )
    return found


async def cosignature_refused(office: Office, note: bytes) -> str:
    with pytest.raises(ExchangeError) as caught:
        await office.ledger.add_cosignature(note)
    assert caught.value.reason is Reason.COSIGNATURE_INVALID
    return caught.value.message


async def test_cosignature_of_a_named_witness_is_shown_with_its_checkpoint(watched: Office) -> None:
    note = await newest(watched)
    assert await shown(watched) == []
    await watched.ledger.add_cosignature(cosigned(watched, note, A))
    size = SignedCheckpoint.parse(note).checkpoint.size
    assert await shown(watched) == [(size, ["a"])]
    await watched.ledger.add_cosignature(cosigned(watched, note, B))
    assert await shown(watched) == [(size, ["a", "b"])]
    await watched.reopen()
    assert await shown(watched) == [(size, ["a", "b"])]


async def test_newest_with_more_witnesses_stays_beside_a_newer_with_fewer(watched: Office) -> None:
    first = await newest(watched)
    size = SignedCheckpoint.parse(first).checkpoint.size
    await watched.ledger.add_cosignature(cosigned(watched, first, A, B))
    second, third = await grow(watched), await grow(watched)
    await watched.ledger.add_cosignature(cosigned(watched, second, A))
    assert await shown(watched) == [(size + 1, ["a"]), (size, ["a", "b"])]
    await watched.ledger.add_cosignature(cosigned(watched, third, A))
    assert await shown(watched) == [(size + 2, ["a"]), (size, ["a", "b"])]
    await watched.ledger.add_cosignature(cosigned(watched, third, B, C))
    assert await shown(watched) == [(size + 2, ["a", "b", "c"])]


async def test_newer_cosignature_replaces_an_older_and_never_the_other_way(watched: Office) -> None:
    note = await newest(watched)
    for ahead in (0, 60, 30):
        await watched.ledger.add_cosignature(cosigned(watched, note, A, ahead=ahead))
    _, [kept] = await watched.reader.checkpoint(0)
    [found] = WITNESSES.cosignatures(kept)
    assert found.at >= (watched.clock() + timedelta(seconds=50)).replace(microsecond=0)


async def test_what_no_named_witness_signed_is_refused(watched: Office) -> None:
    note = await newest(watched)
    assert "got 0" in await cosignature_refused(watched, note)
    assert "got 0" in await cosignature_refused(watched, cosigned(watched, note, STRANGER))
    good = cosigned(watched, note, A)
    spoilt = good[:-5] + (b"AQ==\n" if good.endswith(b"AA==\n") else b"AA==\n")
    assert "not good" in await cosignature_refused(watched, spoilt)
    assert "expected a time up to" in await cosignature_refused(
        watched, cosigned(watched, note, A, ahead=999)
    )
    assert "a note is text" in await cosignature_refused(watched, b"noise")
    assert await shown(watched) == []


async def test_checkpoint_that_is_not_of_the_committed_tree_is_refused(watched: Office) -> None:
    """Even with the log's own key: no other history gets witnesses through this hub."""
    head = SignedCheckpoint.parse(await newest(watched)).checkpoint
    for size, words in ((head.size, "another root"), (head.size + 1, f"at most {head.size}")):
        other = log_signer().sign(Checkpoint(head.origin, size, bytes(32)))
        assert words in await cosignature_refused(watched, cosigned(watched, other, A))
    assert await shown(watched) == []


async def test_hub_without_witnesses_takes_no_cosignature(office: Office) -> None:
    assert "no witnesses" in await cosignature_refused(
        office, cosigned(office, await newest(office), A)
    )


async def test_lines_of_strangers_are_not_passed_on(watched: Office) -> None:
    await watched.ledger.add_cosignature(cosigned(watched, await newest(watched), A, STRANGER))
    _, [note] = await watched.reader.checkpoint(0)
    names = [line.name for line in SignedNote.parse(note).signatures]
    assert names == [log_signer().origin, "witness.example/a"]


async def test_fsck_finds_a_cosignature_of_another_tree(watched: Office) -> None:
    note = await newest(watched)
    await watched.ledger.add_cosignature(cosigned(watched, note, A))
    await watched.close()
    head = SignedCheckpoint.parse(note).checkpoint
    other = log_signer().sign(Checkpoint(head.origin, head.size, bytes(32)))
    kept = cosigned(watched, note, A)
    for wrong, words in ((other, "another root"), (b"noise", "a note is text")):
        with writing(watched.engine) as connection:
            connection.execute(update(tables.cosignatures).values(note=wrong))
        report = fsck(watched.engine, watched.mail.cast.anchors, log_verifier())
        assert [each.what for each in report.findings] == ["cosignatures"]
        assert words in report.findings[0].detail
    with writing(watched.engine) as connection:
        connection.execute(update(tables.cosignatures).values(note=kept))
        [tile] = connection.execute(select(tables.log_tiles)).mappings()
        connection.execute(delete(tables.log_tiles))
    damaged = fsck(watched.engine, watched.mail.cast.anchors, log_verifier())
    assert "cosignatures" in {each.what for each in damaged.findings}
    with writing(watched.engine) as connection:
        connection.execute(tables.log_tiles.insert(), dict(tile))


async def test_hub_whose_log_is_smaller_than_witnesses_saw_it_does_not_start(
    watched: Office,
) -> None:
    await watched.ledger.add_cosignature(cosigned(watched, await newest(watched), A))
    size = watched.ledger.tree_size
    await watched.close()
    # As after a restore of the log's tables from an older copy than that of the cosignatures.
    with writing(watched.engine) as connection:
        connection.execute(update(tables.cosignatures).values(tree_size=size + 5))
    with pytest.raises(ExchangeError, match=f"cosigned its tree of {size + 5}") as caught:
        await watched.open()
    assert caught.value.reason is Reason.CONFIG_INVALID
    with writing(watched.engine) as connection:
        connection.execute(update(tables.cosignatures).values(tree_size=size))
    await watched.open()
