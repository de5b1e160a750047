"""Archives made to harm who opens them: each is refused with its own reason, early and cheaply.

Both verifiers refuse each. The script does so in a process that has little memory and few seconds.
"""

from __future__ import annotations

import json
import stat
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from agency_client.evidence import verify_bundle
from agency_client.evidence.verify import MAX_FILES, shown
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogVerifier
from exchange_protocol.trust.certificates import TrustAnchors
from tests.integration.evidence.conftest import Court, Files, read, write
from tests.support.court import SCRIPT, SYSTEM_PYTHON

MEMORY: Final = 192 << 20
SECONDS: Final = 20
LIMITED: Final = f"""
import importlib.util, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
spec = importlib.util.spec_from_file_location("verify", sys.argv[1])
script = importlib.util.module_from_spec(spec)
sys.modules["verify"] = script
spec.loader.exec_module(script)
sys.exit(script.main(sys.argv[2:]))
"""
CENTRAL, END = b"PK\x01\x02", b"PK\x05\x06"

Make = Callable[[Path], None]


def both_refuse_archive(bundle: Path, court: Court) -> tuple[str, str]:
    """The script's reason and message; the library must refuse too, as a bad file."""
    words = [str(bundle), "--root", str(court.root), "--log-key", court.vkey]
    ended = subprocess.run(
        [SYSTEM_PYTHON, "-I", "-c", LIMITED, str(SCRIPT), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = ended.stdout.strip()
    reason, _, message = said.removeprefix("NOT CHECKED  ").partition(": ")
    code = 6 if reason == "VERSION_UNKNOWN" else 2
    assert (ended.returncode, ended.stderr) == (code, ""), ended
    with pytest.raises(ExchangeError) as caught:
        verify_bundle(
            bundle, TrustAnchors.from_pem(court.root.read_bytes()), LogVerifier(court.vkey)
        )
    expected = Reason.TOO_LARGE if reason == "TOO_LARGE" else Reason.DOCUMENT_INVALID
    assert caught.value.reason is expected
    assert shown(f"NOT CHECKED  {caught.value.message}") == said
    return reason, message


def pack(path: Path, *members: tuple[zipfile.ZipInfo | str, bytes], method: int = 8) -> None:
    """Write an archive that begins like a bundle."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("manifest.json", "{}")
        for name, data in members:
            archive.writestr(name, data)


def member(name: str, **fields: Any) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.compress_type = zipfile.ZIP_DEFLATED
    for field, value in {"filename": name, **fields}.items():
        setattr(info, field, value)
    return info


def repack(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def altered(change: Callable[[bytes], bytes]) -> Make:
    """A small archive of which the bytes are changed."""

    def make(path: Path) -> None:
        pack(path)
        repack(path, change)

    return make


def set_in_table(data: bytes, at: int, form: str, value: int) -> bytes:
    """Set a field of every line of the table of contents."""
    changed = bytearray(data)
    start = data.find(CENTRAL)
    while start >= 0:
        struct.pack_into(form, changed, start + at, value)
        start = data.find(CENTRAL, start + 4)
    return bytes(changed)


# --- What is done to them ------------------------------------------------------------------------


def _bomb(path: Path) -> None:
    pack(path, ("checkpoint.note", bytes(64 << 20)))
    assert path.stat().st_size < 1 << 20


def _many_bombs(path: Path) -> None:
    """Each is within its bound; all of them are not."""
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(17):
            archive.writestr(f"content/0000000000000000001/p{n}/plain", b"-")
    repack(path, lambda data: set_in_table(data, 24, "<I", 64 << 20))


def _bomb_that_lies(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", bytes(8 << 20))
    size = struct.pack("<I", 8 << 20)
    repack(path, lambda data: data.replace(size, struct.pack("<I", 100)))


def _overlapping(path: Path) -> None:
    """Many lines of the table of contents lead to one file."""
    pack(path, ("content/0000000000000000001/a/plain", bytes(8 << 20)))
    data = path.read_bytes()
    start, end = data.rfind(CENTRAL), data.rfind(END)
    line = data[start:end]
    lines = b"".join(line.replace(b"/a/plain", b"/%c/plain" % each) for each in b"bcdefgh")
    tail = bytearray(data[end:])
    [size] = struct.unpack_from("<I", tail, 12)
    struct.pack_into("<HHI", tail, 8, 9, 9, size + len(lines))
    path.write_bytes(data[:end] + lines + tail)


def _too_many(path: Path) -> None:
    pack(path, *((f"a{n}", b"") for n in range(MAX_FILES + 1)), method=0)


def _too_many_that_lie(path: Path) -> None:
    _too_many(path)
    repack(path, lambda data: data[:-14] + struct.pack("<HH", 1, 1) + data[-10:])


def _comment(path: Path) -> None:
    pack(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"x" * 65_535


def _huge_table(path: Path) -> None:
    pack(path, *((member(f"a{n}", comment=b"x" * 65_535), b"") for n in range(300)))


def _repeated(path: Path) -> None:
    pack(path, ("checkpoint.note", b"-"))
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(path, "a") as archive,
    ):
        archive.writestr("checkpoint.note", b"another")


def _mode(kind: int) -> Make:
    attributes = (kind | 0o777) << 16
    return lambda path: pack(
        path, (member("checkpoint.note", create_system=3, external_attr=attributes), b"/etc/hosts")
    )


def _wrong_checksum(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("manifest.json", "{}")
    repack(path, lambda data: data.replace(b"{}", b"[]"))


HOSTILE: Final[dict[str, tuple[Make, str, str]]] = {
    "a file that unpacks to 64 MiB": (_bomb, "TOO_LARGE", "67108864 bytes, at most 4194304"),
    "seventeen of them that would be allowed each": (_many_bombs, "TOO_LARGE", "the files have"),
    "a file that unpacks to more than it says": (
        _bomb_that_lies,
        "ARCHIVE_INVALID",
        "manifest.json does not unpack: Bad CRC-32",
    ),
    "one file under many names": (_overlapping, "ARCHIVE_INVALID", "overlaps another file"),
    "too many files": (_too_many, "TOO_LARGE", "at most 50000 files, got 50002"),
    "too many files, of which the end tells of one": (
        _too_many_that_lie,
        "TOO_LARGE",
        "at most 50000 files, got 50002",
    ),
    "the format for huge archives": (
        altered(lambda data: data[:-22] + b"PK\x06\x07" + bytes(16) + data[-22:]),
        "TOO_LARGE",
        "format for huge ones",
    ),
    "a comment of 64 KiB": (_comment, "ARCHIVE_INVALID", "without a comment"),
    "a table of contents of 19 MiB": (_huge_table, "TOO_LARGE", "table of contents"),
    "a comment on a file": (
        lambda path: pack(path, (member("a", comment=b"-"), b"")),
        "ARCHIVE_INVALID",
        "a has a comment",
    ),
    "a program before the archive": (
        altered(lambda data: b"MZ" * 99 + data),
        "ARCHIVE_INVALID",
        "something is first",
    ),
    "something after the archive": (
        altered(lambda data: data + b"x"),
        "ARCHIVE_INVALID",
        "without a comment",
    ),
    "a name that is there twice": (_repeated, "NAME_REPEATED", "checkpoint.note is there twice"),
    "a link": (_mode(stat.S_IFLNK), "ARCHIVE_INVALID", "a link or a device"),
    "a device": (_mode(stat.S_IFCHR), "ARCHIVE_INVALID", "a link or a device"),
    "an encrypted file": (
        altered(lambda data: set_in_table(data, 8, "<H", 1)),
        "ARCHIVE_INVALID",
        "manifest.json is encrypted",
    ),
    "a file packed with LZMA": (
        lambda path: pack(path, method=zipfile.ZIP_LZMA),
        "ARCHIVE_INVALID",
        "packed in an unknown way",
    ),
    "a file with another checksum": (_wrong_checksum, "ARCHIVE_INVALID", "Bad CRC-32"),
    "two names for one file": (
        altered(lambda data: data.replace(b"manifest.json", b"manifest.evil", 1)),
        "ARCHIVE_INVALID",
        "does not unpack",
    ),
    "a folder": (lambda path: pack(path, ("entries/", b"")), "NAME_INVALID", "'entries/'"),
    "a name of 201 letters": (
        lambda path: pack(path, ("a" * 201, b"")),
        "NAME_INVALID",
        "may not be called",
    ),
    "names that differ in their case alone": (
        lambda path: pack(path, ("VERIFY.PY", b""), ("verify.py", b"")),
        "NAME_INVALID",
        "'VERIFY.PY'",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_archive_is_refused_with_little_memory_and_time(
    case: str, court: Court, tmp_path: Path
) -> None:
    make, reason, message = HOSTILE[case]
    path = tmp_path / "e.zip"
    make(path)
    found = both_refuse_archive(path, court)
    assert found[0] == reason
    assert message in found[1]


@pytest.mark.parametrize(
    "name", ["../escape", "/absolute", "a/../../b", "C:\\x", "entries//x", "x/", "a\x00b", "Ы"]
)
def test_names_that_lead_elsewhere_are_refused(name: str, court: Court, tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    pack(path, (member(name), b"-"))
    assert both_refuse_archive(path, court)[0] == "NAME_INVALID"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ARCHIVE_INVALID"),
        (b"PK", "ARCHIVE_INVALID"),
        (b"no archive at all" * 9, "ARCHIVE_INVALID"),
        (b"PK\x05\x06" + b"\xff" * 18, "TOO_LARGE"),
        (b"PK\x05\x06" + b"\x00" * 18, "FILE_MISSING"),
    ],
    ids=["empty", "stub", "text", "end alone", "an empty archive"],
)
def test_what_is_no_archive_is_refused(
    data: bytes, reason: str, court: Court, tmp_path: Path
) -> None:
    path = tmp_path / "e.zip"
    path.write_bytes(data)
    assert both_refuse_archive(path, court)[0] == reason


# --- The manifest --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":1,"a":2}', b"\xff", "1", "9" * 5000])
def test_manifest_that_is_no_json_is_refused(
    text: str | bytes, court: Court, tmp_path: Path
) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", text)
    assert both_refuse_archive(path, court)[0] == "MANIFEST_INVALID"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "VERSION_UNKNOWN"),
        ({"version": True}, "VERSION_UNKNOWN"),
        ({"version": "1"}, "VERSION_UNKNOWN"),
        ({"format": "other"}, "MANIFEST_INVALID"),
        ({"more": "-"}, "MANIFEST_INVALID"),
        ({"exported_by": 1}, "MANIFEST_INVALID"),
        ({"files": []}, "MANIFEST_INVALID"),
    ],
)
def test_manifest_of_another_form_is_refused(
    change: dict[str, Any], said: str, court: Court, bundle: Path, tmp_path: Path
) -> None:
    files, manifest = read(bundle)
    path = write(tmp_path / "e.zip", files, {**manifest, **change}, honest="files" in change)
    assert both_refuse_archive(path, court)[0] == said


def test_manifest_that_lies_is_refused(court: Court, bundle: Path, tmp_path: Path) -> None:
    files, manifest = read(bundle)
    files["account.html"] += b" "
    forged = write(tmp_path / "e.zip", files, manifest, honest=True)
    assert both_refuse_archive(forged, court)[0] == "DIGEST_MISMATCH"


def test_missing_and_extra_files_are_refused(court: Court, bundle: Path, tmp_path: Path) -> None:
    files, manifest = read(bundle)
    lacking: Files = dict(files)
    name, data = lacking.popitem()
    path = write(tmp_path / "a.zip", lacking, manifest, honest=True)
    assert both_refuse_archive(path, court)[0] == "FILE_MISSING"
    path = write(tmp_path / "b.zip", {**files, "more": b""}, manifest, honest=True)
    assert both_refuse_archive(path, court)[0] == "FILE_EXTRA"
    assert lacking | {name: data} == files


def test_manifest_is_readable_json(bundle: Path) -> None:
    _, manifest = read(bundle)
    assert json.loads(json.dumps(manifest))["format"] == "caricc-exchange/evidence"
