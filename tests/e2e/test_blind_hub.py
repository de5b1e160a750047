"""The hub, its files, its logs and the network hold no word of a case."""

from __future__ import annotations

import json
from pathlib import Path

from agency_client import Brief, InformationRequest, Item, ReplyDocument
from demo import cast
from tests.support.deployment import COORDINATORS, deploy
from tests.support.hub_process import HubFiles, HubProcess, prepare_hub
from tests.support.wiretap import Wiretap

FILE = "Содержимое вложенного файла, которое хаб не должен увидеть.".encode()


def test_no_word_of_the_case_is_found_in_database_wal_logs_or_network(tmp_path: Path) -> None:
    files = prepare_hub(tmp_path)
    with HubProcess(files) as hub, Wiretap(hub.port) as tap:
        deployment = deploy(files, tap.port)
        subjects = [
            {
                "id": suspect.key,
                "schema": "Person",
                "properties": {"name": [suspect.name], "idNumber": [suspect.iin]},
            }
            for suspect in cast.SUSPECTS
        ]
        with deployment.client("kz.mia/system") as mia:
            sent = mia.request_information(
                to=["uz.fiu"],
                brief=Brief(
                    summary=cast.SUMMARY,
                    registration_number=cast.REGISTRATION_NUMBER,
                    own_reference=cast.SUSPECTS[0].iban,
                ),
                request=InformationRequest(items=(Item.TRANSACTIONS,), facts=cast.FACTS),
                subjects=subjects,
                attachments={"note.txt": FILE},
            )
        exchange = sent.exchange_id
        with deployment.client(COORDINATORS[0]) as coordinator:
            assert coordinator.open(exchange).statements
            coordinator.return_to_author(exchange, question=cast.QUESTION)
        with deployment.client("kz.mia/system") as mia:
            mia.supplement(exchange, brief=cast.ANSWER)
        with deployment.client(COORDINATORS[0]) as coordinator:
            coordinator.approve(exchange)
        with deployment.client("uz.fiu/system") as uz:
            opened = uz.open(exchange)
            read = [entity for each in opened.statements for entity in each.entities()]
            assert [entity["properties"] for entity in read] == [
                subject["properties"] for subject in subjects
            ], "the recipient reads what the hub cannot"
            uz.reply(
                exchange,
                brief=cast.SHELL_COMPANY,
                document=ReplyDocument(text=cast.SUSPECTS[1].iban),
            )
        wal = (files.folder / "hub.db-wal").read_bytes()
        hub.stop()
        held = _everything_the_hub_holds(files) + wal + tap.everything()
        held += "\n".join(hub.lines).encode()

    assert exchange.encode() in held, "the search looks where the exchange is"
    for secret in (*cast.secrets(), FILE.decode()):
        for form in (
            secret.encode(),
            secret.encode("utf-16-le"),
            json.dumps(secret).encode()[1:-1],
        ):
            assert form not in held, f"the hub or the network holds {secret!r}"


def _everything_the_hub_holds(files: HubFiles) -> bytes:
    """Every file below the hub's folder but the clients' own profiles."""
    profiles = files.folder / "profiles"
    return b"".join(
        path.read_bytes()
        for path in sorted(files.folder.rglob("*"))
        if path.is_file() and profiles not in path.parents
    )
