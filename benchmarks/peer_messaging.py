"""The work of other messaging for one message, as a script for a Python that has a peer's library.

    python peer_messaging.py as4|pyas2lib MESSAGES CONTENT_BYTES DATABASE

Each message is built, signed and encrypted; then received: decrypted, its signature verified, and
committed to a SQLite file (WAL, synchronous=FULL); then the signed receipt is made, and the sender
verifies it. One after the other, in one thread, with no transport at all: bytes are handed over.
Keys are RSA with 2,048 bits, as both peers' profiles ask. Prints JSON. Imports nothing of ours: the
peers' libraries need other versions of what we use.
"""

from __future__ import annotations

import datetime
import json
import secrets
import sqlite3
import sys
import time
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_WARM_UP = 5
_SAMPLE_XML = (
    b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"><Note>%s</Note>'
    b"</Invoice>"
)

Exchange = Callable[[bytes, Callable[[bytes], None]], None]
"""Carries one message: its content, and what makes the received content durable."""


def _identity(name: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _as4() -> Exchange:
    import as4
    from as4 import peppol

    (sender_key, sender), (receiver_key, receiver) = _identity("FICTION1"), _identity("FICTION2")
    policy = as4.SecurityPolicy(signer_resolver=as4.pinned_certificates(sender))
    sending = peppol.create_peppol_internal_party(
        "FICTION1", sender, as4.AS4LocalPrivateKey(sender_key)
    )
    receiving = peppol.create_peppol_internal_party(
        "FICTION2", receiver, as4.AS4LocalPrivateKey(receiver_key)
    )
    to = peppol.create_peppol_external_party("FICTION2", receiver)

    def exchange(content: bytes, store: Callable[[bytes], None]) -> None:
        message = peppol.build_peppol_message(
            payload=_SAMPLE_XML % content,
            local_party=sending,
            remote_party=to,
            sender="9932:9999999999",
            recipient="9932:1111111111",
            sender_country_id="KZ",
            document_type_identifier_scheme="busdox-docid-qns",
            document_type_identifier_value=(
                "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##fictional::2.1"
            ),
            process_identifier="urn:fictional",
        )
        body, boundary = message.get_request_data()
        got = peppol.parse_peppol_message(
            request_headers=message.get_http_headers(boundary),
            request_body=body,
            local_party=receiving,
            security_policy=policy,
        )
        if not got.successful:
            raise ValueError("expected as4 to take its own message")
        store(next(iter(got.message.decrypted_data.values())))
        _, signal = got.build_signal()
        peppol.parse_peppol_receipt(signal, receiver).verify_non_repudiation(
            message.signed_references
        )

    return exchange


def _pyas2lib() -> Exchange:
    from pyas2lib import as2

    identities = _identity("fictional-sender"), _identity("fictional-receiver")
    keys = [
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"fictional"),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
        for key, certificate in identities
    ]
    certificates = [
        certificate.public_bytes(serialization.Encoding.PEM) for _, certificate in identities
    ]
    names = ("sender", "receiver")
    organizations = [
        as2.Organization(
            as2_name=name,
            sign_key=key,
            sign_key_pass="fictional",  # noqa: S106 -- a key of this run alone
            decrypt_key=key,
            decrypt_key_pass="fictional",  # noqa: S106 -- likewise
        )
        for name, key in zip(names, keys, strict=True)
    ]
    partners = [
        as2.Partner(
            as2_name=name,
            verify_cert=certificate,
            encrypt_cert=certificate,
            validate_certs=False,
            sign=True,
            encrypt=True,
            digest_alg="sha256",
            enc_alg="aes_256_cbc",
            mdn_mode="SYNC",
            mdn_digest_alg="sha256",
        )
        for name, certificate in zip(names, certificates, strict=True)
    ]

    def exchange(content: bytes, store: Callable[[bytes], None]) -> None:
        out = as2.Message(organizations[0], partners[1])
        out.build(content, filename="content", content_type="application/octet-stream")
        received = as2.Message()
        status, error, mdn = received.parse(
            out.headers_str + b"\r\n" + out.content,
            find_org_cb=lambda _: organizations[1],
            find_partner_cb=lambda _: partners[0],
            find_message_cb=lambda *_: False,
        )
        if status != "processed":
            raise ValueError(f"expected pyas2lib to take its own message, got {error}")
        store(received.payload.get_payload(decode=True))
        status, detail = as2.Mdn().parse(mdn.headers_str + b"\r\n" + mdn.content, lambda *_: out)
        if status != "processed":
            raise ValueError(f"expected pyas2lib to take its own receipt, got {detail}")

    return exchange


def main() -> None:
    """Measure one peer."""
    peer, count, content_bytes, database = sys.argv[1:]
    exchange = {"as4": _as4, "pyas2lib": _pyas2lib}[peer]()
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE received (content BLOB NOT NULL)")

    def store(content: bytes) -> None:
        connection.execute("INSERT INTO received VALUES (?)", (content,))

    contents = [
        secrets.token_hex(int(content_bytes) // 2).encode() for _ in range(int(count) + _WARM_UP)
    ]
    for content in contents[:_WARM_UP]:
        exchange(content, store)
    started = time.perf_counter()
    for content in contents[_WARM_UP:]:
        exchange(content, store)
    print(json.dumps({"per_second": int(count) / (time.perf_counter() - started)}))


main()
