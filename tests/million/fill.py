"""Fill a hub of an earlier version: run by path, with that version's code on PYTHONPATH.

Every statement is signed and judged, and every entry goes through that version's own ledger; only
the disk is not waited for. What is asked is small, and a batch has one signature.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from benchmarks.letters import AUTHOR, RECIPIENT, Office
from benchmarks.seeding import found
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.rules.statements import BRIEF
from exchange_server.bootstrap import load_credentials, utc_now
from exchange_server.ledger import Ledger
from exchange_server.storage.engine import open_engine
from tests.support.hub_data import sealed
from tests.support.hub_process import HubFiles, prepare_hub
from tests.support.statements import fictional_cast

if TYPE_CHECKING:
    # The earlier version has it in another module.
    from exchange_protocol.rules.signed_statements import SignedStatement

AT_ONCE = 256
CONTENT_BYTES = 32


@event.listens_for(Engine, "connect")
def _without_waiting(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def _batches(office: Office, count: int) -> Iterator[tuple[list[SignedStatement], bytes]]:
    """Requests with one sealed part, signed by batches."""
    model = office._model
    draft = model.compose(AUTHOR, Kind.INFORMATION_REQUEST.body(), to=[RECIPIENT.agency])
    draft, made = sealed(model.cast, draft, BRIEF, secrets.token_bytes(CONTENT_BYTES))
    ids = (model.new_id() for _ in range(count))
    while some := list(islice(ids, AT_ONCE)):
        now = utc_now()
        drafts = [replace(draft, id=one, exchange_id=one, made_at=now) for one in some]
        # A batch has two statements or more.
        signed = model.sign_batch(drafts) if drafts[1:] else [model.sign(drafts[0])]
        yield signed, made


async def fill(files: HubFiles, entries: int) -> None:
    """Fill an empty log."""
    office = Office()
    await found(files, office)
    credentials = load_credentials(files.config, {}, utc_now)
    engine = open_engine(files.database_url)
    ledger = await Ledger.open(
        engine,
        anchors=credentials.anchors,
        signer=credentials.signer,
        clock=utc_now,
        revocations=credentials.revocations,
    )
    began = told = time.monotonic()
    for signed, made in _batches(office, entries - ledger.tree_size):
        await asyncio.gather(
            *(ledger.submit(office.caller, one, {BRIEF: made}, 0) for one in signed)
        )
        if time.monotonic() - told > 30:
            told = time.monotonic()
            print(f"{ledger.tree_size} entries, {told - began:.0f} s", flush=True)
    print(f"{ledger.tree_size} entries", flush=True)
    await ledger.close()
    engine.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("entries", type=int)
    given = parser.parse_args()
    authority = fictional_cast().authority
    place = prepare_hub(given.folder, authority=authority)
    # The authority of the fictional region ends with this process; its list and root must stay.
    for name in ("root.pem", "crl.pem"):
        (given.folder / name).write_bytes((authority.directory / name).read_bytes())
    text = place.config_file.read_text("utf-8").replace(f"{authority.directory}/", "")
    place.config_file.write_text(text, "utf-8")
    (given.folder / "log.vkey").write_text(place.log_vkey, "utf-8")
    sys.exit(asyncio.run(fill(place, given.entries)))
