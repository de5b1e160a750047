"""A time stamp over a bundle's checkpoint: asked for without a network, never trusted blindly.

The authority is `openssl ts`. Every verdict is that of both verifiers, library and `verify.py`.
"""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from agency_client.evidence import VerifiedBundle, add_stamp, stamp_request, verify_bundle
from agency_client.evidence.timestamp import MAX_STAMP_BYTES
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.trust.certificates import TrustAnchors
from tests.integration.evidence.conftest import Court, read, write
from tests.support.commands import run
from tests.support.time_stamping import (
    STAMPING,
    YEAR,
    Issuer,
    StampingAuthority,
    encode,
    make_intermediate,
    make_root,
)

STAMP = "checkpoint.tsr"
Make = Callable[[Path, Issuer, bytes], bytes]


@pytest.fixture(scope="module")
def root() -> Issuer:
    """The root that the court trusts for time stamps."""
    return make_root()


@pytest.fixture(scope="module")
def authority(root: Issuer, tmp_path_factory: pytest.TempPathFactory) -> StampingAuthority:
    """An honest authority, right below that root."""
    return StampingAuthority(tmp_path_factory.mktemp("tsa") / "honest", [root])


def stamped(bundle: Path, response: bytes, path: Path) -> Path:
    """A bundle with any response in it, good or bad."""
    files, manifest = read(bundle)
    return write(path, {**files, STAMP: response}, manifest)


def note_of(bundle: Path) -> bytes:
    return read(bundle)[0]["checkpoint.note"]


def library(bundle: Path, court: Court, tsa_root: Path | None) -> VerifiedBundle:
    anchors = TrustAnchors.from_pem(court.root.read_bytes())
    authorities = TrustAnchors.from_pem(tsa_root.read_bytes()) if tsa_root else None
    return verify_bundle(bundle, anchors, LogVerifier(court.vkey), authorities)


def verified_time(bundle: Path, court: Court, tsa_root: Path) -> datetime:
    """The time that both verifiers give, to the second."""
    stamp = library(bundle, court, tsa_root).stamp
    assert stamp is not None
    lines = court.lines(bundle, tsa_root=tsa_root)
    assert lines[-1].startswith("VERIFIED")
    at = stamp.at.replace(microsecond=0)
    assert lines[1] == (
        f"time stamp  an authority of {tsa_root.name} saw this checkpoint at "
        f"{at:%Y-%m-%dT%H:%M:%SZ}"
    )
    return at


# --- Good ----------------------------------------------------------------------------------------

ISSUERS: dict[str, Callable[[], list[Issuer]]] = {
    "below the root": lambda: [make_root()],
    "below intermediates": lambda: [root := make_root(), make_intermediate(root)],
    "below an RSA root": lambda: [make_root(key=rsa_key())],
}


def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize("issuers", ISSUERS)
@pytest.mark.parametrize("digits", [0, 3])
def test_stamp_of_an_authority_is_verified_and_gives_its_time(
    issuers: str, digits: int, court: Court, bundle: Path, tmp_path: Path
) -> None:
    tsa = StampingAuthority(tmp_path / "tsa", ISSUERS[issuers](), digits=digits)
    response = tsa.answer(stamp_request(note_of(bundle)))
    before = datetime.now(UTC)
    out = tmp_path / "e.zip"
    stamp = add_stamp(bundle, response, out, TrustAnchors.from_pem(tsa.root.read_bytes()))
    assert stamp.authority == tsa.subject == "CN=fictional stamper"
    at = verified_time(out, court, tsa.root)
    assert timedelta() <= before - at < timedelta(minutes=1)


def test_stamp_by_an_rsa_key_is_verified(court: Court, bundle: Path, tmp_path: Path) -> None:
    tsa = StampingAuthority(tmp_path / "tsa", [make_root(key=rsa_key())], key=rsa_key())
    response = tsa.answer(stamp_request(note_of(bundle)))
    verified_time(stamped(bundle, response, tmp_path / "e.zip"), court, tsa.root)


def test_openssl_alone_verifies_a_stamp(
    authority: StampingAuthority, bundle: Path, tmp_path: Path
) -> None:
    """The commands that docs/evidence.md gives for the check by hand."""
    note = note_of(bundle)
    response = authority.answer(stamp_request(note))
    (tmp_path / "checkpoint.note").write_bytes(note)
    (tmp_path / "checkpoint.tsr").write_bytes(response)
    shutil.copy(authority.root, tmp_path / "tsa.pem")
    for command in (
        "openssl ts -reply -in checkpoint.tsr -text",
        "openssl ts -verify -in checkpoint.tsr -data checkpoint.note -CAfile tsa.pem",
    ):
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)


def test_stamp_outlives_the_certificate_of_its_authority(
    root: Issuer, authority: StampingAuthority, court: Court, bundle: Path, tmp_path: Path
) -> None:
    old = StampingAuthority(tmp_path / "old", [root], starts=-YEAR, ends=-YEAR / 2)
    at = (datetime.now(UTC) - YEAR * 3 / 4).replace(microsecond=0)
    response = old.sign(authority.answer(stamp_request(note_of(bundle))), at)
    assert verified_time(stamped(bundle, response, tmp_path / "e.zip"), court, old.root) == at


@pytest.mark.parametrize("status", [0, 1])
def test_what_nobody_signs_of_a_response_changes_nothing(
    status: int, authority: StampingAuthority, court: Court, bundle: Path, tmp_path: Path
) -> None:
    """Its status may be granted with modifications; its text may be written as if by openssl."""
    response = authority.answer(stamp_request(note_of(bundle)))
    text = b"-\nTime stamp: Jan  1 00:00:00 2020 GMT\n"
    said = b"\x30%c\x0c%c%b" % (len(text) + 2, len(text), text)
    info = b"\x30%c\x02\x01%c%b" % (len(said) + 3, status, said)
    token = response[4 + len(bytes.fromhex("3003020100")) :]
    path = stamped(bundle, encode(0x30, info + token), tmp_path / "e.zip")
    at = verified_time(path, court, authority.root)
    assert datetime.now(UTC) - at < timedelta(minutes=1)


def test_a_repacked_stamp_adds_nothing_else(
    authority: StampingAuthority, bundle: Path, tmp_path: Path
) -> None:
    response = authority.answer(stamp_request(note_of(bundle)))
    out = tmp_path / "e.zip"
    add_stamp(bundle, response, out, TrustAnchors.from_pem(authority.root.read_bytes()))
    files, manifest = read(out)
    assert files.pop(STAMP) == response
    del manifest["files"][STAMP]
    assert (files, manifest) == read(bundle)


def test_stamp_that_nobody_asked_to_verify_is_said_to_be_unverified(
    court: Court, bundle: Path, tmp_path: Path
) -> None:
    """Even rubbish: whoever does not trust the authority learns nothing from its stamp."""
    path = stamped(bundle, b"rubbish", tmp_path / "e.zip")
    found = library(path, court, None)
    assert found.is_stamped
    assert found.stamp is None
    lines = court.lines(path)
    assert lines[-1].startswith("VERIFIED")
    assert lines[1].startswith("time stamp  NOT VERIFIED: ")


# --- Bad -----------------------------------------------------------------------------------------


def _of_another_checkpoint(folder: Path, root: Issuer, note: bytes) -> bytes:
    return StampingAuthority(folder, [root]).answer(stamp_request(note + b" "))


def _by_another_authority(folder: Path, root: Issuer, note: bytes) -> bytes:
    return StampingAuthority(folder, [make_root("another root")]).answer(stamp_request(note))


def _by_a_root_of_that_name(folder: Path, root: Issuer, note: bytes) -> bytes:
    return StampingAuthority(folder, [make_root()]).answer(stamp_request(note))


def _for_code_signing(folder: Path, root: Issuer, note: bytes) -> bytes:
    honest = StampingAuthority(folder / "honest", [root]).answer(stamp_request(note))
    purposes = (ExtendedKeyUsageOID.CODE_SIGNING,)
    return StampingAuthority(folder / "other", [root], purposes=purposes).sign(honest)


def _for_more_than_stamping(folder: Path, root: Issuer, note: bytes) -> bytes:
    honest = StampingAuthority(folder / "honest", [root]).answer(stamp_request(note))
    purposes = (*STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)
    return StampingAuthority(folder / "other", [root], purposes=purposes).sign(honest)


def _after_its_certificate(folder: Path, root: Issuer, note: bytes) -> bytes:
    return StampingAuthority(folder, [root], starts=-YEAR, ends=-YEAR / 2).answer(
        stamp_request(note)
    )


def _before_its_certificate(folder: Path, root: Issuer, note: bytes) -> bytes:
    authority = StampingAuthority(folder, [root], starts=-YEAR / 4)
    return authority.sign(authority.answer(stamp_request(note)), datetime.now(UTC) - YEAR / 2)


def _without_its_chain(folder: Path, root: Issuer, note: bytes) -> bytes:
    authority = StampingAuthority(folder, [root, make_intermediate(root)])
    (folder / "chain.pem").write_bytes(b"")
    return authority.answer(stamp_request(note))


def _with_another_time(folder: Path, root: Issuer, note: bytes) -> bytes:
    response = StampingAuthority(folder, [root]).answer(stamp_request(note))
    place = response.index(b"\x18\x0f20") + len("..YYYYMMDDhhmm")
    seconds = b"00" if response[place : place + 2] != b"00" else b"01"
    return response[:place] + seconds + response[place + 2 :]


def _cut(folder: Path, root: Issuer, note: bytes) -> bytes:
    return StampingAuthority(folder, [root]).answer(stamp_request(note))[:-40]


def _not_granted(folder: Path, root: Issuer, note: bytes) -> bytes:
    """The authority of these tests stamps no SHA-512."""
    request = TimestampRequestBuilder(note, HashAlgorithm.SHA512, nonce=False).build()
    return StampingAuthority(folder, [root]).answer(request.as_bytes())


BAD: dict[str, tuple[Make, str, str]] = {
    "a stamp of another checkpoint": (_of_another_checkpoint, "something else", "imprint mismatch"),
    "a stamp by another authority": (_by_another_authority, "unable to get", "unable to get"),
    "a stamp by an authority that took the name": (
        _by_a_root_of_that_name,
        "certificate",
        "certificate",
    ),
    "a stamp under a certificate for signing code": (_for_code_signing, "purpose", "purpose"),
    "a stamp under a certificate for more than stamping": (
        _for_more_than_stamping,
        "purpose",
        "purpose",
    ),
    "a stamp after the certificate of its authority": (
        _after_its_certificate,
        "has expired",
        "has expired",
    ),
    "a stamp before the certificate of its authority": (
        _before_its_certificate,
        "not yet valid",
        "not yet valid",
    ),
    "a stamp without its intermediate certificate": (
        _without_its_chain,
        "unable to get",
        "unable to get",
    ),
    "a stamp with another time": (_with_another_time, "failure", "failure"),
    "a stamp that is cut": (_cut, "something else", "not a time stamp"),
    "an answer that grants no stamp": (_not_granted, "granted none", "not a time stamp"),
    "something else in the place of a stamp": (
        lambda *_: b"rubbish",
        "something else",
        "not a time stamp",
    ),
    "nothing in the place of a stamp": (lambda *_: b"", "something else", "not a time stamp"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_stamp_is_refused_with_its_reason_by_both(
    case: str,
    root: Issuer,
    authority: StampingAuthority,
    court: Court,
    bundle: Path,
    tmp_path: Path,
) -> None:
    make, library_says, script_says = BAD[case]
    response = make(tmp_path / "tsa", root, note_of(bundle))
    path = stamped(bundle, response, tmp_path / "e.zip")
    with pytest.raises(ExchangeError, match=library_says) as caught:
        library(path, court, authority.root)
    assert caught.value.reason is Reason.TIMESTAMP_INVALID
    said = court.run(path, tsa_root=authority.root)
    assert said.startswith("NOT VERIFIED  TIMESTAMP_INVALID: ")
    assert script_says in said
    out = tmp_path / "out.zip"
    with pytest.raises(ExchangeError, match=library_says):
        add_stamp(bundle, response, out, TrustAnchors.from_pem(authority.root.read_bytes()))
    assert not out.exists(), "a stamp that does not verify is not added"


def test_a_missing_stamp_is_refused_where_one_is_asked_for(
    authority: StampingAuthority, court: Court, bundle: Path
) -> None:
    with pytest.raises(ExchangeError, match=f"FILE_MISSING: expected the file {STAMP}"):
        library(bundle, court, authority.root)
    said = court.run(bundle, tsa_root=authority.root)
    assert said.startswith("NOT VERIFIED  FILE_MISSING: ")


def test_a_second_stamp_is_refused(
    authority: StampingAuthority, bundle: Path, tmp_path: Path
) -> None:
    response = authority.answer(stamp_request(note_of(bundle)))
    anchors = TrustAnchors.from_pem(authority.root.read_bytes())
    add_stamp(bundle, response, tmp_path / "one.zip", anchors)
    with pytest.raises(ExchangeError, match="has a time stamp already"):
        add_stamp(tmp_path / "one.zip", response, tmp_path / "two.zip", anchors)


def test_a_huge_response_is_refused_before_it_is_parsed(
    authority: StampingAuthority, bundle: Path, tmp_path: Path
) -> None:
    anchors = TrustAnchors.from_pem(authority.root.read_bytes())
    with pytest.raises(ExchangeError, match="at most 65536 bytes"):
        add_stamp(bundle, bytes(MAX_STAMP_BYTES + 1), tmp_path / "e.zip", anchors)


# --- The command ---------------------------------------------------------------------------------


class Server:
    """An authority's web server on this machine, which answers as told."""

    def __init__(self, authority: StampingAuthority, *, tls: bool = False) -> None:
        self.status = 200
        self.kind = "application/timestamp-reply"
        self.body: bytes | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/timestamp-query"
                request = self.rfile.read(int(self.headers["Content-Length"]))
                body = authority.answer(request) if outer.body is None else outer.body
                self.send_response(outer.status)
                self.send_header("Content-Type", outer.kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing is written to the test's output."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(
                authority.folder / "signer.pem", authority.folder / "signer.key"
            )
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._http.server_port}/stamp"
        self._thread = threading.Thread(target=self._http.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server(authority: StampingAuthority) -> Iterator[Server]:
    """The authority's server."""
    server = Server(authority)
    yield server
    server.stop()


def test_officer_asks_fetches_adds_and_verifies(
    authority: StampingAuthority,
    server: Server,
    court: Court,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    request, response, out = (tmp_path / name for name in ("c.tsq", "c.tsr", "e.zip"))
    command = ("evidence", "timestamp")
    assert run(capsys, *command, "request", bundle, "-o", request)[0] == 0
    words = f"openssl ts -query -in {request} -text"
    shown = subprocess.run(words.split(), capture_output=True, check=True).stdout
    assert b"Hash Algorithm: sha256" in shown
    assert b"Certificate required: yes" in shown
    assert run(capsys, *command, "fetch", request, server.url, "-o", response)[0] == 0
    adding = (*command, "add", bundle, response, "--tsa-root", authority.root, "-o", out)
    code, said, _ = run(capsys, *adding)
    assert code == 0
    assert "says CN=fictional stamper" in said
    assert run(capsys, *adding)[0] == 2, "nothing is written over"

    check = ("evidence", "verify", out, "--root", court.root, "--log-key", court.vkey)
    code, said, _ = run(capsys, *check, "--tsa-root", authority.root)
    assert code == 0
    assert "says CN=fictional stamper" in said
    code, said, _ = run(capsys, *check, "--tsa-root", authority.root, "--json")
    assert json.loads(said)["time_stamp"]["verified"] is True
    code, said, _ = run(capsys, *check)
    assert code == 0
    assert "time stamp   NOT VERIFIED" in said
    code, said, _ = run(capsys, *check, "--json")
    assert json.loads(said)["time_stamp"] == {"verified": False}
    check = ("evidence", "verify", bundle, "--root", court.root, "--log-key", court.vkey)
    code, said, _ = run(capsys, *check, "--json")
    assert json.loads(said)["time_stamp"] is None
    code, said, _ = run(capsys, *check, "--tsa-root", authority.root, "--json")
    assert code == 2
    assert "FILE_MISSING" in json.loads(said)["error"]["message"]


def test_authority_that_answers_otherwise_gives_no_stamp(
    server: Server, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = tmp_path / "c.tsq"
    request.write_bytes(stamp_request(note_of(bundle)))
    out = tmp_path / "c.tsr"
    words = ("evidence", "timestamp", "fetch", request, server.url, "-o", out)
    server.status = 503
    assert "got status 503" in run(capsys, *words)[2]
    server.status, server.kind = 200, "text/html"
    assert "'text/html'" in run(capsys, *words)[2]
    server.kind, server.body = "application/timestamp-reply", bytes(MAX_STAMP_BYTES + 1)
    assert "at most 65536 bytes" in run(capsys, *words)[2]
    server.stop()
    code, _, said = run(capsys, *words)
    assert code == 1
    assert f"TIMESTAMP_INVALID: no time stamp came from {server.url}" in said
    for url in ("file:///etc/hostname", "ftp://localhost/", "http://", "rubbish"):
        words = ("evidence", "timestamp", "fetch", request, url, "-o", out)
        code, _, said = run(capsys, *words)
        assert code == 1
        assert "TIMESTAMP_INVALID" in said
    assert not out.exists()
    out.write_bytes(b"")
    assert run(capsys, *words)[0] == 2, "a stamp may cost: where it cannot be kept, none is asked"


def test_authority_behind_tls_that_nobody_vouches_for_is_not_asked(
    authority: StampingAuthority,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    request = tmp_path / "c.tsq"
    request.write_bytes(stamp_request(note_of(bundle)))
    server = Server(authority, tls=True)
    words = ("evidence", "timestamp", "fetch", request, server.url, "-o", tmp_path / "c.tsr")
    code, _, said = run(capsys, *words)
    server.stop()
    assert code == 1
    assert "CERTIFICATE_VERIFY_FAILED" in said
