"""Make the test vectors of docs/protocol from fixed keys; `--check` compares without writing.

Random values of the protocol (a wrapped key, a certificate's serial number) are made once and then
kept: a vector that stands there and still holds is not made anew.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from google.protobuf.json_format import MessageToDict

from agency_client.content import documents
from exchange_keys import SealingPrivateKey, SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.acknowledge import Acknowledge
from exchange_protocol.kinds.catalogue import Kind, parse_kind
from exchange_protocol.kinds.codes import (
    AgencyType,
    Handling,
    LegState,
    Purpose,
    ReaderRole,
)
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.enrol_agency import EnrolAgency
from exchange_protocol.kinds.information_request import InformationRequest
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.merkle import (
    CompactRange,
    consistency_proof,
    hash_leaf,
    inclusion_proof,
    tree_root,
    verify_consistency,
)
from exchange_protocol.log.succession import Succession, sign_succession
from exchange_protocol.record.entries import Entry, Event, encode_entry, entry_leaf_data
from exchange_protocol.record.receipts import verify_receipt
from exchange_protocol.rules import judgement
from exchange_protocol.rules.exchange import LegChange
from exchange_protocol.rules.judgement import Ruling
from exchange_protocol.rules.signed_statements import SignedStatement, encode_signed_statement
from exchange_protocol.rules.statements import Draft, Header, Part
from exchange_protocol.rules.wire import encode_statement, parse_statement
from exchange_protocol.trust import envelope, sealing
from exchange_protocol.trust.identity import parse_agency_id, parse_member
from exchange_protocol.v1 import log_pb2, statement_pb2
from exchange_server.rpc.status import ERROR_DOMAIN, RETRY_AFTER_SECONDS, STATUS_CODES

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "protocol" / "vectors"
ORIGIN: Final = "caricc.example/exchange-log"
AT: Final = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
AUTHOR: Final = parse_member("spiffe://caricc.example/agency/kz.mia/system")
KZ, UZ, CARICC = (parse_agency_id(each) for each in ("kz.mia", "uz.fiu", "caricc"))
SIZES: Final = (0, 1, 65_535, 65_536, 65_537)
SHOWN_BYTES: Final = 256
Vectors = dict[str, Any]


def secret(label: str, size: int = 32) -> bytes:
    """Fixed bytes that look random."""
    return hashlib.shake_256(b"exchange vectors: " + label.encode()).digest(size)


def uuid7(number: int) -> str:
    """A fixed statement id."""
    return f"019cb1a2-0000-7000-8000-{number:012x}"


def ec_key(curve: ec.EllipticCurve, label: str) -> ec.EllipticCurvePrivateKey:
    """A fixed key on a curve."""
    return ec.derive_private_key(int.from_bytes(secret(label), "big"), curve)


def refusals(cases: Iterator[tuple[str, dict[str, Any], Callable[[], object]]]) -> list[Vectors]:
    """Each with the reason for which this implementation refuses it."""
    made = []
    for name, given, attempt in cases:
        try:
            attempt()
        except ExchangeError as error:
            made.append({"name": name, **given, "reason": error.reason.name})
        else:
            raise AssertionError(f"{name} was taken, and should have been refused")
    return made


# --- Signatures -----------------------------------------------------------------------------------


def two_keys(kept: Vectors) -> Vectors:
    """A statement, and a batch, of a certificate that holds a second key."""
    first = SoftwareSigner(ec_key(ec.SECP256R1(), "p256"))
    key = MLDSA65PrivateKey.from_seed_bytes(secret("ml-dsa-65"))
    kind, payloads = envelope.PAYLOAD_TYPE, [b"first", b"second", b"third"]
    alone = envelope.sign(first, kind, payloads[0])
    together, places = envelope.sign_batch(first, kind, payloads)
    made = {}
    for name, signature, place in (("alone", alone, None), ("in_batch", together, places[0])):
        before = SignedStatement(
            kind,
            payloads[0],
            secret("certificate"),
            signature,
            place,
            bytes.fromhex(kept.get(name, {}).get("post_quantum_signature", "")),
        )
        signer = envelope.SignerKey(bytes(32), _ec_public(first), key.public_key())
        try:
            judgement.verify_signature(signer, before)
            signed = before
        except ExchangeError:
            second = envelope.sign_second(SoftwareSigner(key), kind, payloads[0], place)
            signed = replace(before, post_quantum_signature=second)
        made[name] = {
            "signature": signature.hex(),
            "post_quantum_signature": signed.post_quantum_signature.hex(),
            **_named(signed),
        }
    public = key.public_key()
    return {
        "public_key_spki": _spki(ec_key(ec.SECP256R1(), "p256")),
        "post_quantum_seed": secret("ml-dsa-65").hex(),
        "post_quantum_key_spki": public.public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        ).hex(),
        "payload_type": kind,
        "payload": payloads[0].hex(),
        "batch_payload": (len(payloads).to_bytes(8, "big") + _root(kind, payloads)).hex(),
        **made,
    }


def _ec_public(signer: SoftwareSigner) -> ec.EllipticCurvePublicKey:
    key = signer.public_key
    assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 - it was made on a curve
    return key


def _root(kind: str, payloads: list[bytes]) -> bytes:
    leaves = [hash_leaf(envelope.pae(kind, each)) for each in payloads]
    return CompactRange().append_many(leaves).after.root()


def signatures(kept: Vectors) -> Vectors:
    """One signature a statement, one over many, and two where a certificate holds two keys."""
    cases, payload = [], b"\x0a\x03abc"
    kind = envelope.PAYLOAD_TYPE
    keys = {"P-256": ec_key(ec.SECP256R1(), "p256"), "P-384": ec_key(ec.SECP384R1(), "p384")}
    for curve, key in keys.items():
        made = envelope.sign(SoftwareSigner(key), kind, payload)
        cases.append(
            {
                "curve": curve,
                "private_key_pkcs8_pem": key.private_bytes(
                    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
                ).decode(),
                "public_key_spki": _spki(key),
                "payload_type": kind,
                "payload": payload.hex(),
                "pae": envelope.pae(kind, payload).hex(),
                "signature": made.hex(),
                **_named(SignedStatement(kind, payload, secret("certificate"), made)),
            }
        )
    key = keys["P-256"]
    good = bytes.fromhex(str(cases[0]["signature"]))
    wrong = [
        ("another payload", payload + b"\0", kind, good, key),
        ("the payload type of a batch", payload, envelope.BATCH_TYPE, good, key),
        ("one bit of the signature", payload, kind, good[:-1] + bytes([good[-1] ^ 1]), key),
        ("another key", payload, kind, good, ec_key(ec.SECP256R1(), "other")),
        ("no signature", payload, kind, b"", key),
    ]

    def single() -> Iterator[tuple[str, dict[str, Any], Callable[[], object]]]:
        for name, data, type_, signature, by in wrong:
            given = {
                "payload": data.hex(),
                "payload_type": type_,
                "signature": signature.hex(),
                "public_key_spki": _spki(by),
            }
            public = by.public_key()
            yield (
                name,
                given,
                partial(envelope.verify, public, type_, data, signature),
            )

    payloads = [b"first", b"second", b"third"]
    signature, places = envelope.sign_batch(SoftwareSigner(key), kind, payloads)
    leaves = [hash_leaf(envelope.pae(kind, each)) for each in payloads]
    root = _root(kind, payloads)
    signer = envelope.SignerKey(bytes(32), key.public_key())

    def batched() -> Iterator[tuple[str, dict[str, Any], Callable[[], object]]]:
        place = places[1]
        for name, changed in [
            ("another place", replace(place, index=0)),
            ("a batch of another size", replace(place, size=4)),
            ("a path cut short", replace(place, path=place.path[:-1])),
            ("a batch of one", envelope.BatchInclusion(0, 1, ())),
        ]:
            given = {"payload": payloads[1].hex(), "batch": _place(changed)}
            yield (
                name,
                given,
                partial(envelope.verify_in_batch, signer, kind, payloads[1], signature, changed),
            )

    return {
        "cases": cases,
        "refusals": refusals(single()),
        "batch": {
            "curve": "P-256",
            "public_key_spki": _spki(key),
            "payload_type": kind,
            "batch_type": envelope.BATCH_TYPE,
            "payloads": [each.hex() for each in payloads],
            "leaf_hashes": [each.hex() for each in leaves],
            "root": root.hex(),
            "messages": [
                _named(SignedStatement(kind, each, secret("certificate"), signature, place))
                for each, place in zip(payloads, places, strict=True)
            ],
            "signed_payload": (len(payloads).to_bytes(8, "big") + root).hex(),
            "signature": signature.hex(),
            "places": [_place(each) for each in places],
            "refusals": refusals(batched()),
        },
        "two_keys": two_keys(kept.get("two_keys", {})),
    }


def _spki(key: ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


def _place(batch: envelope.BatchInclusion) -> Vectors:
    return {"index": batch.index, "size": batch.size, "path": [each.hex() for each in batch.path]}


# --- Seals ----------------------------------------------------------------------------------------


def seals(kept: Vectors) -> Vectors:
    """Parts of several sizes to one reader, and what must not open."""
    key = SealingPrivateKey.from_bytes(secret("sealing", 96))
    context = sealing.PartContext(uuid7(1), "brief")
    before = {case["size"]: case for case in kept.get("cases", [])}
    cases = []
    for size in SIZES:
        plaintext = bytes(i % 251 for i in range(size))
        content_key = secret(f"content key {size}")
        info = sealing._info(context, UZ, key.public_key.key_id, "recipient")
        enc = (
            bytes.fromhex(before[size]["enc"]) if size in before else _wrap(content_key, key, info)
        )
        if key.open(enc, info) != content_key:
            raise AssertionError(f"the wrapped key of {size} bytes opens to something else")
        sealed = seal_with(content_key, plaintext, context)
        chunk_key, commitment = sealing._derive(content_key, context)
        case = {
            "size": size,
            "plaintext_sha256": hashlib.sha256(plaintext).hexdigest(),
            "statement_id": context.statement_id,
            "part_name": context.part_name,
            "agency": UZ,
            "role": "recipient",
            "info": info.hex(),
            "enc": enc.hex(),
            "content_key": content_key.hex(),
            "chunk_key": chunk_key.hex(),
            "commitment": commitment.hex(),
            "sealed_size": len(sealed),
            "sealed_sha256": hashlib.sha256(sealed).hexdigest(),
        }
        if len(sealed) <= SHOWN_BYTES:
            case["sealed"] = sealed.hex()
        cases.append(case)
    return {
        "plaintext": "byte i is i mod 251",
        "reader": {
            "private_key": key.to_bytes().hex(),
            "public_key": key.public_key.raw.hex(),
            "key_id": key.public_key.key_id.hex(),
        },
        "cases": cases,
        "refusals": refusals(_seals_that_break(cases[1], key)),
    }


def seal_with(content_key: bytes, plaintext: bytes, context: sealing.PartContext) -> bytes:
    """The sealed bytes under a fixed content key: all that is not random in `seal_part`."""
    chunk_key, commitment = sealing._derive(content_key, context)
    aead = AESGCM(chunk_key)
    chunks = sealing._chunks(memoryview(plaintext), sealing.CHUNK_SIZE)
    return commitment + b"".join(aead.encrypt(nonce, chunk, None) for nonce, chunk in chunks)


def _wrap(content_key: bytes, key: SealingPrivateKey, info: bytes) -> bytes:
    return sealing.HPKE_SUITE.encrypt(content_key, key.public_key._hpke, info=info)


def _seals_that_break(
    case: Vectors, key: SealingPrivateKey
) -> Iterator[tuple[str, dict[str, Any], Callable[[], object]]]:
    sealed, enc = bytes.fromhex(case["sealed"]), bytes.fromhex(case["enc"])
    good = {
        name: case[name]
        for name in ("statement_id", "part_name", "agency", "role", "enc", "sealed")
    }
    for name, change in [
        ("another statement", {"statement_id": uuid7(2)}),
        ("another part", {"part_name": "content"}),
        ("another agency", {"agency": "kz.fma"}),
        ("another role", {"role": "approver"}),
        ("one bit of the wrapped key", {"enc": (enc[:-1] + bytes([enc[-1] ^ 1])).hex()}),
        ("a wrapped key cut short", {"enc": enc[:-1].hex()}),
        ("a wrapped key of ten bytes", {"enc": bytes(10).hex()}),
        ("one bit of the commitment", {"sealed": (bytes([sealed[0] ^ 1]) + sealed[1:]).hex()}),
        ("one bit of the last chunk", {"sealed": (sealed[:-1] + bytes([sealed[-1] ^ 1])).hex()}),
        ("the last chunk cut short", {"sealed": sealed[:-1].hex()}),
        ("no chunk", {"sealed": sealed[:32].hex()}),
        ("a chunk more", {"sealed": (sealed + bytes(16)).hex()}),
        ("five bytes", {"sealed": bytes(5).hex()}),
    ]:
        given = {**good, **change}

        def attempt(given: Vectors = given) -> bytes:
            return open_given(given, key)

        yield name, given, attempt


def open_given(given: Vectors, key: SealingPrivateKey) -> bytes:
    """Open a part as a vector describes it."""
    agency, role = parse_agency_id(given["agency"]), given["role"]
    wrapped = sealing.WrappedKey(agency, role, key.public_key.key_id, bytes.fromhex(given["enc"]))
    context = sealing.PartContext(given["statement_id"], given["part_name"])
    return sealing.open_part(bytes.fromhex(given["sealed"]), context, wrapped, key)


# --- Statements -----------------------------------------------------------------------------------


def drafts() -> dict[str, Draft]:
    """A statement of each stage."""
    wrapped = tuple(
        sealing.WrappedKey(agency, role, secret(f"key id {agency}"), secret("enc", 1168))
        for agency, role in ((KZ, "author"), (UZ, "recipient"))
    )
    part = Part("brief", secret("sha"), 4711, "application/json", sealing.SEALING_SUITE, wrapped)
    header = Header(
        handling=Handling.H1,
        due_at=AT + timedelta(days=7),
        purpose=Purpose.INVESTIGATION,
        permitted_uses=(Purpose.INVESTIGATION, Purpose.PROSECUTION),
        legal_basis="KZ-AML-18",
        time_zone="Asia/Almaty",
        subject_count=2,
    )
    ask = Draft(
        id=uuid7(1),
        exchange_id=uuid7(1),
        author=AUTHOR,
        made_at=AT,
        body=InformationRequest(),
        recipients=(UZ,),
        header=header,
        parts=(part,),
    )
    digest = hashlib.sha256(encode_statement(ask)).digest()
    return {
        "information_request": ask,
        "acknowledge": Draft(
            id=uuid7(2),
            exchange_id=uuid7(1),
            author=parse_member("spiffe://caricc.example/agency/uz.fiu/officer/aziz"),
            made_at=AT + timedelta(hours=1),
            body=Acknowledge(),
            answers=digest,
            recipients=(KZ,),
        ),
        "decision": Draft(
            id=uuid7(3),
            exchange_id=uuid7(1),
            author=parse_member("spiffe://caricc.example/agency/caricc/coordinator/dana"),
            made_at=AT + timedelta(minutes=1),
            body=Decision(verdict=Verdict.APPROVE),
            answers=digest,
            recipients=(UZ,),
        ),
        "enrol_agency": Draft(
            id=uuid7(4),
            exchange_id="",
            author=parse_member("spiffe://caricc.example/agency/caricc/operator/ops"),
            made_at=AT,
            body=EnrolAgency(
                agency=UZ,
                name="Қаржы барлауы",
                country="UZ",
                agency_type=AgencyType.FIU,
                time_zone="Asia/Tashkent",
            ),
        ),
    }


def statements() -> Vectors:
    """Payloads with what they say, and payloads that are refused."""
    cases = []
    for name, draft in drafts().items():
        payload = encode_statement(draft)
        parse_statement(payload)
        message = statement_pb2.Statement.FromString(payload)
        said = MessageToDict(message, preserving_proto_field_name=True)
        cases.append(
            {
                "name": name,
                "statement": said,
                "payload": payload.hex(),
                "sha256": hashlib.sha256(payload).hexdigest(),
            }
        )
    return {"cases": cases, "refusals": refusals(_statements_that_are_refused())}


def _statements_that_are_refused() -> Iterator[tuple[str, dict[str, Any], Callable[[], object]]]:
    ask = drafts()["information_request"]
    good = encode_statement(ask)
    id_field = good[:38]  # tag, length, 36 characters
    bare = encode_statement(replace(ask, header=replace(ask.header, subject_count=0)))

    def changed(**values: Any) -> bytes:
        message = statement_pb2.Statement.FromString(good)
        for name, value in values.items():
            setattr(message, name, value)
        return message.SerializeToString(deterministic=True)

    late = statement_pb2.Statement.FromString(good)
    late.made_at.nanos = 1
    two = statement_pb2.Statement.FromString(good)
    two.recipients.append("uz.fiu")
    for name, payload in [
        ("not protobuf", b"\xff\xff"),
        ("an unknown field", good + b"\xc2\x0c\x00"),
        ("a field with the value zero", _with_zero(bare)),
        ("fields in another order", good[38:] + id_field),
        ("a field twice", id_field + good),
        ("enums that are not packed", _unpacked(good)),
        ("an id in upper case", changed(id=ask.id.upper(), exchange_id=ask.id.upper())),
        ("an id of another version", changed(id=ask.id[:14] + "4" + ask.id[15:])),
        ("an exchange of another id", changed(exchange_id=uuid7(9))),
        ("an initial statement that answers", changed(answers=bytes(32))),
        ("no legal basis", changed(legal_basis="")),
        ("a legal basis in lower case", changed(legal_basis="kz-1")),
        ("a time with nanoseconds", late.SerializeToString(deterministic=True)),
        ("a recipient twice", two.SerializeToString(deterministic=True)),
        ("an unknown code", changed(handling=9)),
        ("an author that is no identity", changed(author="spiffe://caricc.example/kz.mia")),
        ("no body", good[: -len(b"\xf2\x01\x00")]),
    ]:
        yield name, {"payload": payload.hex()}, partial(parse_statement, payload)


def _with_zero(payload: bytes) -> bytes:
    """The same with `subject_count` said to be 0, in its place before the parts."""
    at = payload.index(b"\xaa\x01")
    return payload[:at] + b"\xa0\x01\x00" + payload[at:]


def _unpacked(payload: bytes) -> bytes:
    """The same with the permitted uses one by one."""
    return payload.replace(b"\x82\x01\x02\x02\x03", b"\x80\x01\x02\x80\x01\x03", 1)


# --- Entries and receipts -------------------------------------------------------------------------


def _named(signed: SignedStatement) -> Vectors:
    """The Signature message, and the digest by which an entry names it."""
    [message] = encode_signed_statement(signed).signatures
    return {
        "certificate_sha256": signed.certificate_sha256.hex(),
        "message": message.SerializeToString(deterministic=True).hex(),
        "signature_sha256": signed.signature_digest.hex(),
    }


def log() -> tuple[list[Entry], list[bytes], list[bytes]]:
    """The entries of a small log, their bytes and their leaves' data."""
    digests = [hashlib.sha256(encode_statement(each)).digest() for each in drafts().values()]
    ruling = Ruling(
        policy_digest=secret("policy"),
        rule_ids=("gate-h1",),
        legs=(LegChange(UZ, None, LegState.HELD, 1, (CARICC,)),),
        supervisors=(),
    )
    asked, acknowledged, decided, enrolled = drafts().values()
    entries = [
        _entry(enrolled, digests[3], 0),
        _entry(asked, digests[0], 10, ruling=ruling),
        _entry(decided, digests[2], 60),
        replace(
            _entry(acknowledged, digests[0], 90),
            event=Event.DELIVERY,
            certificate_sha256=secret("tls"),
            signature_digest=b"",
        ),
        Entry(
            hub_time=AT + timedelta(seconds=100),
            event=Event.DENIAL,
            actor=AUTHOR,
            certificate_sha256=secret("tls"),
            directory_size=1,
            reason=Reason.NOT_A_PARTY.name,
            operation="FetchPart",
        ),
    ]
    encoded = [encode_entry(each) for each in entries]
    leaves = [entry_leaf_data(data, secret(f"nonce {i}")) for i, data in enumerate(encoded)]
    return entries, encoded, leaves


def _entry(draft: Draft, digest: bytes, seconds: int, **more: Any) -> Entry:
    return Entry(
        hub_time=AT + timedelta(seconds=seconds),
        event=Event.STATEMENT,
        actor=draft.author,
        certificate_sha256=secret(f"certificate {draft.author}"),
        directory_size=1,
        exchange_id=draft.exchange_id,
        payload_digest=digest,
        signature_digest=secret(f"signature of {draft.id}"),
        **more,
    )


def entries() -> Vectors:
    """Entries, and the leaves that commit to them."""
    _, encoded, leaves = log()
    return {
        "cases": [
            {
                "entry": MessageToDict(
                    log_pb2.LogEntry.FromString(data), preserving_proto_field_name=True
                ),
                "bytes": data.hex(),
                "nonce": secret(f"nonce {i}").hex(),
                "leaf_data": leaf.hex(),
                "leaf_hash": hash_leaf(leaf).hex(),
            }
            for i, (data, leaf) in enumerate(zip(encoded, leaves, strict=True))
        ]
    }


def receipts() -> Vectors:
    """The receipt of a statement, and receipts that prove nothing."""
    _, encoded, leaves = log()
    signer = LogSigner(
        ORIGIN, SoftwareSigner(Ed25519PrivateKey.from_private_bytes(secret("log key")))
    )
    growth = CompactRange().append_many([hash_leaf(leaf) for leaf in leaves])
    note = signer.sign(Checkpoint(ORIGIN, len(leaves), growth.after.root()))
    payload = encode_statement(drafts()["information_request"])
    statement = parse_statement(payload)
    proof = inclusion_proof(1, len(leaves), growth.read)
    good: Vectors = {
        "log_vkey": signer.vkey,
        "checkpoint": note.decode(),
        "payload": payload.hex(),
        "index": 1,
        "entry": encoded[1].hex(),
        "nonce": secret("nonce 1").hex(),
        "inclusion_proof": [each.hex() for each in proof],
    }
    other = LogSigner(ORIGIN, SoftwareSigner(Ed25519PrivateKey.from_private_bytes(secret("liar"))))
    third = [each.hex() for each in inclusion_proof(2, len(leaves), growth.read)]
    unsigned = encode_entry(replace(log()[0][1], signature_digest=b""))
    alone = entry_leaf_data(unsigned, secret("nonce 1"))
    alone_note = signer.sign(Checkpoint(ORIGIN, 1, hash_leaf(alone)))
    wrong: list[tuple[str, Vectors]] = [
        ("another log's key", {"log_vkey": other.vkey}),
        ("another size", {"checkpoint": note.decode().replace("\n5\n", "\n6\n")}),
        ("another place", {"index": 0}),
        ("a proof cut short", {"inclusion_proof": good["inclusion_proof"][:-1]}),
        ("another nonce", {"nonce": secret("nonce 2").hex()}),
        (
            "the entry of another statement",
            {
                "index": 2,
                "entry": encoded[2].hex(),
                "nonce": secret("nonce 2").hex(),
                "inclusion_proof": third,
            },
        ),
        (
            "an entry that names no signature",
            {
                "index": 0,
                "entry": unsigned.hex(),
                "checkpoint": alone_note.decode(),
                "inclusion_proof": [],
            },
        ),
    ]

    def cases() -> Iterator[tuple[str, dict[str, Any], Callable[[], object]]]:
        for name, change in wrong:
            given = {**good, **change}
            yield name, given, partial(check_receipt, given)

    if check_receipt(good).entry.payload_digest != statement.digest:
        raise AssertionError("the receipt is of another statement")
    return {
        "case": {
            **good,
            "root": growth.after.root().hex(),
            "leaf_hashes": [hash_leaf(each).hex() for each in leaves],
        },
        "refusals": refusals(cases()),
    }


def check_receipt(given: Vectors) -> Any:
    """Verify a receipt as a vector describes it."""
    opening = log_pb2.CommitmentOpening(
        entry=bytes.fromhex(given["entry"]), nonce=bytes.fromhex(given["nonce"])
    )
    proven = log_pb2.ProvenEntry(
        index=given["index"],
        opening=opening,
        inclusion_proof=[bytes.fromhex(each) for each in given["inclusion_proof"]],
    )
    statement = parse_statement(bytes.fromhex(given["payload"]))
    note = given["checkpoint"].encode()
    return verify_receipt(proven, note, statement, LogVerifier(given["log_vkey"]))


def consistency() -> Vectors:
    """Proofs that one tree extends another, and what proves it of no tree."""
    leaves = [hash_leaf(f"leaf {i}".encode()) for i in range(13)]
    growth = CompactRange().append_many(leaves)
    roots = [tree_root(size, growth.read) for size in range(len(leaves) + 1)]

    def given(first: int, second: int) -> Vectors:
        proof = consistency_proof(first, second, growth.read)
        return {
            "first_size": first,
            "second_size": second,
            "first_root": roots[first].hex(),
            "second_root": roots[second].hex(),
            "proof": [each.hex() for each in proof],
        }

    pairs = [(0, 5), (1, 2), (1, 13), (4, 8), (4, 13), (6, 7), (6, 8), (7, 13), (8, 13), (13, 13)]
    cases = [given(*pair) for pair in pairs]
    for each in cases:
        check_consistency(each)
    good = given(6, 13)
    wrong: list[tuple[str, Vectors]] = [
        ("another first root", {**good, "first_root": roots[5].hex()}),
        ("another second root", {**good, "second_root": roots[12].hex()}),
        ("the roots changed round", {**good, "first_root": good["second_root"]}),
        ("a proof cut short", {**good, "proof": good["proof"][:-1]}),
        ("a hash too many", {**good, "proof": [*good["proof"], roots[1].hex()]}),
        ("no proof", {**good, "proof": []}),
        ("a proof in another order", {**good, "proof": good["proof"][::-1]}),
        ("equal sizes with two roots", {**given(13, 13), "first_root": roots[12].hex()}),
        ("equal sizes with a proof", {**given(13, 13), "proof": good["proof"]}),
        ("an empty tree with a proof", {**given(0, 5), "proof": good["proof"]}),
        ("an empty tree with another root", {**given(0, 5), "first_root": roots[1].hex()}),
    ]
    return {
        "leaf_hashes": [each.hex() for each in leaves],
        "cases": cases,
        "refusals": refusals(
            (name, each, partial(check_consistency, each)) for name, each in wrong
        ),
    }


def check_consistency(given: Vectors) -> None:
    """Verify a consistency proof as a vector describes it."""
    verify_consistency(
        given["first_size"],
        given["second_size"],
        [bytes.fromhex(each) for each in given["proof"]],
        bytes.fromhex(given["first_root"]),
        bytes.fromhex(given["second_root"]),
    )


def log_keys() -> Vectors:
    """Three keys of one log, each succeeded by the next: what they sign, and what holds when."""
    seeds = [secret(f"log key {i}") for i in range(3)]
    keys = [SoftwareSigner(Ed25519PrivateKey.from_private_bytes(each)) for each in seeds]
    steps = [sign_succession(ORIGIN, old, new) for old, new in pairwise(keys)]
    since = (10, 20)
    log = LogVerifier(
        steps[0].predecessor,
        [
            Succession(each.predecessor, each.successor, at)
            for each, at in zip(steps, since, strict=True)
        ],
    )
    rows = []
    for size in (9, 10, 19, 20):
        checkpoint = Checkpoint(ORIGIN, size, secret(f"root {size}"))
        for signers in ((0,), (1,), (2,), (0, 1), (1, 2)):
            signer = LogSigner(ORIGIN, *(keys[i] for i in signers))
            note = signer.sign(checkpoint)
            try:
                holds = log.verify(note).size == size
            except ExchangeError:
                holds = False
            rows.append({"size": size, "signed_by": signers, "note": note.decode(), "holds": holds})
    return {
        "private_keys": [each.hex() for each in seeds],
        "vkeys": log.vkeys,
        "successions": [
            {
                "predecessor": each.predecessor,
                "successor": each.successor,
                "predecessor_signature": each.predecessor_signature.hex(),
                "successor_signature": each.successor_signature.hex(),
                "smallest_tree": at,
            }
            for each, at in zip(steps, since, strict=True)
        ],
        "checkpoints": rows,
    }


# --- Tables ---------------------------------------------------------------------------------------


def errors() -> Vectors:
    """Every reason, how it travels, and whether to try again."""
    return {
        "domain": ERROR_DOMAIN,
        "reasons": [
            {
                "reason": reason.name,
                "class": reason.error_class.__name__,
                "status": code.name,
                "code": code.value[0],
                "is_final": reason.error("").is_final,
                "retry_after_seconds": RETRY_AFTER_SECONDS.get(reason),
            }
            for reason, code in STATUS_CODES.items()
        ],
    }


def kinds() -> Vectors:
    """Every kind with its field, its stage and its rows of the lifecycle."""
    fields = statement_pb2.Statement.DESCRIPTOR.oneofs_by_name["body"].fields
    return {
        "kinds": [
            {
                "kind": field.name,
                "field_number": field.number,
                "stage": parse_kind(field.name, "kind").stage.value,
                "passes_gate": parse_kind(field.name, "kind").spec.passes_gate,
                "answered_by": parse_kind(field.name, "kind").spec.answer
                and [
                    kind.value
                    for kind in Kind
                    if kind.body is parse_kind(field.name, "kind").spec.answer
                ],
                "rows": [
                    {each.name: _plain(getattr(row, each.name)) for each in dataclass_fields(row)}
                    for row in parse_kind(field.name, "kind").spec.rows
                ],
            }
            for field in fields
        ],
        "reader_roles": {role.value: role.number for role in ReaderRole},
    }


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(map(_plain, value), key=str)
    return value.name if isinstance(value, Enum) else value


def schemas() -> Vectors:
    """JSON Schema of what the parts `brief` and `content` hold."""
    models = (
        documents.Brief,
        documents.InformationRequest,
        documents.ReferralDocument,
        documents.AnalysisRequest,
        documents.ReplyDocument,
        documents.AnalysisProduct,
    )
    return {"schemas": {model.__name__: model.model_json_schema() for model in models}}


def made() -> dict[str, Vectors]:
    """All vectors, by the name of their file."""
    return {
        "signatures": signatures(_kept("signatures")),
        "sealing": seals(_kept("sealing")),
        "statements": statements(),
        "entries": entries(),
        "receipts": receipts(),
        "consistency": consistency(),
        "log_keys": log_keys(),
        "errors": errors(),
        "kinds": kinds(),
        "documents": schemas(),
    }


def _kept(name: str) -> Vectors:
    """The vectors that stand there now."""
    file = FOLDER / f"{name}.json"
    found: Vectors = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return found


def main() -> int:
    """Write the vectors, or compare them."""
    stale = []
    for name, vectors in made().items():
        file = FOLDER / f"{name}.json"
        text = json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"
        if "--check" in sys.argv:
            if not file.exists() or file.read_text("utf-8") != text:
                stale.append(file.name)
        else:
            file.write_text(text, encoding="utf-8")
    if stale:
        print(f"{', '.join(stale)}: not fresh, run `make proto`", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
