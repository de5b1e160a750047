"""The log as static files: whoever has the C2SP documents alone finds the tree that was signed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.tiles import parse_entry_bundle
from exchange_server.ledger.static_log import ExportedLog, export_log
from exchange_server.storage import tables
from exchange_server.storage.engine import writing
from tests.integration.ledger.conftest import Office
from tests.integration.ledger.test_witnessing import WITNESSES, A, cosigned, newest
from tests.support.hub_data import caller, log_signer, log_verifier
from tests.support.statements import KZ_MIA

FILLING = 600


@pytest.fixture
async def grown(office: Office) -> Office:
    """An office with a log of more than two full tiles."""
    await fill(office, FILLING)
    return office


async def fill(office: Office, entries: int) -> None:
    """Add denials: the cheapest entries; an agency may cause 600 an hour."""
    who, refusal = caller(KZ_MIA), Reason.NOT_A_PARTY.error("fictional")
    await asyncio.gather(*(office.ledger.deny(who, "FetchPart", refusal) for _ in range(entries)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder to export to; the database is elsewhere."""
    made = tmp_path / "log"
    made.mkdir()
    return made


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def export(office: Office, folder: Path, log: LogVerifier | None = None) -> ExportedLog:
    return export_log(office.engine, log or log_verifier(), folder)


def mth(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, written anew: what is judged here does not judge itself."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + mth(hashes[:split]) + mth(hashes[split:])).digest()


def read_tile(folder: Path, kind: str, index: int, count: int) -> bytes:
    """A tile of a log with so many hashes or entries of this kind."""
    width = min(256, count - 256 * index)
    return (folder / f"tile/{kind}/{index:03d}{'' if width == 256 else f'.p/{width}'}").read_bytes()


async def test_files_hash_to_the_signed_root(grown: Office, folder: Path) -> None:
    size = grown.ledger.tree_size
    assert export(grown, folder) == ExportedLog(size, 7, 0, 0)
    origin, count, root, *_ = (folder / "checkpoint").read_text().split("\n")
    assert (origin, int(count)) == (log_verifier().origin, size)
    leaves = []
    for index in range(-(-size // 256)):
        bundle = read_tile(folder, "entries", index, size)
        hashes = [hashlib.sha256(b"\x00" + data).digest() for data in parse_entry_bundle(bundle)]
        assert b"".join(hashes) == read_tile(folder, "0", index, size)
        leaves += hashes
    above = [mth(leaves[at : at + 256]) for at in range(0, size - 255, 256)]
    assert b"".join(above) == read_tile(folder, "1", 0, len(above))
    assert base64.b64encode(mth(leaves)).decode() == root


async def test_a_tool_that_others_wrote_reads_the_same_log(grown: Office, folder: Path) -> None:
    """tlog-scales has the C2SP documents and our keys, and nothing else of ours."""
    grown.witnesses = WITNESSES
    await grown.reopen()
    await grown.ledger.add_cosignature(cosigned(grown, await newest(grown), A))
    export(grown, folder)
    reader = TilesReader(LocalBackend(folder))
    checkpoint = reader.get_checkpoint()
    for vkey in (log_verifier().vkey, A.verifier.vkey):
        checkpoint.verify(Vkey.from_string(vkey))
    assert (checkpoint.origin, checkpoint.size) == (log_verifier().origin, grown.ledger.tree_size)
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for index in {0, 255, 256, 511, 512, checkpoint.size - 1, *range(0, checkpoint.size, 29)}:
        leaf = leaf_hash(reader.get_entry(index))
        reader.get_inclusion_proof(index, checkpoint.size).check(leaf, checkpoint.root_hash)
    for size in (1, 255, 256, 257, 512, checkpoint.size - 1):
        proof = reader.get_consistency_proof(size, checkpoint.size)
        proof.check(reader.mth(0, size), checkpoint.root_hash)


async def test_an_export_is_extended_and_full_tiles_stay(grown: Office, folder: Path) -> None:
    first = export(grown, folder)
    tile = folder / "tile/0/000"
    before = tile.stat().st_mtime_ns, tile.read_bytes()
    assert export(grown, folder) == ExportedLog(first.size, 0, first.written, 0)
    grown.clock.forward(timedelta(hours=2))
    await fill(grown, 300)
    second = export(grown, folder)
    assert second.size == first.size + 300
    assert second.kept >= 4
    assert (tile.stat().st_mtime_ns, tile.read_bytes()) == before
    assert not [name for name in names(folder) if name.endswith(".part")]


async def test_the_checkpoint_carries_the_lines_of_witnesses(office: Office, folder: Path) -> None:
    office.witnesses = WITNESSES
    await office.reopen()
    await office.ledger.add_cosignature(cosigned(office, await newest(office), A))
    assert export(office, folder).cosignatures == 1
    assert WITNESSES.verify((folder / "checkpoint").read_bytes())[0].witness == A.verifier.name


async def test_an_empty_log_has_a_checkpoint_and_no_tiles(
    bare_office: Office, folder: Path
) -> None:
    assert export(bare_office, folder) == ExportedLog(0, 0, 0, 0)
    assert names(folder) == ["checkpoint"]


async def test_another_log_and_a_changed_tile_are_left_as_they_are(
    grown: Office, folder: Path
) -> None:
    export(grown, folder)
    note = (folder / "checkpoint").read_bytes()
    stranger = LogSigner(log_verifier().origin, SoftwareSigner.generate_ed25519())
    with pytest.raises(ExchangeError, match="expected one signature by"):
        export(grown, folder, LogVerifier(stranger.vkey))
    (folder / "tile/0/001").write_bytes(bytes(8192))
    with pytest.raises(ExchangeError, match="differs from the log's"):
        export(grown, folder)
    assert (folder / "checkpoint").read_bytes() == note


async def test_a_folder_with_other_files_is_refused(office: Office, folder: Path) -> None:
    (folder / "letter.txt").write_text("fictional")
    with pytest.raises(ExchangeError, match="it holds other files"):
        export(office, folder)
    assert names(folder) == ["letter.txt"]


@pytest.mark.parametrize(
    ("more", "said"), [(1, "entries of this log, the database only"), (-1, "does not extend")]
)
async def test_a_checkpoint_that_this_log_does_not_extend_stays_as_evidence(
    grown: Office, folder: Path, more: int, said: str
) -> None:
    export(grown, folder)
    size = grown.ledger.tree_size + more
    forked = log_signer().sign(Checkpoint(log_verifier().origin, size, bytes(32)))
    (folder / "checkpoint").write_bytes(forked)
    with pytest.raises(ExchangeError, match=said):
        export(grown, folder)
    assert (folder / "checkpoint").read_bytes() == forked


async def test_missing_rows_are_named_and_no_checkpoint_is_written(
    bare_office: Office, folder: Path
) -> None:
    await bare_office.found()
    engine = bare_office.engine
    with writing(engine) as connection:
        kept = connection.execute(tables.log_tiles.select()).all()
        connection.execute(update(tables.log_tiles).values(hashes=b""))
    with pytest.raises(ExchangeError, match="tile 0 of level 0 is damaged"):
        export(bare_office, folder)
    assert not (folder / "checkpoint").exists()
    with writing(engine) as connection:
        connection.execute(delete(tables.log_tiles))
        connection.execute(tables.log_tiles.insert(), [row._asdict() for row in kept])


async def test_a_bundle_is_served_as_it_is_exported(grown: Office, folder: Path) -> None:
    export(grown, folder)
    size = grown.ledger.tree_size
    for index in (0, 2):
        assert await grown.reader.entry_bundle(index) == read_tile(folder, "entries", index, size)
    for index in (3, 2**55, 2**64 - 1):
        with pytest.raises(ExchangeError) as refused:
            await grown.reader.entry_bundle(index)
        assert refused.value.reason is Reason.ENTRY_UNKNOWN
