"""Files to attach that may not be what their sender means: told as doubts, and sent as they stand.

What lies in a folder under the name of a document is often something else: the sign of a sync
program for a file that is elsewhere, a download that did not end, a page that asks for a password.
The sender opens it at once; the reader, weeks later and in another country, has nothing.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Final

_LFS: Final = b"version https://git-lfs.github.com/spec/"
_MOST_OF_LFS: Final = 1024
_SHORTCUT: Final = b"L\x00\x00\x00\x01\x14\x02\x00"
"""The first bytes of a link of Windows ([MS-SHLLINK] 2.1)."""
_SHORTCUTS: Final = frozenset({"lnk", "url", "webloc", "desktop", "gdoc", "gsheet", "gslides"})
_STAND_INS: Final = frozenset({"nextcloud", "owncloud", "icloud", "cloudf"})
_PARTIAL: Final = frozenset({"crdownload", "download", "filepart", "opdownload", "part", "partial"})
_BESIDE: Final = b"\x00\x05\x16\x07"
"""AppleDouble (RFC 1740): what macOS keeps of a file beside it."""
_OF_SYSTEMS: Final = frozenset({".ds_store", "desktop.ini", "thumbs.db"})
_OPENED: Final = ("~$", ".~lock.")
"""Begins the names of files by which Office marks a document as open."""
_OUTLOOK: Final = b"\x78\x9f\x3e\x22"
"""The first bytes of TNEF, in which Outlook packs files for Outlook ([MS-OXTNEF] 2.1.3)."""
_PAGE: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html|<head|<script)", re.IGNORECASE
)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED_OFFICE: Final = "EncryptedPackage".encode("utf-16-le")
"""The name of the stream that holds a locked document of Office ([MS-OFFCRYPTO] 2.3.4.4)."""
_PDF: Final = b"%PDF-"
_END_OF_PDF: Final = b"%%EOF"
_LOCKED_PDF: Final = re.compile(rb"/Encrypt\s*(?:[0-9]{1,10}\s+[0-9]{1,5}\s+R|<<)")
"""The entry of a PDF's trailer by which its content is encrypted (ISO 32000-1, 7.6.1)."""
_PRIVATE_KEY: Final = re.compile(
    rb"\s*(?:-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY|PuTTY-User-Key-File|AGE-SECRET-KEY-)"
)
_SEALED: Final = re.compile(
    rb"\s*-----BEGIN (?:PGP MESSAGE|AGE ENCRYPTED FILE)|age-encryption\.org/v1\n"
    rb"|0.{1,9}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03",
    re.DOTALL,
)
"""The first bytes of OpenPGP, of age, and of enveloped data in CMS (RFC 5652, 6.1)."""
_SEALED_NAMES: Final = frozenset({"age", "gpg", "pgp"})
_LOCKED_RAR: Final = re.compile(
    rb"Rar!\x1a\x07(?:\x01\x00.{4}[\x00-\x7f]{1,2}\x04|\x00.{2}s.[\x80-\xff])", re.DOTALL
)
"""The first blocks of an archive whose names are encrypted too, of RAR 5 and of older ones."""
_ENDS: Final = (
    (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82", "PNG"),
    (b"\xff\xd8\xff", b"\xff\xd9", "JPEG"),
)
"""The first bytes of pictures, and what stands near their end; cameras write more behind it."""
_NEAR_END: Final = 64 * 1024
_ZIP: Final = b"PK\x03\x04"
_NEAR: Final = 1024
"""Bytes in which a reader of PDF looks for its beginning, and for its end a few times as many."""
_ZIPPED: Final = frozenset({"zip", "docx", "xlsx", "pptx", "odt", "ods", "odp"})
_BEGINNINGS: Final = {
    "7z": (b"7z\xbc\xaf\x27\x1c",),
    "avi": (b"RIFF",),
    "bmp": (b"BM",),
    "gif": (b"GIF8",),
    "gz": (b"\x1f\x8b",),
    "jpeg": (b"\xff\xd8\xff",),
    "jpg": (b"\xff\xd8\xff",),
    "mp3": (b"ID3", b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xe3"),
    "msg": (_OLE,),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "pst": (b"!BDN",),
    "rar": (b"Rar!\x1a\x07",),
    "tif": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
    "tiff": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
    "wav": (b"RIFF", b"RF64"),
    "webp": (b"RIFF",),
    **dict.fromkeys(_ZIPPED, (_ZIP, b"PK\x05\x06", b"PK\x07\x08")),
}
"""The first bytes of files by the ends of their names; of other names nothing is known."""
_LOCKED: Final = "is locked with a password, which its readers need too"
_TEXTS: Final = frozenset(
    {"doc", "eml", "htm", "html", "mht", "mhtml", "txt", "xhtml", "xls", "xml"}
)
"""Names under which a page is meant: banks call the pages that Excel opens .xls."""


def doubts_of_file(name: str, data: bytes) -> Iterator[str]:
    """Give the doubts about a file to attach, by its name and its bytes."""
    words = _doubt(name, data)
    if words is not None:
        yield f"the attached file {name!r} {words}"


def _doubt(name: str, data: bytes) -> str | None:
    """Say why a file may be none that its reader can use; None where nothing speaks for it."""
    if not data:
        return "is empty"
    end = name.rpartition(".")[2].casefold()
    if words := _in_the_place(name.casefold(), end, data):
        return words
    if not data.strip(b"\x00"):
        return "holds zeros alone, as a disk leaves them of a file that was not written"
    if end not in _TEXTS and _PAGE.match(data[:_NEAR]):
        return (
            "is a page in HTML, whatever its name says: is it one that asks for a password or "
            "tells of an error?"
        )
    if (data.startswith(_OLE) and _LOCKED_OFFICE in data) or _LOCKED_RAR.match(data):
        return _LOCKED
    if _PRIVATE_KEY.match(data):
        return "is a private key, which nobody else may have: attach its certificate"
    if end in _SEALED_NAMES or _SEALED.match(data):
        return "is encrypted for whoever has its key: can its readers open it?"
    if end == "pdf" or data.startswith(_PDF):
        return _of_pdf(data)
    if end in _BEGINNINGS and not data.startswith(_BEGINNINGS[end]):
        return f"does not begin as a file does whose name ends in .{end}: is it another one?"
    if data.startswith(_ZIP):
        return _of_zip(data)
    for first, last, kind in _ENDS:
        if data.startswith(first) and last not in data[-_NEAR_END:]:
            return f"is a {kind} without its end: is it whole?"
    return None


def _in_the_place(name: str, end: str, data: bytes) -> str | None:
    """Say what stands in the place of a file, or beside it."""
    if data.startswith(_LFS) and len(data) < _MOST_OF_LFS:
        return "is a pointer of Git LFS in the place of the file: fetch the file itself"
    if end in _STAND_INS:
        return "stands for a file that is in a cloud: fetch the file itself"
    if data.startswith(_SHORTCUT) or end in _SHORTCUTS:
        return "is a shortcut, which leads to the file on your side alone: attach the file itself"
    if end in _PARTIAL:
        return "has the name of a download that did not end"
    if data.startswith(_BESIDE) or name in _OF_SYSTEMS:
        return "is what a system keeps beside files, and holds nothing of them"
    if name.startswith(_OPENED):
        return "is the mark of a document that is open, and holds nothing of it"
    if data.startswith(_OUTLOOK):
        return "is packed as Outlook does (winmail.dat): attach the files that are in it"
    return None


def _of_pdf(data: bytes) -> str | None:
    if _PDF not in data[:_NEAR]:
        return "does not begin as a file does whose name ends in .pdf: is it another one?"
    if _END_OF_PDF not in data[-8 * _NEAR :]:
        return "is a PDF without its end: is it whole?"
    if _LOCKED_PDF.search(data):
        return "is a PDF that a password protects: does it open without one?"
    return None


def _of_zip(data: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            is_locked = any(each.flag_bits & 1 for each in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, OSError):
        return "is an archive whose table of contents cannot be read: is it whole?"
    return _LOCKED if is_locked else None
