"""The targets: each feeds bytes to one parser, of which our errors alone may come out.

A body of a statement is fuzzed inside a statement that is good otherwise, so that the bytes reach
the parser of their kind. Seeds are made here, so that they follow the code.
"""

from __future__ import annotations

import atexit
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from google.protobuf.message import DecodeError

from agency_client.content.document_reading import parse_brief, parse_content
from agency_client.content.documents import Brief
from agency_client.content.entities import parse_entities, read_entities
from agency_client.content.fields_file import read_fields
from agency_client.content.file_names import parse_index
from agency_client.content.forms import DateForm, NumberForm
from agency_client.content.input_documents import read_input_document
from agency_client.content.strict_json import parse_json
from agency_client.content.table_import import entities_from_csv
from agency_client.evidence import verify as script
from agency_client.evidence.timestamp import verify_stamp
from agency_client.state.hub_target import parse_target
from agency_client.state.profile import Profile
from exchange_keys.requests import parse_request
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier, SignedCheckpoint
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessVerifier
from exchange_protocol.log.notes import SignedNote
from exchange_protocol.log.split_view import parse_split_view_proof
from exchange_protocol.log.tiles import parse_entry_bundle
from exchange_protocol.record.entries import parse_entry, parse_opening
from exchange_protocol.record.receipts import parse_proven_entry
from exchange_protocol.rules.policy import Policy
from exchange_protocol.rules.signed_statements import batch_of, parse_signed_statement
from exchange_protocol.rules.wire import parse_statement
from exchange_protocol.trust.certificates import (
    RevocationList,
    Revocations,
    TrustAnchors,
    Usage,
    parse_certificate,
    verify_certificate,
)
from exchange_protocol.trust.identity import parse_agency_id, parse_identity, parse_member
from exchange_protocol.v1 import log_pb2, statement_pb2
from exchange_server.config import load_config
from tests.support.signed_logs import LOG
from tests.support.statements import KZ_MIA, POLICY, Hub, fictional_cast

_DER: Final = Encoding.DER
_NO_MESSAGE: Final = DecodeError
AT: Final = datetime(2026, 11, 2, 12, tzinfo=UTC)
_MADE: Final = tempfile.TemporaryDirectory(prefix="exchange-fuzz-")
atexit.register(_MADE.cleanup)
_FOLDER: Final = Path(_MADE.name)


@dataclass(frozen=True)
class Target:
    """A parser, and inputs that it takes or nearly takes."""

    run: Callable[[bytes], Any]
    seeds: tuple[bytes, ...]

    def __call__(self, data: bytes) -> None:
        """Feed it; what is refused in our own words is as good as what is taken."""
        with suppress(ExchangeError, script.Failed):
            self.run(data)


def targets() -> dict[str, Target]:
    """Every target by its name."""
    return {**_bodies(), **_protocol(), **_trust(), **_client(), **_script(), **_hub()}


# --- Statements ----------------------------------------------------------------------------------


@cache
def _log() -> Hub:
    hub = Hub(fictional_cast())
    asked = hub.say(KZ_MIA, Kind.INFORMATION_REQUEST.body(), to=["kz.fma"])
    assert asked.id
    return hub


@cache
def _statements() -> tuple[statement_pb2.Statement, ...]:
    return tuple(
        statement_pb2.Statement.FromString(each.statement.payload)
        for each in _log().log
        if each.statement is not None
    )


def _field(number: int, data: bytes) -> bytes:
    """A field of bytes, as protobuf writes it."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _bodies() -> dict[str, Target]:
    found = {}
    oneof = statement_pb2.Statement.DESCRIPTOR.oneofs_by_name["body"]
    for field in oneof.fields:
        like = next(
            (each for each in _statements() if each.HasField(field.name)),  # type: ignore[arg-type]
            _statements()[-1],
        )
        plain = statement_pb2.Statement()
        plain.CopyFrom(like)
        seed = b""
        if plain.HasField(field.name):  # type: ignore[arg-type]
            seed = getattr(plain, field.name).SerializeToString(deterministic=True)
        plain.ClearField("body")
        head = plain.SerializeToString(deterministic=True)
        found[f"body_{field.name}"] = Target(
            partial(_statement, head, field.number), (seed, b"", b"\x08\x01", b"\x0a\x04text")
        )
    return found


def _statement(head: bytes, number: int, body: bytes) -> None:
    # Protobuf writes fields by number, and ours are read in that spelling alone.
    for payload in (head + _field(number, body), _field(number, body) + head):
        with suppress(ExchangeError):
            parse_statement(payload)


# --- The protocol --------------------------------------------------------------------------------


def _protocol() -> dict[str, Target]:
    opened = next(each for each in reversed(_log().log) if each.statement is not None)
    assert opened.statement is not None
    message = log_pb2.CommitmentOpening(entry=opened.entry, nonce=opened.nonce)
    note = b"hub.example/log\n7\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 hub.example/log AAAAAAA=\n"
    proof = json.dumps({"format": "caricc-exchange/split-view", "version": 1}).encode()
    return {
        "statement": Target(parse_statement, (opened.statement.payload,)),
        "signed_statement": Target(_signed, (_signed_bytes(),)),
        "batch_inclusion": Target(batch_of, (b"\x08\x01\x10\x02\x1a\x20" + bytes(32), b"")),
        "entry": Target(parse_entry, tuple(each.entry for each in _log().log[-4:])),
        "opening": Target(_opening, (message.SerializeToString(),)),
        "proven_entry": Target(
            _proven, (log_pb2.ProvenEntry(opening=message, index=3).SerializeToString(),)
        ),
        "note": Target(SignedNote.parse, (note,)),
        "checkpoint": Target(Checkpoint.parse, (note.partition(b"\n\n")[0] + b"\n",)),
        "signed_checkpoint": Target(SignedCheckpoint.parse, (note,)),
        "log_verifier": Target(LOG.verify, (note,)),
        "log_vkey": Target(_text(LogVerifier), (LOG.vkey.encode(),)),
        "witness_vkey": Target(_text(WitnessVerifier.from_vkey), (LOG.vkey.encode(),)),
        "witness_policy": Target(
            lambda data: WitnessPolicy(1, data.decode("utf-8", "replace").split()),
            (LOG.vkey.encode(),),
        ),
        "split_view_proof": Target(parse_split_view_proof, (proof,)),
        "entry_bundle": Target(parse_entry_bundle, (b"\x00\x02ab\x00\x01c",)),
        "agency_id": Target(_text(parse_agency_id), (b"kz.mia", "kz.\u0441\u0440".encode())),
        "member": Target(_text(parse_member), (KZ_MIA.uri.encode(),)),
        "identity": Target(_text(parse_identity), (KZ_MIA.uri.encode(), b"spiffe://x/hub/main")),
        "policy": Target(_text(Policy.compile), (POLICY[:3000].encode(), b"permit(a,b,c);")),
    }


def _signed_bytes() -> bytes:
    return statement_pb2.SignedStatement(
        payload=b"x",
        signatures=[statement_pb2.Signature(certificate_sha256=bytes(32), signature=b"y")],
    ).SerializeToString()


def _signed(data: bytes) -> None:
    with suppress(_NO_MESSAGE):
        parse_signed_statement(statement_pb2.SignedStatement.FromString(data))


def _opening(data: bytes) -> None:
    with suppress(_NO_MESSAGE):
        parse_opening(log_pb2.CommitmentOpening.FromString(data))


def _proven(data: bytes) -> None:
    with suppress(_NO_MESSAGE):
        parse_proven_entry(log_pb2.ProvenEntry.FromString(data))


def _text(parse: Callable[[str], Any]) -> Callable[[bytes], Any]:
    return lambda data: parse(data.decode("utf-8", "replace"))


# --- Certificates --------------------------------------------------------------------------------


def _trust() -> dict[str, Target]:
    cast = fictional_cast()
    root, anchors = cast.authority.root_pem(), cast.anchors
    crl = cast.authority.crl_pem()
    der = anchors.certificates[0].public_bytes(_DER)
    leaf = cast.authority.issue_member(KZ_MIA, Usage.TLS_CLIENT, now=AT)
    leaf_der = leaf.certificate.public_bytes(_DER)
    made = {
        "certificate": Target(parse_certificate, (der, leaf_der, *odd_names(der))),
        "roots_pem": Target(TrustAnchors.from_pem, (root, *map(_pem, odd_names(der)))),
        "chain": Target(
            lambda data: verify_certificate(data, [der], anchors, usage=Usage.TLS_CLIENT, at=AT),
            (leaf_der, *odd_names(leaf_der)),
        ),
        "crl_pem": Target(lambda data: Revocations.from_pem(data, anchors), (crl,)),
        "certificate_request": Target(parse_request, (b'{"format": "x"}',)),
        "time_stamp": Target(
            lambda data: verify_stamp(data, b"note", anchors), (b"\x30\x03\x02\x01\x00",)
        ),
    }
    crl_der = _crl_der(crl)
    made["crl_der"] = Target(
        lambda data: RevocationList.from_der(data, anchors), (crl_der, *odd_names(crl_der))
    )
    return made


def _crl_der(pem: bytes) -> bytes:
    return x509.load_pem_x509_crl(pem).public_bytes(_DER)


def _pem(der: bytes) -> bytes:
    return script.pem(der)


def _empty_zip() -> bytes:
    return b"PK\x05\x06" + bytes(18)


def odd_names(der: bytes) -> Iterator[bytes]:
    """The same bytes with a name's text as a BIT STRING, which made the library raise TypeError."""
    for tag in (0x0C, 0x13):
        at = der.find(bytes([tag]), 20)
        while 0 <= at < len(der) - 2:
            yield der[:at] + b"\x03" + der[at + 1 :]
            at = der.find(bytes([tag]), at + 1)


# --- The client ----------------------------------------------------------------------------------


def _client() -> dict[str, Target]:
    entity = b'{"id": "a", "schema": "Person", "properties": {"name": ["N"]}}'
    mapping = (
        b"entities:\n  p:\n    schema: Person\n    keys: [n]\n    properties:\n"
        b"      name: {column: n}\n"
    )
    document = b'summary: "x"\nurgency_reason: "y"\n'
    return {
        "brief": Target(parse_brief, (b'{"version":1,"summary":"x"}',)),
        "content": Target(parse_content, (b'{"version":1,"type":"referral"}',)),
        "entities": Target(lambda data: list(parse_entities(data)), (entity + b"\n",)),
        "entity_file": Target(_file("e.json", read_entities), (entity, b"[" + entity + b"]")),
        "json": Target(_json, (b'{"a": [1, 2.5e3, null]}', b'{"a":1,"a":2}')),
        "fields_yaml": Target(_file("f.yaml", read_fields), (document, mapping)),
        "fields_json": Target(_file("f.json", read_fields), (b'{"summary": "x"}',)),
        "input_document": Target(
            _file("d.yaml", lambda path: read_input_document(path, Brief)), (document,)
        ),
        "mapping": Target(_table_by_mapping, (mapping,)),
        "table": Target(
            _table, (b"n,d\nA,2026-01-02\n", "n;d\n\u0418\u0432\u0430\u043d;1,5\n".encode("cp1251"))
        ),
        "attachments": Target(lambda data: parse_index(data, ["a0"]), (b'{"a0": "name.pdf"}',)),
        "date_form": Target(_text(DateForm.parse), (b"DD.MM.YYYY",)),
        "strptime_form": Target(_text(DateForm.parse_strptime), (b"%d.%m.%Y",)),
        "number_form": Target(_text(NumberForm.parse), (b"1 000,5",)),
        "hub_address": Target(_text(parse_target), (b"hub.example:8443", b"[::1]:8443")),
        "profile": Target(_profile, (b'hub = "localhost:8443"\n[log]\nvkey = "x"\n',)),
    }


def _json(data: bytes) -> None:
    # Whoever calls it turns this into an error that says where the text stands.
    with suppress(ValueError):
        parse_json(data)


def _file(name: str, read: Callable[[Path], Any]) -> Callable[[bytes], Any]:
    def run(data: bytes) -> None:
        path = _FOLDER / name
        path.write_bytes(data)
        read(path)

    return run


def _table(data: bytes) -> None:
    table, mapping = _FOLDER / "t.csv", _FOLDER / "t.yaml"
    table.write_bytes(data)
    mapping.write_bytes(
        b"entities:\n  p:\n    schema: Person\n    keys: [n]\n    properties:\n"
        b"      name: {column: n}\n      birthDate: {column: d}\n"
    )
    list(entities_from_csv(table, mapping))


def _table_by_mapping(data: bytes) -> None:
    table, mapping = _FOLDER / "m.csv", _FOLDER / "m.yaml"
    table.write_bytes(b"n,d\nA,2026-01-02\n")
    mapping.write_bytes(data)
    list(entities_from_csv(table, mapping))


def _profile(data: bytes) -> None:
    folder = _FOLDER / "profile"
    folder.mkdir(exist_ok=True)
    (folder / "profile.toml").write_bytes(data)
    Profile.load(folder, b"fictional passphrase")


# --- The script of evidence, and the hub ---------------------------------------------------------


def _script() -> dict[str, Target]:
    proof = b"c2sp.org/tlog-proof@v1\nindex 3\n" + b"A" * 43 + b"=\n\nnote"
    entry = _log().log[-1].entry
    return {
        "script_archive": Target(_file("e.zip", script.Archive), (_empty_zip(),)),
        "script_manifest": Target(
            script.parse_manifest,
            (b'{"format": "caricc-exchange/evidence", "version": 1, "files": {}}',),
        ),
        "script_note": Target(script.Note, (b"a\n\n\xe2\x80\x94 a AAAAAAA=\n",)),
        "script_proof": Target(script.parse_tlog_proof, (proof,)),
        "script_fields": Target(script.fields, (entry,)),
        "script_entry": Target(lambda data: script.Entry(3, data), (entry,)),
        "script_batch": Target(lambda data: script.parse_batch(data, "x"), (b"1\n2\n",)),
    }


def _hub() -> dict[str, Target]:
    text = b'[tls]\ncertificate = "a"\n[database]\nurl = "sqlite:///hub.db"\n'
    return {
        "hub_config": Target(_file("hub.toml", lambda path: load_config(path, {})), (text,)),
        "hub_variable": Target(
            lambda data: load_config(
                _FOLDER / "none.toml", {"EXCHANGE_LISTEN_PORT": data.decode("utf-8", "replace")}
            ),
            (b"8443",),
        ),
    }


def sample(name: str, seeds: tuple[bytes, ...], count: int) -> Iterator[bytes]:
    """Give the seeds, and so many mutated ones: the same in every run."""
    yield from seeds
    chance = random.Random(name)  # noqa: S311 -- repeatable, no secret
    for _ in range(count):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            _change(data, chance, seeds)
        yield bytes(data)


def _change(data: bytearray, chance: random.Random, seeds: tuple[bytes, ...]) -> None:
    at = chance.randrange(len(data) + 1)
    match chance.randrange(7):
        case 0 if data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        case 1 if data:
            data[at % len(data)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x22, 0x0A))
        case 2:
            del data[at:]
        case 3:
            del data[at : at + chance.randrange(1, 9)]
        case 4:
            data[at:at] = chance.randbytes(chance.randrange(1, 9))
        case 5:
            data[at:at] = data[: chance.randrange(len(data) + 1)]
        case _:
            data[at:] = chance.choice(seeds)[at:]
