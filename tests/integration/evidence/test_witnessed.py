"""Evidence by a checkpoint that witnesses cosigned: exported on demand, believed by nobody's word.

Hub and witnesses are real. Every verdict is that of both verifiers, library and `verify.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from agency_client import Sent
from agency_client.evidence import VerifiedBundle, export_bundle, verify_bundle
from agency_client.evidence.account import render
from agency_client.witness.witness import Witness, init_witness
from exchange_keys import SoftwareSigner, load_signer
from exchange_protocol.errors import ExchangeError, HubDishonest, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogVerifier
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessSigner
from exchange_protocol.log.notes import NoteSignature, SignedNote
from exchange_protocol.signer import Signer
from exchange_protocol.trust.certificates import TrustAnchors
from exchange_server.bootstrap import utc_now
from tests.integration.audit.test_witnesses import cosign, forked, refer
from tests.integration.evidence.conftest import (
    REQUEST,
    Court,
    Files,
    read,
    write,
)
from tests.support.commands import run
from tests.support.court import run_script
from tests.support.deployment import AUDITOR, COORDINATORS, OPERATOR, Deployment, deploy
from tests.support.foundation import Foundation
from tests.support.hub_process import ORIGIN, PASSPHRASE, HubProcess, prepare_hub

POLICE, ABROAD = "kz.mia/system", "uz.fiu/system"
CENTRE, STATE = "witness.example/centre", "witness.example/state"
NOTE = "checkpoint.note"
GUIDE = Path(__file__).resolve().parents[3] / "docs" / "evidence.md"


@dataclass(frozen=True)
class Town:
    """A deployment whose hub has two witnesses; the police rely on both."""

    deployment: Deployment
    keys: tuple[Path, Path]
    vkeys: tuple[str, str]

    def cosign(self, *numbers: int) -> None:
        """Let these witnesses do a round, one after the other."""
        with self.deployment.client(AUDITOR) as auditor:
            for number in numbers:
                key, keys = self.keys[number], auditor.profile.log_keys
                Witness.load(key, PASSPHRASE, keys, utc_now).run_once(auditor)

    def private(self, number: int) -> Signer:
        return load_signer(self.keys[number], PASSPHRASE)

    def ask(self) -> str:
        """Open a cross-border request that is approved; gives its exchange."""
        with self.deployment.client(POLICE) as police:
            sent = police.request_information(to=["uz.fiu"], brief="Дело", request=REQUEST)
            assert isinstance(sent, Sent)
        with self.deployment.client(COORDINATORS[0]) as coordinator:
            coordinator.approve(sent.exchange_id)
        return sent.exchange_id

    def export(self, exchange_id: str, path: Path, *, with_content: bool = False) -> VerifiedBundle:
        with self.deployment.client(POLICE) as police:
            return export_bundle(
                police.gather_evidence(exchange_id, with_content=with_content, witnessed=True),
                path,
                exported_by=police.member,
                at=utc_now(),
                anchors=police.profile.anchors,
                log=police.profile.log,
                witnesses=police.profile.witnesses,
            )

    def go_on(self) -> None:
        """Let the log grow by what is of another exchange, and by an entry of the directory."""
        with self.deployment.client(POLICE) as police:
            police.refer(to=["kz.fma"], brief="Другое дело (вымышлено)")
        with self.deployment.client(OPERATOR) as operator:
            operator.enrol_agency(
                agency="kg.new",
                name="Новый орган (вымышлено)",
                country="KG",
                agency_type="POLICE",
                time_zone="Asia/Bishkek",
            )


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("witnessed")
    keys = folder / "centre.key", folder / "state.key"
    vkeys = init_witness(keys[0], CENTRE, PASSPHRASE), init_witness(keys[1], STATE, PASSPHRASE)
    files = prepare_hub(folder / "hub")
    with HubProcess(files, {"EXCHANGE_LOG_WITNESSES": " ".join(vkeys)}) as hub:
        deployment = deploy(files, hub.port)
        with (deployment.profile(POLICE) / "profile.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n[witnesses]\nrequired = 2\nkeys = {json.dumps(vkeys)}\n")
        yield Town(deployment, keys, vkeys)


@pytest.fixture(scope="module")
def witnessed(town: Town, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """An exchange that both witnesses saw whole, and its evidence, on a log that has grown since.

    Both are made at once: another test lets the witnesses see more.
    """
    exchange_id = town.ask()
    town.cosign(0, 1)
    town.go_on()
    path = tmp_path_factory.mktemp("bundle") / "e.zip"
    town.export(exchange_id, path)
    return exchange_id, path


@pytest.fixture(scope="module")
def exchange_id(witnessed: tuple[str, Path]) -> str:
    return witnessed[0]


@pytest.fixture(scope="module")
def bundle(witnessed: tuple[str, Path]) -> Path:
    """Witnessed evidence of the exchange."""
    return witnessed[1]


@pytest.fixture(scope="module")
def court(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Court:
    """A court with the root certificate and the log key from elsewhere."""
    folder, files = tmp_path_factory.mktemp("court"), town.deployment.files
    (folder / "root.pem").write_bytes(files.root_pem)
    return Court(folder, folder / "root.pem", files.log_vkey)


def library(bundle: Path, court: Court, witnesses: WitnessPolicy | None = None) -> VerifiedBundle:
    anchors = TrustAnchors.from_pem(court.root.read_bytes())
    return verify_bundle(bundle, anchors, LogVerifier(court.vkey), witnesses=witnesses)


def both_refuse_witnesses(
    bundle: Path, court: Court, vkeys: Sequence[str], required: int
) -> Reason:
    """The reason of both verifiers."""
    with pytest.raises(ExchangeError) as caught:
        library(bundle, court, WitnessPolicy(required, vkeys))
    said = court.run(bundle, witnesses=vkeys, required=required)
    assert said.startswith(f"NOT VERIFIED  {caught.value.reason.name}: "), said
    return caught.value.reason


def with_note(files: Files, note: bytes) -> Files:
    """A bundle's files with another note, in the proofs too."""
    changed = {**files, NOTE: note}
    for name in files:
        if name.endswith("/proof.tlog-proof"):
            changed[name] = files[name].partition(b"\n\n")[0] + b"\n\n" + note
    return changed


def renoted(bundle: Path, path: Path, lines: Callable[[SignedNote], bytes]) -> Path:
    """A bundle whose checkpoint has other lines below it."""
    files, manifest = read(bundle)
    note = lines(SignedNote.parse(files[NOTE]))
    assert note != files[NOTE]
    return write(path, with_note(files, note), manifest)


# --- Exporting -----------------------------------------------------------------------------------


def test_witnessed_evidence_is_of_the_tree_that_the_witnesses_saw(
    town: Town, exchange_id: str, court: Court, bundle: Path
) -> None:
    with town.deployment.client(POLICE) as police:
        size = police.checkpoint().size
        in_directory = police.gather_evidence(exchange_id).directory
    found = library(bundle, court, WitnessPolicy(2, town.vkeys))
    assert found.told[-1].index < found.checkpoint.size < size, "the log has grown since"
    assert len(found.directory_told) == len(in_directory) - 1, "with its directory"
    assert found.exchange is not None
    assert found.account_matches
    assert [each.witness for each in found.cosignatures] == [CENTRE, STATE]
    assert found.unverified_signatures == 0
    lines = court.lines(bundle, witnesses=town.vkeys)
    assert lines[1:3] == [
        f"witness     {each.witness} cosigned this checkpoint at {each.at:%Y-%m-%dT%H:%M:%SZ}"
        for each in found.cosignatures
    ]
    assert lines[-1].startswith("VERIFIED")


@pytest.mark.usefixtures("exchange_id")
def test_export_waits_for_witnesses_entry_by_entry(
    town: Town, court: Court, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Content that is opened for it is a delivery, and this too has to be seen first."""
    profile = ("--profile", str(town.deployment.profile(POLICE)))
    exchange_id, out = town.ask(), tmp_path / "e.zip"
    command = (*profile, "evidence", "export", exchange_id, "-o", str(out), "--witnessed")
    with town.deployment.client(POLICE) as police:
        before, newest = police.witnessed_checkpoint().head.size, police.checkpoint().size - 1
    code, _, err = run(capsys, *command)
    assert code == 1
    assert "NOT_WITNESSED" in err
    assert f"its newest is entry {newest}" in err
    assert f"the witnesses have cosigned the first {before} entries" in err
    town.cosign(0)
    assert run(capsys, *command)[0] == 1, "one witness is too few"
    town.cosign(1)
    assert run(capsys, *command, "--with-content")[0] == 1
    assert not out.exists()
    town.cosign(0, 1)
    code, said, _ = run(capsys, *command, "--with-content", "--json")
    assert code == 0
    told = json.loads(said)
    assert [each["witness"] for each in told["cosignatures"]] == [CENTRE, STATE]
    assert told["unverified_signatures"] == 0
    assert told["entries"][-1]["event"] == "DELIVERY"
    assert court.run(out, witnesses=town.vkeys).startswith("VERIFIED")


def test_witnessed_export_needs_witnesses_in_the_profile(
    town: Town, exchange_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = ("--profile", str(town.deployment.profile(ABROAD)))
    out = tmp_path / "e.zip"
    command = (*profile, "evidence", "export", exchange_id, "-o", str(out))
    code, _, err = run(capsys, *command, "--witnessed")
    assert code == 2
    assert "expected a table [witnesses]" in err
    assert not out.exists()
    code, said, _ = run(capsys, *command, "--json")
    assert code == 0
    assert json.loads(said)["cosignatures"] == []
    code, _, err = run(capsys, *profile, "evidence", "verify", str(out), "--witnessed")
    assert code == 2
    assert "expected a table [witnesses]" in err


def test_hub_that_proves_another_place_in_the_witnessed_tree_is_refused(
    town: Town, exchange_id: str
) -> None:
    with town.deployment.client(POLICE) as police:

        class Lying:
            """The client's own link, to a hub whose proofs lead elsewhere."""

            def __init__(self, link: Any) -> None:
                self.link = link

            def perform(self, call: Any) -> Any:
                answer = self.link.perform(call)
                if call.method == "AuditService/GetInclusionProof":
                    for each in answer:
                        each.inclusion_proof[0] = bytes(32)
                return answer

            def close(self) -> None:
                self.link.close()

        police._driver.link = Lying(police._driver.link)  # type: ignore[assignment]
        police.gather_evidence(exchange_id)
        with pytest.raises(HubDishonest, match="PROOF_INVALID"):
            police.gather_evidence(exchange_id, witnessed=True)


def test_history_made_for_the_court_alone_verifies_until_witnesses_are_asked_for(
    tmp_path: Path, foundation: Foundation, capsys: pytest.CaptureFixture[str]
) -> None:
    with forked(foundation, tmp_path) as (town, _, _):
        deployment, files = town.deployment, town.deployment.files
        (tmp_path / "root.pem").write_bytes(files.root_pem)
        court = Court(tmp_path, tmp_path / "root.pem", files.log_vkey)
        town.require(POLICE, 2)
        shown = refer(deployment.client(POLICE), "kz.fma")
        hidden = refer(deployment.client("kz.fma/system"), "kz.mia")
        for number in (0, 1):
            assert cosign(town, capsys, number)[0] == 0
        seen, alone = tmp_path / "seen.zip", tmp_path / "alone.zip"
        export = ("evidence", "export")
        assert town.run(capsys, POLICE, *export, shown, "-o", str(seen), "--witnessed")[0] == 0
        assert town.run(capsys, "kz.fma/system", *export, hidden, "-o", str(alone))[0] == 0
        assert court.run(seen).startswith("VERIFIED")
        assert court.run(alone).startswith("VERIFIED"), "each of them by itself"
        assert court.run(seen, witnesses=town.vkeys).startswith("VERIFIED")
        assert both_refuse_witnesses(alone, court, town.vkeys, 1) is Reason.NOT_WITNESSED
        lines = SignedNote.parse(read(seen)[0][NOTE]).signatures[1:]
        lifted = renoted(
            alone, tmp_path / "lifted.zip", lambda note: _note(note, *note.signatures, *lines)
        )
        assert court.run(lifted).startswith("VERIFIED")
        assert both_refuse_witnesses(lifted, court, town.vkeys, 1) is Reason.CHECKPOINT_INVALID


# --- Verifying -----------------------------------------------------------------------------------


def test_cosignatures_that_nobody_asked_to_verify_are_said_to_be_unverified(
    town: Town, court: Court, bundle: Path
) -> None:
    found = library(bundle, court)
    assert (found.cosignatures, found.unverified_signatures) == ((), 2)
    lines = court.lines(bundle)
    assert lines[1].startswith("witness     NOT VERIFIED: 2 other signature(s) on the checkpoint;")
    assert lines[-1].startswith("VERIFIED")
    found = library(bundle, court, WitnessPolicy(1, town.vkeys[1:]))
    assert [each.witness for each in found.cosignatures] == [STATE]
    assert found.unverified_signatures == 1
    lines = court.lines(bundle, witnesses=town.vkeys[1:])
    assert lines[1].startswith(f"witness     {STATE} cosigned")
    assert lines[2].startswith("witness     NOT VERIFIED: 1 other")


def test_account_names_witnesses_to_whoever_named_them(
    town: Town, court: Court, bundle: Path
) -> None:
    """Not the page in the bundle, which could be anyone's: it says that they are not verified."""
    page = read(bundle)[0]["account.html"].decode()
    assert CENTRE not in page
    assert "other signatures on the checkpoint, not verified: 2" in page
    assert "прочие подписи на контрольной точке, не проверены: 2" in page
    assert "That the log showed others the same history" in page
    found = library(bundle, court, WitnessPolicy(2, town.vkeys))
    page = render(found).decode()
    for each in found.cosignatures:
        assert page.count(f"{each.witness}, {each.at:%Y-%m-%d %H:%M:%S}") == 3, "in each language"
    assert "Заверена свидетелями" in page
    assert "Куәлар растаған" in page
    assert "not verified" not in page
    assert "That the log showed others the same history" not in page
    assert "agencies that rely on none of these witnesses" in page


def test_as_many_as_are_required_are_enough(town: Town, court: Court, bundle: Path) -> None:
    away = WitnessSigner("witness.example/away", SoftwareSigner.generate_ed25519()).verifier.vkey
    vkeys = (*town.vkeys, away)
    assert len(library(bundle, court, WitnessPolicy(2, vkeys)).cosignatures) == 2
    assert court.run(bundle, witnesses=vkeys, required=2).startswith("VERIFIED")
    assert both_refuse_witnesses(bundle, court, vkeys, 3) is Reason.NOT_WITNESSED


def test_witness_that_has_the_name_of_the_log_is_told_from_it(
    town: Town, court: Court, bundle: Path, tmp_path: Path
) -> None:
    """The key id goes with the name: neither line is taken for the other."""
    signer = WitnessSigner(ORIGIN, SoftwareSigner.generate_ed25519())
    at = utc_now().replace(microsecond=0)
    path = renoted(
        bundle,
        tmp_path / "e.zip",
        lambda note: _note(note, signer.cosign(note.text, at), *note.signatures),
    )
    found = library(path, court, WitnessPolicy(1, [signer.verifier.vkey]))
    [own] = found.cosignatures
    assert (own.witness, own.at, found.unverified_signatures) == (ORIGIN, at, 2)
    lines = court.lines(path, witnesses=[signer.verifier.vkey])
    assert lines[1] == f"witness     {ORIGIN} cosigned this checkpoint at {at:%Y-%m-%dT%H:%M:%SZ}"
    assert lines[-1].startswith("VERIFIED")


def test_evidence_that_nobody_cosigned_is_not_witnessed(
    town: Town, court: Court, bundle: Path, tmp_path: Path
) -> None:
    path = renoted(bundle, tmp_path / "e.zip", lambda note: _note(note, note.signatures[0]))
    assert library(path, court).unverified_signatures == 0
    assert not [each for each in court.lines(path) if each.startswith("witness")]
    assert both_refuse_witnesses(path, court, town.vkeys, 1) is Reason.NOT_WITNESSED


def test_openssl_alone_verifies_a_cosignature(town: Town, bundle: Path, tmp_path: Path) -> None:
    """By the very commands of docs/evidence.md."""
    guide = GUIDE.read_text(encoding="utf-8").partition("A cosignature is Ed25519")[2]
    commands = guide.split("```")[1]
    for vkey in town.vkeys:
        (tmp_path / NOTE).write_bytes(read(bundle)[0][NOTE])
        name, _, key = vkey.split("+", 2)
        for changed in (False, True):
            if changed:
                note = (tmp_path / NOTE).read_bytes()
                (tmp_path / NOTE).write_bytes(note.replace(b"\n", b"0\n", 2))
            ended = subprocess.run(
                ["/bin/bash", "-euc", commands],
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], "W": name, "KEY": key},
                capture_output=True,
                text=True,
                check=False,
            )
            assert (ended.returncode == 0) is not changed, ended
            assert ("Signature Verified Successfully" in ended.stdout) is not changed


# --- Bad lines -----------------------------------------------------------------------------------

Lines = Callable[[Town, SignedNote], bytes]
"""Other lines below the checkpoint of a genuine bundle."""


def _note(note: SignedNote, *lines: NoteSignature) -> bytes:
    return SignedNote(note.text, lines).encode()


def _instead(note: SignedNote, *lines: NoteSignature) -> bytes:
    """The lines of log and centre, and these in the place of the state's witness."""
    log, centre, state = note.signatures
    assert (log.name, centre.name, state.name) == (ORIGIN, CENTRE, STATE)
    return _note(note, log, centre, *lines)


def _as_state(note: SignedNote, signature: bytes) -> bytes:
    """A line in the name and key id of the state's witness."""
    return _instead(note, NoteSignature(STATE, note.signatures[2].key_id, signature))


def _by_another_key(town: Town, note: SignedNote) -> bytes:
    return _instead(note, _other(STATE).cosign(note.text, utc_now()))


def _by_another_key_as_his(town: Town, note: SignedNote) -> bytes:
    return _as_state(note, _other(STATE).cosign(note.text, utc_now()).signature)


def _other(name: str) -> WitnessSigner:
    return WitnessSigner(name, SoftwareSigner.generate_ed25519())


def _by_an_unnamed_witness(town: Town, note: SignedNote) -> bytes:
    return _instead(note, _other("witness.example/other").cosign(note.text, utc_now()))


def _by_the_other_witness(town: Town, note: SignedNote) -> bytes:
    return _as_state(note, note.signatures[1].signature)


def _under_the_logs_name(town: Town, note: SignedNote) -> bytes:
    return _instead(note, _other(ORIGIN).cosign(note.text, utc_now()))


def _the_logs_signature(town: Town, note: SignedNote) -> bytes:
    return _as_state(note, bytes(7) + b"\1" + note.signatures[0].signature)


def _with_another_time(town: Town, note: SignedNote) -> bytes:
    raw = note.signatures[2].signature
    return _as_state(note, (int.from_bytes(raw[:8], "big") - 60).to_bytes(8, "big") + raw[8:])


def _at_seconds(seconds: int) -> Lines:
    def lines(town: Town, note: SignedNote) -> bytes:
        message = b"cosignature/v1\ntime %d\n" % seconds + note.text
        return _as_state(note, seconds.to_bytes(8, "big") + town.private(1).sign(message))

    return lines


def _of_another_checkpoint(town: Town, note: SignedNote) -> bytes:
    checkpoint = Checkpoint.parse(note.text)
    other = Checkpoint(checkpoint.origin, checkpoint.size + 1, checkpoint.root)
    signer = WitnessSigner(STATE, town.private(1))
    return _instead(note, signer.cosign(other.body(), utc_now()))


def _without_a_time(town: Town, note: SignedNote) -> bytes:
    return _as_state(note, town.private(1).sign(note.text))


def _twice(town: Town, note: SignedNote) -> bytes:
    return _note(note, *note.signatures, note.signatures[2])


def _twice_at_two_times(town: Town, note: SignedNote) -> bytes:
    again = WitnessSigner(STATE, town.private(1)).cosign(note.text, utc_now() + timedelta(hours=1))
    return _note(note, *note.signatures, again)


def _cut(town: Town, note: SignedNote) -> bytes:
    return _as_state(note, note.signatures[2].signature[:-1])


def _longer(town: Town, note: SignedNote) -> bytes:
    return _as_state(note, note.signatures[2].signature + b"\0")


def _no_base64(town: Town, note: SignedNote) -> bytes:
    whole = _note(note, *note.signatures)
    return whole[:-2] + b"!\n"


def _no_line(town: Town, note: SignedNote) -> bytes:
    return _note(note, *note.signatures) + b"witnessed\n"


def _no_newline(town: Town, note: SignedNote) -> bytes:
    return _note(note, *note.signatures)[:-1]


def _too_many(town: Town, note: SignedNote) -> bytes:
    line = f"\N{EM DASH} x {'A' * 8}\n".encode()
    return _note(note, *note.signatures) + line * 62


COSIGNED: Final[dict[str, tuple[Lines, Reason]]] = {
    "a cosignature is left out": (lambda _, note: _instead(note), Reason.NOT_WITNESSED),
    "a cosignature by another key of that name": (_by_another_key, Reason.NOT_WITNESSED),
    "a cosignature by another key, with the key id of the witness": (
        _by_another_key_as_his,
        Reason.CHECKPOINT_INVALID,
    ),
    "a cosignature by a witness that was not named": (
        _by_an_unnamed_witness,
        Reason.NOT_WITNESSED,
    ),
    "a cosignature by one witness in the name of the other": (
        _by_the_other_witness,
        Reason.CHECKPOINT_INVALID,
    ),
    "a cosignature in the name of the log": (_under_the_logs_name, Reason.NOT_WITNESSED),
    "the log's signature in the name of a witness": (
        _the_logs_signature,
        Reason.CHECKPOINT_INVALID,
    ),
    "a cosignature with another time": (_with_another_time, Reason.CHECKPOINT_INVALID),
    "a cosignature at no time": (_at_seconds(0), Reason.CHECKPOINT_INVALID),
    "a cosignature after the last of years": (
        _at_seconds(int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) + 1),
        Reason.CHECKPOINT_INVALID,
    ),
    "a cosignature of another checkpoint": (_of_another_checkpoint, Reason.CHECKPOINT_INVALID),
    "a signature of a witness without a time": (_without_a_time, Reason.CHECKPOINT_INVALID),
    "a cosignature twice": (_twice, Reason.CHECKPOINT_INVALID),
    "two cosignatures of one witness": (_twice_at_two_times, Reason.CHECKPOINT_INVALID),
    "a cosignature that is cut": (_cut, Reason.CHECKPOINT_INVALID),
    "a cosignature that is longer": (_longer, Reason.CHECKPOINT_INVALID),
    "a cosignature in other letters than base64's": (_no_base64, Reason.CHECKPOINT_INVALID),
    "a line that is no signature": (_no_line, Reason.CHECKPOINT_INVALID),
    "a last line without its end": (_no_newline, Reason.CHECKPOINT_INVALID),
    "sixty-five signatures": (_too_many, Reason.CHECKPOINT_INVALID),
}
"""What stands below the checkpoint, and the reason of both. docs/evidence.md lists them."""


@pytest.mark.parametrize("case", COSIGNED)
def test_bad_cosignature_is_refused_with_its_reason_by_both(
    case: str, town: Town, court: Court, bundle: Path, tmp_path: Path
) -> None:
    make, reason = COSIGNED[case]
    path = renoted(bundle, tmp_path / "e.zip", lambda note: make(town, note))
    assert both_refuse_witnesses(path, court, town.vkeys, 2) is reason


def test_note_with_the_latest_time_and_the_most_lines_is_taken(
    town: Town, court: Court, bundle: Path, tmp_path: Path
) -> None:
    """So the bad ones fail by one second, and by one line."""
    latest = datetime(9999, 12, 31, tzinfo=UTC)
    line = f"\N{EM DASH} x {'A' * 8}\n".encode()
    make = _at_seconds(int(latest.timestamp()))
    path = renoted(bundle, tmp_path / "e.zip", lambda note: make(town, note) + line * 61)
    found = library(path, court, WitnessPolicy(2, town.vkeys))
    assert (found.cosignatures[1].at, found.unverified_signatures) == (latest, 61)
    lines = court.lines(path, witnesses=town.vkeys)
    assert lines[2].endswith("at 9999-12-31T00:00:00Z")
    assert lines[-1].startswith("VERIFIED")


# --- Wrong words of the command ------------------------------------------------------------------


def test_keys_of_witnesses_that_are_none_are_refused(
    town: Town, court: Court, bundle: Path
) -> None:
    name, _, key = town.vkeys[0].split("+", 2)
    same_name = _other(CENTRE).verifier.vkey
    same_key = WitnessSigner("witness.example/again", town.private(0)).verifier.vkey
    for vkeys in (
        [court.vkey],
        [f"{name}+00000000+{key}"],
        [town.vkeys[0], town.vkeys[0]],
        [town.vkeys[0], same_name],
        [town.vkeys[0], same_key],
        ["rubbish"],
    ):
        with pytest.raises(ExchangeError) as caught:
            WitnessPolicy(1, vkeys)
        assert caught.value.reason is Reason.CONFIG_INVALID
        said = court.run(bundle, witnesses=vkeys)
        assert said.startswith("NOT CHECKED  WITNESS_KEY_INVALID: "), said


@pytest.mark.parametrize("required", [0, 3])
def test_script_takes_no_number_that_nobody_can_reach(
    required: int, town: Town, court: Court, bundle: Path
) -> None:
    words = [str(bundle), "--root", str(court.root), "--log-key", court.vkey]
    words += ["--witness", town.vkeys[0], "--witness", town.vkeys[1]]
    code, _, err = run_script(*words, "--witnesses-required", str(required))
    assert code == 2
    assert "expected --witnesses-required from 1 to the 2 of --witness" in err


def test_command_verifies_witnesses_of_its_words_or_of_the_profile(
    town: Town, court: Court, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check = ("evidence", "verify", str(bundle), "--root", str(court.root), "--log-key", court.vkey)
    named = ("--witness", town.vkeys[0], "--witness", town.vkeys[1])
    assert "NOT VERIFIED: 2 other signatures" in " ".join(run(capsys, *check)[1].split())
    code, said, _ = run(capsys, *check, *named)
    assert code == 0
    assert CENTRE in said
    assert "NOT VERIFIED" not in said
    page = tmp_path / "account.html"
    assert run(capsys, *check, *named, "--account", str(page))[0] == 0
    assert CENTRE in page.read_text(encoding="utf-8")
    profile = ("--profile", str(town.deployment.profile(POLICE)))
    code, said, _ = run(capsys, *profile, *check, "--witnessed", "--json")
    assert [each["witness"] for each in json.loads(said)["cosignatures"]] == [CENTRE, STATE]

    away = ("--witness", _other("witness.example/away").verifier.vkey)
    code, said, _ = run(capsys, *check, *named, *away, "--json")
    assert code == 1
    assert json.loads(said)["error"]["reason"] == "NOT_WITNESSED"
    assert run(capsys, *check, *named, *away, "--witnesses-required", "2")[0] == 0
    for wrong in (
        ("--witnessed", *named),
        ("--witnesses-required", "3", *named),
        ("--witnesses-required", "1"),
        ("--witness", court.vkey),
        ("--witnessed",),
    ):
        assert run(capsys, *check, *wrong)[0] == 2, wrong
