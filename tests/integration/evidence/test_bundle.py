"""A genuine bundle verifies with and without our software; a forged one does not, and says why."""

from __future__ import annotations

import ast
import base64
import errno
import gzip
import hashlib
import hmac
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agency_client.evidence import VerifiedBundle, export_bundle, verify_bundle
from agency_client.evidence.account import render
from agency_client.evidence.bundle import tlog_proof
from agency_client.evidence.verify import (
    KINDS,
    LEAF_PREFIX,
    READING,
    entry_folder,
    parse_vkey,
    shown,
)
from agency_client.evidence.verify import Statement as ScriptStatement
from agency_client.evidence.words import ENGLISH, KAZAKH, RUSSIAN
from exchange_certs.authority import Authority
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Handling, LegState, Party, Purpose, RefusalGround, Urgency
from exchange_protocol.kinds.erase_notice import ErasureGround
from exchange_protocol.kinds.reply import ReplyResult
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.record.entries import Event, entry_leaf_hash, parse_entry
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_protocol.v1 import statement_pb2
from exchange_protocol.words import Code
from exchange_server.bootstrap import utc_now
from tests.faults.load import FULL
from tests.integration.evidence.conftest import (
    SCAN,
    SECRET,
    Court,
    Files,
    Forge,
    Office,
    folder_of,
    indexes,
    read,
    write,
)
from tests.support.commands import run
from tests.support.court import SCRIPT, SYSTEM_PYTHON, run_script
from tests.support.damage import flipped
from tests.support.deployment import AUDITOR, OPERATOR
from tests.support.hub_process import ORIGIN, PASSPHRASE, TRUST_DOMAIN


def library_reason(bundle: Path, court: Court) -> Reason:
    with pytest.raises(ExchangeError) as caught:
        verify_bundle(bundle, *_trusted(court))
    return caught.value.reason


def _trusted(court: Court) -> tuple[TrustAnchors, LogVerifier]:
    return TrustAnchors.from_pem(court.root.read_bytes()), LogVerifier(court.vkey)


# --- Genuine -------------------------------------------------------------------------------------


def test_genuine_bundle_verifies_with_the_system_python_alone(court: Court, bundle: Path) -> None:
    assert court.alone(bundle).startswith("VERIFIED")


def test_script_refuses_a_forged_bundle_by_the_system_python_alone(
    court: Court, bundle: Path, verified: VerifiedBundle, tmp_path: Path
) -> None:
    files, manifest = read(bundle)
    name = f"{folder_of(verified, 'reply')}/signature.der"
    forged = write(tmp_path / "e.zip", {**files, name: flipped(files[name])}, manifest)
    assert court.alone(forged).startswith("NOT VERIFIED")


def test_script_is_of_an_old_python_and_its_standard_library_alone() -> None:
    script = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 9))
    needed = set()
    for node in ast.walk(script):
        if isinstance(node, ast.Import):
            needed |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            needed.add(node.module or "")
    assert {name.partition(".")[0] for name in needed} <= sys.stdlib_module_names


def test_initiators_bundle_replays_the_whole_exchange(verified: VerifiedBundle) -> None:
    assert verified.party is Party.INITIATOR
    assert verified.exchange is not None
    assert [leg.state.name for leg in verified.exchange.legs] == ["CLOSED"]
    kinds = [told.statement.kind.value for told in verified.told if told.statement]
    assert kinds == ["information_request", "decision", "reply", "close"]
    assert verified.account_matches


def test_bundle_is_private_and_nothing_is_written_over(office: Office, bundle: Path) -> None:
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    before = bundle.read_bytes()
    with pytest.raises(ExchangeError, match="exists; nothing is written over") as refused:
        office.export("kz.mia/system", bundle)
    assert refused.value.reason is Reason.FILE_NOT_WRITTEN
    assert bundle.read_bytes() == before


@pytest.mark.parametrize(
    ("member", "party", "parts"),
    [
        ("uz.fiu/system", Party.RECIPIENT, {"brief", "content", "attachments", "attachment.1"}),
        ("caricc/system", Party.APPROVER, {"brief"}),
        ("kz.gpo/system", Party.SUPERVISOR, {"brief"}),
    ],
)
def test_every_party_exports_what_it_is_shown(
    office: Office,
    court: Court,
    tmp_path: Path,
    member: str,
    party: Party,
    parts: set[str],
) -> None:
    found = office.export(member, tmp_path / "e.zip")
    assert found.party is party
    assert found.disclosed == {}
    assert not [name for name in read(tmp_path / "e.zip")[0] if name.startswith("content/")]
    found = office.export(member, tmp_path / "content.zip", with_content=True)
    assert {name for names in found.disclosed.values() for name in names} == parts
    assert court.run(tmp_path / "content.zip").startswith("VERIFIED")


def test_log_that_grows_meanwhile_is_proven_as_it_was(office: Office, tmp_path: Path) -> None:
    """Other agencies go on: the exchange's tree is the one that everything is proven against."""
    with office.town.client(OPERATOR) as operator, office.town.client("kz.mia/system") as client:
        size = client.sync().size

        class Busy:
            """The client's own link, on a hub where others act before the directory is asked."""

            asked = 0

            def __init__(self, link: Any) -> None:
                self.link = link

            def perform(self, call: Any) -> Any:
                if call.method == "DirectoryService/ListDirectoryEntries":
                    self.asked += 1
                    operator.enrol_agency(
                        agency=f"kg.new{self.asked}",
                        name="Новый орган (вымышлено)",
                        country="KG",
                        agency_type="POLICE",
                        time_zone="Asia/Bishkek",
                    )
                return self.link.perform(call)

            def close(self) -> None:
                self.link.close()

        client._driver.link = busy = Busy(client._driver.link)  # type: ignore[assignment]
        evidence = client.gather_evidence(office.exchange_id)
        assert busy.asked == 1
        assert len(evidence.directory) == size
        found = export_bundle(
            evidence,
            tmp_path / "e.zip",
            exported_by=client.member,
            at=utc_now(),
            anchors=client.profile.anchors,
            log=client.profile.log,
        )
        assert client.checkpoint().size == found.checkpoint.size + 1


def test_disclosed_content_is_what_was_said(bundle: Path, verified: VerifiedBundle) -> None:
    files, _ = read(bundle)
    [reply] = indexes(verified, "reply")
    assert files[f"content/{reply:019d}/attachment.1/plain"] == SCAN
    [request] = indexes(verified, "information_request")
    assert SECRET in files[f"content/{request:019d}/content/plain"].decode()


def test_nothing_sealed_is_in_a_bundle_without_content(office: Office, tmp_path: Path) -> None:
    office.export("kz.mia/system", tmp_path / "e.zip")
    files, _ = read(tmp_path / "e.zip")
    assert not any(SECRET.encode() in data for data in files.values())


def test_account_is_static_and_in_three_languages(bundle: Path) -> None:
    page = read(bundle)[0]["account.html"].decode()
    assert 'lang="ru"' in page
    assert "Ход обмена" in page
    assert 'lang="kk"' in page
    assert "Алмасу барысы" in page
    assert "What happened" in page
    assert "kz.mia (fictional)" in page
    for never in ("<script", "<a ", "<img", "http://", "https://", "javascript:"):
        assert never not in page


def test_account_tells_a_judge_who_asked_whom_for_what_on_which_terms(
    bundle: Path, verified: VerifiedBundle
) -> None:
    page = read(bundle)[0]["account.html"].decode()
    [request], [reply] = indexes(verified, "information_request"), indexes(verified, "reply")
    for row in (
        ("Opened with a", "request for information"),
        ("Made by", "kz.mia (fictional) [kz.mia]<br>system"),
        ("To", "uz.fiu (fictional) [uz.fiu]"),
        ("Copy for supervision", "kz.gpo (fictional) [kz.gpo]"),
        ("Legal basis", "TEST-1"),
        ("Handling", "H0: only to prevent and combat crime"),
        ("Outcome", "uz.fiu (fictional) [uz.fiu]: closed"),
        ("Автор", "kz.mia (fictional) [kz.mia]<br>информационная система"),
        ("Итог", "uz.fiu (fictional) [uz.fiu]: закрыто"),
    ):
        assert f'<tr><th scope="row">{row[0]}</th><td>{row[1]}</td></tr>' in page, row
    for cell in (
        f"reply<br>information given<br>on entry {request}",
        f"decision<br>approved<br>on entry {request}",
        f"content handed out<br>of entry {reply}",
        f"ответ<br>сведения предоставлены<br>по записи {request}",
    ):
        assert f"<td>{cell}</td>" in page, cell
    told = next(each.statement for each in verified.told if each.index == reply)
    assert told is not None
    for part in told.parts:
        assert f'<td class="code">{part.sha256.hex()}</td>' in page
    assert f"<td>content/{reply:019d}/attachment.1/plain</td>" in page


def test_account_shows_digests_of_what_stays_sealed(office: Office, tmp_path: Path) -> None:
    found = office.export("kz.gpo/system", tmp_path / "e.zip")
    page = read(tmp_path / "e.zip")[0]["account.html"].decode()
    assert found.exchange is None
    assert "not replayed: the exporter saw single statements" in page
    sealed = [part for told in found.told if told.statement for part in told.statement.parts]
    assert page.count("<td>no: it stays sealed</td>") == len(sealed) == 8


@pytest.mark.parametrize(
    "codes", [ErasureGround, Handling, LegState, Purpose, RefusalGround, ReplyResult, Urgency]
)
def test_account_has_words_for_every_code_that_it_shows(codes: type[Code]) -> None:
    for code in codes:
        for words in (ENGLISH, RUSSIAN, KAZAKH):
            assert words.say(code) not in (code.name, code.name.replace("_", " "))


def test_hostile_text_in_the_account_is_only_text(verified: VerifiedBundle) -> None:
    page = render(
        replace(verified, software="<script>alert(1)</script>\u202e\x1b[2JKZ-СРС")
    ).decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "[U+202E][U+001B][2JKZ-СРС [Cyrillic and Latin letters in one word" in page
    assert not any(each in page for each in ("<script", "\u202e", "\x1b"))


def test_script_names_kinds_as_the_contract_and_a_newer_one_by_its_number() -> None:
    numbers = statement_pb2.Statement.DESCRIPTOR.fields_by_name
    named = {numbers[kind.value].number: kind.value for kind in Kind}
    assert KINDS.items() <= named.items()
    newer = 69
    assert newer not in named
    payload = statement_pb2.Statement(id="1").SerializeToString() + b"\xaa\x04\x00"
    assert ScriptStatement(payload).kind == f"kind {newer}"


def test_leaf_of_the_script_is_that_of_the_protocol() -> None:
    entry, nonce = b"entry", bytes(32)
    leaf = hashlib.sha256(b"\x00" + LEAF_PREFIX + hmac.digest(nonce, entry, "sha256")).digest()
    assert leaf == entry_leaf_hash(entry, nonce)


def test_openssl_alone_agrees_on_signature_and_checkpoint(
    court: Court, bundle: Path, verified: VerifiedBundle, tmp_path: Path
) -> None:
    """The commands that docs/evidence.md gives for the check by hand."""
    files, _ = read(bundle)
    folder = folder_of(verified, "information_request")
    told = next(each for each in verified.told if each.statement)
    fingerprint = told.entry.certificate_sha256.hex()
    note = files["checkpoint.note"]
    text, _, below = note.rpartition(b"\n\n")
    name, _, key = parse_vkey(court.vkey)
    line = below.split(b"\n")[0].removeprefix(f"— {name} ".encode())
    for file, data in {
        "cert.pem": files[f"certificates/{fingerprint}.pem"],
        "pae": files[f"{folder}/pae.bin"],
        "sig": files[f"{folder}/signature.der"],
        "note": text + b"\n",
        "note.sig": base64.b64decode(line)[4:],
        "log.der": bytes.fromhex("302a300506032b6570032100") + key,
    }.items():
        (tmp_path / file).write_bytes(data)
    commands = [
        "openssl x509 -in cert.pem -noout -pubkey -out key.pem",
        "openssl dgst -sha256 -verify key.pem -signature sig pae",
        f"openssl verify -CAfile {court.root} -purpose any cert.pem",
        "openssl pkeyutl -verify -pubin -keyform DER -inkey log.der -rawin -in note "
        "-sigfile note.sig",
    ]
    for command in commands:
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)


# --- Forged: the manifest fits, the proofs do not ------------------------------------------------


def _payload(files: Files, found: VerifiedBundle) -> None:
    name = f"{folder_of(found, 'reply')}/payload.bin"
    files[name] = flipped(files[name])


def _pae(files: Files, found: VerifiedBundle) -> None:
    name = f"{folder_of(found, 'reply')}/pae.bin"
    files[name] = flipped(files[name])


def _signature(files: Files, found: VerifiedBundle) -> None:
    reply, request = folder_of(found, "reply"), folder_of(found, "information_request")
    files[f"{reply}/signature.der"] = files[f"{request}/signature.der"]


def _entry(files: Files, found: VerifiedBundle) -> None:
    name = f"{folder_of(found, 'decision')}/entry.bin"
    files[name] = files[name].replace(b"coordinator1", b"coordinator2")


def _nonce(files: Files, found: VerifiedBundle) -> None:
    name = f"{folder_of(found, 'decision')}/nonce.bin"
    files[name] = flipped(files[name])


def _proof(files: Files, found: VerifiedBundle) -> None:
    name = f"{folder_of(found, 'decision')}/proof.tlog-proof"
    lines = files[name].split(b"\n")
    lines[2] = base64.b64encode(flipped(base64.b64decode(lines[2])))
    files[name] = b"\n".join(lines)


def _short_proof(files: Files, found: VerifiedBundle) -> None:
    name = f"{folder_of(found, 'decision')}/proof.tlog-proof"
    lines = files[name].split(b"\n")
    files[name] = b"\n".join(lines[:2] + lines[3:])


def _long_proof(files: Files, found: VerifiedBundle) -> None:
    name = f"{folder_of(found, 'decision')}/proof.tlog-proof"
    lines = files[name].split(b"\n")
    files[name] = b"\n".join([*lines[:3], base64.b64encode(bytes(32)), *lines[3:]])


def _extra_data(files: Files, found: VerifiedBundle) -> None:
    """C2SP tlog-proof has room for it, and nothing vouches for it."""
    name = f"{folder_of(found, 'decision')}/proof.tlog-proof"
    files[name] = files[name].replace(b"\nindex", b"\nextra c3Rvcnk=\nindex", 1)


def _checkpoint(files: Files, found: VerifiedBundle) -> None:
    """The root of a tree of the forger's, under the log's old signature."""
    note = files["checkpoint.note"]
    lines = note.split(b"\n")
    lines[2] = base64.b64encode(bytes(32))
    forged = b"\n".join(lines)
    for name in list(files):
        files[name] = files[name].replace(note, forged)


def _other_log(files: Files, found: VerifiedBundle) -> None:
    """A checkpoint that another key signs under the log's name."""
    note = files["checkpoint.note"]
    own = LogSigner(ORIGIN, SoftwareSigner.generate_ed25519())
    forged = own.sign(Checkpoint(ORIGIN, found.checkpoint.size, found.checkpoint.root))
    for name in list(files):
        files[name] = files[name].replace(note, forged)


def _certificate(files: Files, found: VerifiedBundle) -> None:
    names = sorted(name for name in files if name.startswith("certificates/"))
    files[names[0]], files[names[1]] = files[names[1]], files[names[0]]


def _policy(files: Files, found: VerifiedBundle) -> None:
    name = next(name for name in files if name.startswith("policy/"))
    files[name] += b"permit(principal, action, resource);"


def _swapped(files: Files, found: VerifiedBundle) -> None:
    """The decision's place holds the reply, and the other way round."""
    one, other = folder_of(found, "reply"), folder_of(found, "decision")
    for file in ("payload.bin", "pae.bin", "signature.der"):
        left, right = f"{one}/{file}", f"{other}/{file}"
        files[left], files[right] = files[right], files[left]


def _moved(files: Files, found: VerifiedBundle) -> None:
    """A whole entry under another index."""
    own = folder_of(found, "close")
    there = {name.split("/")[1] for name in files if name.startswith("entries/")}
    free = max(i for i in range(found.checkpoint.size) if f"{i:019d}" not in there)
    for name in [name for name in files if name.startswith(own)]:
        files[name.replace(own, f"entries/{free:019d}")] = files.pop(name)


def _no_request(files: Files, found: VerifiedBundle) -> None:
    """With its content; the approval, the delivery and the reply stay."""
    folder, [index] = folder_of(found, "information_request"), indexes(found, "information_request")
    for name in [name for name in files if name.startswith((folder, f"content/{index:019d}/"))]:
        del files[name]


def _no_payload(files: Files, found: VerifiedBundle) -> None:
    del files[f"{folder_of(found, 'reply')}/payload.bin"]


def _no_certificate(files: Files, found: VerifiedBundle) -> None:
    del files[next(name for name in files if name.startswith("certificates/"))]


def _without_directory_entry(files: Files, found: VerifiedBundle) -> None:
    folder = f"entries/{found.directory_told[-1].index:019d}"
    for name in [name for name in files if name.startswith(folder)]:
        del files[name]


def _extra(files: Files, found: VerifiedBundle) -> None:
    files["note-from-the-exporter.txt"] = b"-"


def _extra_beside_entry(files: Files, found: VerifiedBundle) -> None:
    files[f"{folder_of(found, 'reply')}/plain.txt"] = b"-"


def _plain(files: Files, found: VerifiedBundle) -> None:
    name = f"content/{indexes(found, 'reply')[0]:019d}/content/plain"
    files[name] = files[name].replace("Да".encode(), "Нет".encode())


def _content_key(files: Files, found: VerifiedBundle) -> None:
    name = f"content/{indexes(found, 'reply')[0]:019d}/content/key"
    files[name] = flipped(files[name])


def _sealed(files: Files, found: VerifiedBundle) -> None:
    name = f"content/{indexes(found, 'reply')[0]:019d}/attachment.1/sealed"
    files[name] = flipped(files[name], 70_000)


FORGERIES: Final[dict[str, tuple[Forge, str, Reason]]] = {
    "a statement is altered": (_payload, "ENTRY_MISMATCH", Reason.ENTRY_MISMATCH),
    "what was signed is altered": (_pae, "ENTRY_MISMATCH", Reason.ENTRY_MISMATCH),
    "a signature is lifted from another statement": (
        _signature,
        "ENTRY_MISMATCH",
        Reason.ENTRY_MISMATCH,
    ),
    "an entry names another coordinator": (_entry, "PROOF_INVALID", Reason.PROOF_INVALID),
    "a nonce is altered": (_nonce, "PROOF_INVALID", Reason.PROOF_INVALID),
    "a hash of a proof is altered": (_proof, "PROOF_INVALID", Reason.PROOF_INVALID),
    "a proof is shorter": (_short_proof, "PROOF_INVALID", Reason.PROOF_INVALID),
    "a proof is longer": (_long_proof, "PROOF_INVALID", Reason.PROOF_INVALID),
    "a proof has extra data": (_extra_data, "PROOF_INVALID", Reason.PROOF_INVALID),
    "the checkpoint names another tree": (
        _checkpoint,
        "CHECKPOINT_INVALID",
        Reason.CHECKPOINT_INVALID,
    ),
    "another key signs the checkpoint": (
        _other_log,
        "CHECKPOINT_INVALID",
        Reason.CHECKPOINT_INVALID,
    ),
    "two certificates change places": (_certificate, "ENTRY_MISMATCH", Reason.ENTRY_MISMATCH),
    "the policy permits more": (_policy, "ENTRY_MISMATCH", Reason.ENTRY_MISMATCH),
    "two statements change places": (_swapped, "ENTRY_MISMATCH", Reason.ENTRY_MISMATCH),
    "an entry stands at another index": (_moved, "PROOF_INVALID", Reason.PROOF_INVALID),
    "the request is left out": (_no_request, "ENTRY_MISMATCH", Reason.ENTRY_MISMATCH),
    "a statement is left out, its entry stays": (
        _no_payload,
        "FILE_MISSING",
        Reason.DOCUMENT_INVALID,
    ),
    "a certificate is left out": (_no_certificate, "FILE_MISSING", Reason.DOCUMENT_INVALID),
    "an entry of the directory is left out": (
        _without_directory_entry,
        "DIRECTORY_INCOMPLETE",
        Reason.ENTRY_MISMATCH,
    ),
    "a file is added": (_extra, "FILE_EXTRA", Reason.DOCUMENT_INVALID),
    "a file is added beside an entry": (_extra_beside_entry, "FILE_EXTRA", Reason.DOCUMENT_INVALID),
    "a disclosed text is altered": (_plain, "CONTENT_MISMATCH", Reason.SEAL_BROKEN),
    "a content key is altered": (_content_key, "CONTENT_MISMATCH", Reason.SEAL_BROKEN),
    "sealed bytes are altered": (_sealed, "CONTENT_MISMATCH", Reason.SEAL_BROKEN),
}
"""What was done, the script's reason, and the library's. docs/evidence.md lists them."""


def test_what_an_auditor_read_has_no_place_in_a_bundle(
    office: Office, court: Court, tmp_path: Path
) -> None:
    """It is on the log, and proven; it is of no exchange, and none of the court's business."""
    with office.town.client(AUDITOR) as auditor:
        index = auditor.checkpoint().size
        list(auditor.leaves(0, index))
        found = office.export("kz.mia/system", tmp_path / "e.zip")
        size = found.checkpoint.size
        [leaf, *_] = auditor.leaves(index, size)
        proof = auditor.inclusion_proof(index, size)
    assert leaf.opening is not None
    assert parse_entry(leaf.opening.entry).event is Event.INSPECTION
    files, manifest = read(tmp_path / "e.zip")
    folder = entry_folder(index)
    files[f"{folder}/entry.bin"] = leaf.opening.entry
    files[f"{folder}/nonce.bin"] = leaf.opening.nonce
    files[f"{folder}/proof.tlog-proof"] = tlog_proof(index, proof, files["checkpoint.note"])
    forged = write(tmp_path / "forged.zip", files, manifest)
    assert court.run(forged).startswith("NOT VERIFIED  ENTRY_MISMATCH:")
    assert library_reason(forged, court) is Reason.ENTRY_MISMATCH


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_bundle_is_refused_with_its_reason(
    forgery: str, court: Court, bundle: Path, verified: VerifiedBundle, tmp_path: Path
) -> None:
    forge, said, reason = FORGERIES[forgery]
    files, manifest = read(bundle)
    before = dict(files)
    forge(files, verified)
    assert files != before
    forged = write(tmp_path / "forged.zip", files, manifest)
    assert court.run(forged).startswith(f"NOT VERIFIED  {said}:")
    assert library_reason(forged, court) is reason


def test_bundle_that_claims_another_exchange_is_refused(
    court: Court, bundle: Path, tmp_path: Path
) -> None:
    files, manifest = read(bundle)
    manifest["exchange_id"] = "00000000-0000-7000-8000-000000000000"
    forged = write(tmp_path / "f.zip", files, manifest)
    assert court.run(forged).startswith("NOT VERIFIED  ENTRY_MISMATCH:")
    assert library_reason(forged, court) is Reason.ENTRY_MISMATCH


def test_repacked_bundle_still_verifies(court: Court, bundle: Path, tmp_path: Path) -> None:
    """So the forgeries fail for what they change, not for how they are packed."""
    assert court.run(write(tmp_path / "e.zip", *read(bundle))).startswith("VERIFIED")


def test_bundle_that_was_unpacked_and_packed_again_is_the_same_bundle(
    court: Court, bundle: Path, tmp_path: Path
) -> None:
    """With the folders, times and order of another program."""
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    again = tmp_path / "again.zip"
    with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.rglob("*")):
            archive.write(
                each, each.relative_to(folder).as_posix() + ("/" if each.is_dir() else "")
            )
        assert any(name.endswith("/") for name in archive.namelist())
    assert court.run(again).startswith("VERIFIED")
    assert verify_bundle(again, *_trusted(court)).account_matches


@pytest.mark.parametrize(
    ("named", "added", "told"),
    [
        (lambda name: f"Дело 5/{name}", (), False),
        (lambda name: f"a/b/c/{name}", ("a/", "a/b/", "a/b/c/"), False),
        (lambda name: name, ("__MACOSX/._manifest.json", ".DS_Store", "entries/.DS_Store"), True),
        (
            lambda name: f"case copy/{name}",
            ("__MACOSX/", "__MACOSX/case copy/._verify.py", "case copy/Thumbs.db", "desktop.ini"),
            True,
        ),
        (lambda name: name.replace("/", "\\"), ("entries\\",), False),
        (lambda name: f"дело\\{name}".replace("/", "\\"), ("__MACOSX\\._x",), True),
    ],
    ids=["folder", "folders", "macOS", "both", "backslashes", "all"],
)
def test_bundle_that_another_system_packed_is_the_same_bundle(
    named: Callable[[str], str],
    added: tuple[str, ...],
    told: bool,
    court: Court,
    bundle: Path,
    tmp_path: Path,
) -> None:
    again = tmp_path / "again.zip"
    with zipfile.ZipFile(bundle) as archive, zipfile.ZipFile(again, "w") as other:
        for name in added:
            other.writestr(name, b"" if name.endswith(("/", "\\")) else b"Mac OS X")
        for name in archive.namelist():
            other.writestr(named(name), archive.read(name))
    code, out, _ = run_script(str(again), "--root", str(court.root), "--log-key", court.vkey)
    assert (code, out.splitlines()[-1][:9]) == (0, "VERIFIED ")
    assert ("archive     packed again: " in out) is told
    assert verify_bundle(again, *_trusted(court)).account_matches


def test_what_is_beside_the_folder_of_a_bundle_is_no_part_that_is_passed_over(
    court: Court, bundle: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.zip"
    with zipfile.ZipFile(bundle) as archive, zipfile.ZipFile(again, "w") as other:
        other.writestr("reply.txt", b"not part of it")
        for name in archive.namelist():
            other.writestr(f"case/{name}", archive.read(name))
    assert court.run(again).startswith("NOT CHECKED  ")


def test_bundle_within_an_archive_is_told(court: Court, bundle: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.write(bundle, "mail/bundle.zip")
    said = "NOT CHECKED  FILE_MISSING: it holds another archive, 'mail/bundle.zip': unpack it once"
    assert court.run(outer).startswith(said)


def test_bundle_that_was_cut_off_is_no_verdict(
    court: Court, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.zip"
    for missing in (1, 100, bundle.stat().st_size // 2):
        cut.write_bytes(bundle.read_bytes()[:-missing])
        assert court.run(cut).startswith("NOT CHECKED  ARCHIVE_INVALID: ")
        words = ("evidence", "verify", str(cut), "--root", str(court.root))
        assert run(capsys, *words, "--log-key", court.vkey)[0] == 2


@pytest.mark.parametrize(
    "change",
    [base64.encodebytes, gzip.compress, lambda _: b"", lambda _: b"<html>Log in</html>"],
    ids=["base64 of mail", "compressed", "empty", "page of a log-in"],
)
def test_other_file_under_the_name_of_a_bundle_is_told_as_such(
    court: Court, bundle: Path, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(change(bundle.read_bytes()))
    assert court.run(other).startswith("NOT CHECKED  ARCHIVE_INVALID: it is no zip archive")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (None, "NOT CHECKED  OPENSSL_MISSING: "),
        ("echo LibreSSL 3.3.6", "NOT CHECKED  OPENSSL_UNFIT: "),
        ("echo OpenSSL 1.1.1w", "NOT CHECKED  OPENSSL_UNFIT: "),
        (
            '[ "$1" = version ] && echo OpenSSL 3.0.0 || exit 1',
            "NOT CHECKED  OPENSSL_UNFIT: ",
        ),
        # A wrapper that loses the exit code would find every bundle good.
        (
            '[ "$1" = version ] && echo OpenSSL 3.0.0; exit 0',
            "NOT CHECKED  OPENSSL_UNFIT: 'OpenSSL 3.0.0' takes a false signature here",
        ),
    ],
    ids=["none", "another", "old", "without Ed25519", "says yes to all"],
)
def test_machine_that_cannot_check_is_no_verdict(
    program: str | None, said: str, court: Court, bundle: Path, tmp_path: Path
) -> None:
    if program is not None:
        fake = tmp_path / "openssl"
        fake.write_text(f"#!/bin/sh\n{program}\n", encoding="ascii")
        fake.chmod(0o700)
    pins = ("--root", str(court.root), "--log-key", court.vkey)
    code, out, err = run_script(str(bundle), *pins, path=str(tmp_path))
    assert out.startswith(said), out
    assert (code, err) == (6, "")


def test_machine_without_room_for_temporary_files_is_no_verdict(
    court: Court, bundle: Path, tmp_path: Path
) -> None:
    nowhere = (
        f"import tempfile; tempfile._candidate_tempdir_list = lambda: [{str(tmp_path / 'no')!r}]"
    )
    said = _script_after(nowhere, court, bundle)
    assert said.startswith("NOT CHECKED  MACHINE_UNFIT: this user can write to no folder for temp")
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))"
    ignored = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    said = _script_after(f"{full}; {ignored}", court, bundle)
    assert said.startswith("NOT CHECKED  MACHINE_UNFIT: "), said
    assert "OSError" not in said


def test_python_that_is_not_whole_is_no_verdict(court: Court, bundle: Path) -> None:
    """As Debian's python3-minimal: its error of import says nothing that a person understands."""
    said = _script_after("import sys; sys.modules['zipfile'] = None", court, bundle)
    assert said.startswith("NOT CHECKED  PYTHON_UNFIT: this Python is not whole (")


def _script_after(begin: str, court: Court, bundle: Path) -> str:
    """Run the script in a Python of its own that is changed first; gives its last line."""
    words = [str(SCRIPT), str(bundle), "--root", str(court.root), "--log-key", court.vkey]
    script = f"""
{begin}
import runpy, sys
sys.argv = {words!r}
runpy.run_path({str(SCRIPT)!r}, run_name="__main__")
"""
    ended = subprocess.run(
        [SYSTEM_PYTHON, "-I", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (6, "")
    return ended.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("asked", "does", "said"),
    [
        ("dgst", "kill -9 $$", "OPENSSL_STOPPED: openssl ended with -9"),
        ("verify", "kill -9 $$", "OPENSSL_STOPPED: openssl ended with -9"),
        ("dgst", "exit 137", "OPENSSL_STOPPED: openssl ended with 137"),
        ("dgst", "exit 127", "OPENSSL_STOPPED: openssl ended with 127"),
        ("dgst", "exit 1", "OPENSSL_UNFIT: openssl does not take a good signature here (sha256)"),
        ("verify", 'for last; do :; done; rm "$last"; exit 2', "FILE_LOST: "),
        ("dgst", ': > "$6"; exit 1', "FILE_LOST: "),
    ],
    ids=["killed", "killed at a chain", "killed in a wrapper", "gone", "no curves", "file gone",
         "file emptied"],
)  # fmt: skip
def test_machine_that_fails_midway_is_no_verdict(
    asked: str, does: str, said: str, court: Court, bundle: Path, tmp_path: Path
) -> None:
    """As where memory ends, openssl is replaced, or a program empties the folder for drafts."""
    code, out = _run_with_openssl(f'[ "$1" = {asked} ] && {{ {does}; }}', court, bundle, tmp_path)
    assert out.splitlines()[-1].startswith(f"NOT CHECKED  {said}"), out
    assert code == 6


def test_no_that_openssl_does_not_repeat_is_no_verdict(
    court: Court, bundle: Path, tmp_path: Path
) -> None:
    once = f'[ "$1" = dgst ] && [ ! -e "{tmp_path}/was" ] && {{ : > "{tmp_path}/was"; exit 1; }}'
    code, out = _run_with_openssl(once, court, bundle, tmp_path)
    assert (tmp_path / "was").exists()
    assert out.splitlines()[-1].startswith("VERIFIED"), out
    assert code == 0


def _run_with_openssl(first: str, court: Court, bundle: Path, tmp_path: Path) -> tuple[int, str]:
    """Run the script with an openssl that does something first; gives exit code and output."""
    fake = tmp_path / "openssl"
    fake.write_text(f'#!/bin/sh\n{first}\nexec {shutil.which("openssl")} "$@"\n', "utf-8")
    fake.chmod(0o700)
    pins = ("--root", str(court.root), "--log-key", court.vkey)
    path = f"{tmp_path}:{os.environ['PATH']}"
    code, out, err = run_script(str(bundle), *pins, path=path)
    assert err == ""
    return code, out


def test_disk_or_memory_that_fails_is_no_verdict(
    court: Court, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may be whole on another machine."""
    pins = ("--root", str(court.root), "--log-key", court.vkey)
    for error in (OSError(errno.EIO, "Input/output error"), MemoryError()):

        def fails(*_: object, error: BaseException = error) -> bytes:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(zipfile.ZipExtFile, "read", fails)
            code, out, _ = run_script(str(bundle), *pins)
        assert out.startswith("NOT CHECKED  MACHINE_UNFIT: ")
        assert "Error" not in out.replace("Input/output error", "")
        assert code == 6


def test_old_python_is_no_verdict(court: Court, bundle: Path) -> None:
    """The script must say so before it uses what an old Python lacks."""
    old = f"""
import sys, types
sys.version_info = (3, 8, 0)
import runpy
sys.argv = {[str(SCRIPT), str(bundle)]!r}
runpy.run_path({str(SCRIPT)!r}, run_name="__main__")
"""
    ended = subprocess.run(
        [SYSTEM_PYTHON, "-I", "-c", old], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (6, "")
    assert ended.stdout.startswith("NOT CHECKED  PYTHON_TOO_OLD: ")
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 9))
    modules = {each.module for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
    assert "__future__" not in modules, "Python 3.6 ends there with a traceback"
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    # What later versions brought: Python 3.9 is promised.
    assert not names & {"UTC", "StrEnum", "Self", "TypeAlias", "assert_never"}


def test_no_file_of_a_bundle_may_change_by_a_bit(
    court: Court, bundle: Path, tmp_path: Path
) -> None:
    """The library sees files changed, the script, which is slower, a few of them.

    The short form takes half of them by chance; `EXCHANGE_FAULTS=full` (`make faults`) every one.
    """
    files, manifest = read(bundle)
    proved = sorted(set(files) - set(READING))
    taken = proved if FULL else random.sample(proved, len(proved) // 2)
    asked = random.sample(taken, 6)
    for name in taken:
        [at] = random.sample(range(len(files[name])), 1)
        [bit] = random.sample(range(8), 1)
        changed = bytearray(files[name])
        changed[at] ^= 1 << bit
        forged = write(tmp_path / "e.zip", {**files, name: bytes(changed)}, manifest)
        with pytest.raises(ExchangeError):
            pytest.fail(f"{name}, byte {at}, bit {bit}: {verify_bundle(forged, *_trusted(court))}")
        if name in asked:
            said = court.run(forged)
            assert said.startswith("NOT VERIFIED"), (name, at, bit)


def test_left_out_approval_breaks_the_rules(
    court: Court, bundle: Path, verified: VerifiedBundle, tmp_path: Path
) -> None:
    """Only a replay can tell; the script says that it does not look for what was left out."""
    files, manifest = read(bundle)
    folder, index = folder_of(verified, "decision"), indexes(verified, "decision")[0]
    for name in list(files):
        if name.startswith((folder, f"content/{index:019d}/")):
            del files[name]
    forged = write(tmp_path / "e.zip", files, manifest)
    assert library_reason(forged, court) is Reason.RULE_BROKEN


def test_lying_account_is_told_by_the_library(court: Court, bundle: Path, tmp_path: Path) -> None:
    files, manifest = read(bundle)
    files["account.html"] = files["account.html"].replace(b"approved", b"rejected")
    forged = write(tmp_path / "e.zip", files, manifest)
    found = verify_bundle(forged, *_trusted(court))
    assert not found.account_matches
    assert court.run(forged).endswith("account.html was not checked: what is proved stands above.")


# --- Wrong anchors -------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["bundle", "root", "tsa"])
def test_mistyped_file_name_is_no_verdict(
    missing: str, court: Court, bundle: Path, tmp_path: Path
) -> None:
    """Nothing was verified and nothing refuted: that is code 2, and not "NOT VERIFIED"."""
    files = {"bundle": bundle, "root": court.root, "tsa": court.root}
    files[missing] = tmp_path / "nowhere"
    words = [str(files["bundle"]), "--root", str(files["root"]), "--tsa-root", str(files["tsa"])]
    code, out, err = run_script(*words, "--log-key", court.vkey)
    assert (code, err) == (2, "")
    file = shown(str(files[missing]))
    assert out == (
        f"NOT CHECKED  FILE_UNREADABLE: cannot read {file}: there is no such file: check its name\n"
    )


def test_folder_in_the_place_of_a_bundle_is_no_verdict(court: Court, tmp_path: Path) -> None:
    """Some browsers unpack what they load."""
    words = (str(tmp_path), "--root", str(court.root), "--log-key", court.vkey)
    code, out, _ = run_script(*words)
    assert code == 2
    assert "it is a folder; of an unpacked bundle pack the files into one zip archive" in out


@pytest.mark.parametrize("piped", ["bundle", "root"])
def test_pipe_in_the_place_of_a_file_is_no_verdict(
    piped: str, court: Court, bundle: Path, tmp_path: Path
) -> None:
    """It can be read once, and the script reads twice."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    files = {"bundle": bundle, "root": court.root} | {piped: pipe}
    words = (str(files["bundle"]), "--root", str(files["root"]), "--log-key", court.vkey)
    code, out, _ = run_script(*words)
    assert code == 2
    assert out.endswith(": it is no plain file, such as a pipe: save it as one\n")


def test_python_without_sha_256_is_no_verdict(
    court: Court, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where OpenSSL is set to FIPS and lacks a module for it."""

    def refused(*_: object) -> None:
        raise ValueError("[digital envelope routines] unsupported")

    monkeypatch.setattr(hashlib, "sha256", refused)
    code, out, err = run_script(str(bundle), "--root", str(court.root), "--log-key", court.vkey)
    assert (code, err) == (6, "")
    assert out.startswith("NOT CHECKED  PYTHON_UNFIT: this Python does not compute SHA-256 ([")


def test_python_2_shows_that_nothing_was_checked() -> None:
    """Its error of syntax shows the line, and has an exit code that no verdict has."""
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    # What Python 2 cannot read, the first of it.
    newer = re.compile(r"^\w+: |def .*->|[0-9]_[0-9]|\bf\"|print\(.*flush")
    first = next(each for each in lines[lines.index("import sys") :] if newer.search(each))
    assert first.startswith("SAID_BY_PYTHON_2: ")
    assert "NOT CHECKED  PYTHON_TOO_OLD" in first


def test_another_root_is_refused(court: Court, bundle: Path, tmp_path: Path) -> None:
    other = Authority.create(tmp_path / "other", TRUST_DOMAIN, PASSPHRASE, utc_now())
    root = tmp_path / "other.pem"
    root.write_bytes(other.root_pem())
    assert court.run(bundle, root=root).startswith("NOT VERIFIED  CERTIFICATE_INVALID:")


def test_another_log_key_is_refused(court: Court, bundle: Path) -> None:
    vkey = LogSigner(ORIGIN, SoftwareSigner.generate_ed25519()).vkey
    assert court.run(bundle, vkey=vkey).startswith("NOT VERIFIED  CHECKPOINT_INVALID:")


def test_log_key_with_a_wrong_id_is_no_verdict(court: Court, bundle: Path) -> None:
    name, _, key = court.vkey.split("+", 2)
    for vkey in (f"{name}+00000000+{key}", court.vkey[:-3], "rubbish"):
        assert court.run(bundle, vkey=vkey).startswith("NOT CHECKED  LOG_KEY_INVALID:")


@pytest.mark.parametrize("form", ["der", "text", "empty"])
def test_root_that_is_no_certificate_in_pem_is_no_verdict(
    court: Court, bundle: Path, tmp_path: Path, form: str
) -> None:
    certificate = x509.load_pem_x509_certificate(court.root.read_bytes())
    data = {"der": certificate.public_bytes(Encoding.DER), "text": b"brief: x\n", "empty": b""}
    root = tmp_path / "root.crt"
    root.write_bytes(data[form])
    said = court.run(bundle, root=root)
    assert said == "NOT CHECKED  ROOT_INVALID: expected a certificate in PEM in root.crt"
