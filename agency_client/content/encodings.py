"""The encoding of a table: said, or certain, or refused.

A file that begins with a byte order mark says its encoding. One that is UTF-8 is UTF-8: text in
another encoding is so by chance only where it has a letter or two. For all others there is no
telling but by what the bytes would mean, and most bytes mean a letter in each Cyrillic encoding. So
a file is read by each of `CANDIDATES`, and its words are looked at: letters of one script that
Russian, Kazakh, Ukrainian or Belarusian writes, small ones, capitals, or a capital and small ones.
An encoding is certain if all its words are such words and no other encoding gives another text of
such words. In doubt the person has to say it; a guess by frequencies would be right most times, and
nobody would see the others.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from agency_client.content.source import Source
from agency_client.content.spoiled import is_utf_7
from exchange_protocol.errors import ExchangeError, Reason

UTF_8: Final = "utf-8"
_UTF_16: Final = "utf-16"
CANDIDATES: Final = (
    "cp1251", "kz1048", "koi8_r", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic",
    "cp1252", "cp1250", "cp1254",
)  # fmt: skip
"""Encodings of tables without a mark, as Python calls them."""
NAMES: Final = (
    "utf-8", "utf-16", "cp1251", "kz1048", "koi8-r", "koi8-u", "koi8-t", "cp866", "ptcp154",
    "iso8859-5", "mac-cyrillic", "cp1250", "cp1252", "cp1254", "iso8859-1", "iso8859-9",
)  # fmt: skip
"""Encodings that a person may name."""
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
"""An OLE file: of Excel, Word or Outlook, or any of Office with a password."""
_IN_OLD_OFFICE: Final = {
    "Workbook": "a workbook of Excel, an old one: open it, save the sheet as CSV (in UTF-8)",
    "Book": "a workbook of Excel, an old one: open it, save the sheet as CSV (in UTF-8)",
    "EncryptedPackage": (
        "a file of Office with a password: open it, save the sheet as CSV (in UTF-8)"
    ),
    "WordDocument": "a document of Word, an old one: ask for its table as CSV",
    "__properties_version1.0": (
        "a letter of Outlook: save the table that is attached to it as CSV (in UTF-8)"
    ),
    "PowerPoint Document": "a presentation: ask for its table as CSV",
}
"""Names in the directory of an OLE file."""
_OUTLOOK: Final = "__properties_version1.0"
_OLD_ENTRY_BYTES: Final = 128
_OLD_SECTOR: Final = 512
_BARE_WORKBOOK: Final = re.compile(rb"\x09[\x00\x02\x04\x08][\x04-\x10]\x00.[\x00-\x06]", re.DOTALL)
"""The first record of Excel 2 to 5 (BIFF), which had no wrapping; no text begins so."""
_ZIP: Final = b"PK\x03\x04"
_ZIP_NAME: Final = 26
"""Bytes between the mark and the name of a file in an archive."""
_OTHER_OFFICE: Final = {
    b"word/": "a document of Word: ask for its table as CSV",
    b"ppt/": "a presentation: ask for its table as CSV",
    b"Index/": "a workbook of Numbers, or another file of Apple: export the sheet as CSV",
}
"""Folders of files that begin as a workbook does, and are none."""
_WORKBOOK_PARTS: Final = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"customXml/")
"""Names with which the files of Excel begin (xlsx, xlsm, xlsb); they stand at the 31st byte."""
_FIRST_NAME: Final = slice(30, 90)
_FIRST_BYTES: Final = 256
"""The first bytes of a file, which tell of most files what they are."""
_JSON: Final = "JSON, and no table: save the table as CSV"
_PICTURE: Final = "a picture: ask for the table as CSV"
_MAIL: Final = "a letter of electronic mail: save the table that is attached to it"
_OTHERS: Final = {
    b"\x1f\x8b": "a compressed file: unpack it",
    b"BZh": "a compressed file: unpack it",
    b"\xfd7zXZ": "a compressed file: unpack it",
    b"(\xb5/\xfd": "a compressed file: unpack it",
    b"7z\xbc\xaf": "an archive: unpack it",
    b"Rar!": "an archive: unpack it",
    b"%PDF": "a PDF: ask for the table as CSV",
    b"{\\rtf": "a document in RTF: save its table as CSV",
    b"PAR1": "a file of Parquet: save its table as CSV",
    b"ARROW1": "a file of Arrow: save its table as CSV",
    b"$FL2": "a file of SPSS: save its table as CSV",
    b"$FL3": "a file of SPSS: save its table as CSV",
    b"<stata_dta>": "a file of Stata: save its table as CSV",
    b"SQLite format 3": "a database: save its table as CSV",
    b"\x00\x01\x00\x00Standard ": "a database: save its table as CSV",
    b"1CClientBankExchange": (
        "a file of exchange between 1C and a bank, and no table: save the payments as CSV, in 1C "
        "from their list (More, Output list), in the bank's program as an account statement"
    ),
    b"\x78\x9f\x3e\x22": "a letter of Outlook (winmail.dat): ask for the table itself as CSV",
    b":20:": "an account statement of SWIFT (MT940): ask the bank for the table as CSV",
    b"{1:F01": "an account statement of SWIFT (MT940): ask the bank for the table as CSV",
    b"OFXHEADER": "an account statement in OFX: ask the bank for the table as CSV",
    b"!Type:": "an account statement in QIF: ask the bank for the table as CSV",
    b"\x89PNG": _PICTURE,
    b"\xff\xd8\xff": _PICTURE,
    b"GIF8": _PICTURE,
    b"II*\x00": _PICTURE,
    b"MM\x00*": _PICTURE,
    b"RIFF": _PICTURE,
    **dict.fromkeys(
        (b"From: ", b"Received: ", b"Return-Path: ", b"Delivered-To: ", b"Message-ID: "), _MAIL
    ),
    b"MIME-Version:": "a page of the Web in one file: open it in a spreadsheet, save it as CSV",
    b"[{": _JSON,
    b'{"': _JSON,
}
"""First bytes of other files that are named for tables."""
_DBASE: Final = re.compile(rb"[\x03\x30\x31\x83\x8b\xf5].[\x01-\x0c][\x01-\x1f]", re.DOTALL)
"""The version and the day of the last change, with which a table of dBase begins."""
_LOAD_FILE: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:\xfe|\xc3\xbe)[^\r\n]*\x14")
"""The first line of a load file of e-discovery: thorns as quotes, U+0014 between the cells."""
_MARKUP: Final = re.compile(rb"\s*<(!doctype|html|\?xml|table|meta|head|style|!--)", re.IGNORECASE)
_PAGE: Final = re.compile(
    rb"<html|<!doctype html|<table|<workbook|Excel\.Sheet|office:spreadsheet", re.IGNORECASE
)
"""Marks of pages and of workbooks in XML, which a spreadsheet opens."""

_HIGH: Final = b"\x00\x04"
"""High bytes of Latin and Cyrillic letters in UTF-16."""
_FEW_BYTES: Final = 16
_MOST_FIRST_LINE: Final = 4096
_FOREIGN: Final = bytes(range(0x80, 0x100))

_UPPER: Final = "А-ЯЁҚҒӘӨҮҰҢҺІЇЄҐЎ"
_LOWER: Final = "а-яёқғәөүұңһіїєґў"
_CYRILLIC: Final = (
    rf"[{_LOWER}]+|[{_UPPER}]+|(?:[{_UPPER}][{_LOWER}]+)+|[{_UPPER}]+[{_LOWER}]{{1,3}}"
)
# Great and small letters take turns from U+0100 on. A class that held both would make the search
# for pairs of them take for ever on a word of one.
_LATIN_LETTERS: Final = "".join(map(chr, (*range(0x00C0, 0x0180), *range(0x0218, 0x021C)))) + "Əə"
_LATIN_UPPER: Final = "A-Z" + "".join(filter(str.isupper, _LATIN_LETTERS))
_LATIN_LOWER: Final = "a-z" + "".join(filter(str.islower, _LATIN_LETTERS))
_LATIN: Final = rf"[{_LATIN_LOWER}]+|[{_LATIN_UPPER}]+|(?:[{_LATIN_UPPER}][{_LATIN_LOWER}]+)+"
_GOOD_WORD: Final = re.compile(rf"(?:{_CYRILLIC}|{_LATIN})")
_SIGN: Final = "«»„“”‘’–—…№°§±·•©®€₸₽\u00a0"
_WORD: Final = re.compile(rf"[^\s\x00-\x40\x5b-\x60\x7b-\x7f{_SIGN}]+")
"""Letters, and whatever else an encoding may make of the bytes beside them; not signs of ASCII."""
_LETTER: Final = r"[^\W\d_]"
_START: Final = r"(?:^|[\s,;|\"])"
_MISPLACED: Final = re.compile(
    rf"{_LETTER}[№€₸₽]|{_LETTER}[«„»]{_LETTER}|{_START}[–—’”»…\u00a0]{_LETTER}|{_LETTER}[«„](?:$|[\s,;|])"
)
"""Signs where no text has them: a wrong encoding makes signs of letters."""


def find_encoding(source: Source, given: str | None = None) -> str:
    """Find the encoding of a table, `given` by a person or by the file itself.

    Raises:
        InvalidInput: DOCUMENT_INVALID, if the file is a workbook or empty, is not written in the
            encoding given, or no encoding is certain; the line is named where there is one.
    """
    if given is not None and _normal(given) not in {_normal(name) for name in NAMES}:
        raise _invalid(f"expected one of the encodings {', '.join(NAMES)}")
    seen = _look_at(source, given)
    if seen.is_blank:
        raise _invalid(f"{source} is empty: expected a table with a line of headings")
    if given is None:
        if seen.mark or (seen.is_utf_8 and seen.foreign > _FEW_BYTES):
            return seen.mark or UTF_8
        return UTF_8 if seen.is_ascii else _certain(source, is_utf_8=seen.is_utf_8)
    named = codecs.lookup(given).name
    if named == _UTF_16 and not seen.mark:
        return _without_mark(source)
    if seen.mark and named != seen.mark.removesuffix("-sig"):
        raise _invalid(
            f"{source} begins with the byte order mark of {seen.mark.removesuffix('-sig')}: "
            "leave --encoding out"
        )
    if seen.is_utf_8 and seen.foreign > _FEW_BYTES and named != UTF_8:
        raise _invalid(f"{source} is written in utf-8: leave --encoding out")
    if not named.startswith("utf"):
        _check_lines(source, named)
    return seen.mark or named


def _normal(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""


@dataclass(frozen=True, slots=True)
class _Seen:
    mark: str | None
    """The encoding that the byte order mark names."""
    is_utf_8: bool
    foreign: int
    """Bytes that are not ASCII."""
    is_blank: bool

    @property
    def is_ascii(self) -> bool:
        return not self.foreign


def _look_at(source: Source, given: str | None) -> _Seen:
    decoder = codecs.getincrementaldecoder(UTF_8)()
    is_utf_8 = is_blank = True
    foreign = 0
    with source.open() as file:
        begun = file.peek(_FIRST_BYTES)
        head = begun[:_FIRST_BYTES]
        start = head[:4]
        if words := other_file(begun):
            raise _invalid(f"{source} is {words}, and give that")
        markup = _MARKUP.match(head.removeprefix(codecs.BOM_UTF8))
        if markup and markup[1].lower() == b"?xml" and not _PAGE.search(head):
            raise _invalid(
                f"{source} is XML, and no table: give a goAML report with --goaml, of another ask "
                "for the table as CSV"
            )
        if markup:
            raise _invalid(
                f"{source} is a page in HTML or XML, whatever its name says: open it in a "
                "spreadsheet, save the sheet as CSV (in UTF-8), and give that"
            )
        if words := _binary(head, given):
            raise _invalid(f"{source} {words}")
        if is_utf_7(begun.decode("latin-1")):
            raise _invalid(
                f"{source} is written in utf-7, which few programs read: save it as UTF-8"
            )
        while chunk := file.read(1024 * 1024):
            is_blank = is_blank and not chunk.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
            foreign += len(chunk) - len(chunk.translate(None, _FOREIGN))
            is_utf_8 = is_utf_8 and _goes_on(decoder, chunk)
        is_utf_8 = is_utf_8 and _goes_on(decoder, b"", final=True)
    mark = next((name for bytes_, name in _MARKS if start.startswith(bytes_)), None)
    if mark == "utf-32":
        raise _invalid(f"{source} is written in utf-32: save it as UTF-8")
    return _Seen(mark, is_utf_8, foreign, is_blank)


def other_file(head: bytes, *, is_json: bool = False) -> str | None:
    """Say what another file is, which is given for a text: of no text, or of another program.

    Args:
        head: its first bytes, 256 of them or more; what Office wrote is told further inside.
        is_json: whether JSON is expected.
    """
    if head and not head[:_FIRST_BYTES].strip(b"\0"):
        return (
            "a file that begins with zeros alone, as a machine leaves it that lost power while it "
            "was written: take it from its source again"
        )
    if head.startswith(_OLD_OFFICE):
        return _old_office(head)
    if _BARE_WORKBOOK.match(head):
        return "a workbook of Excel, a very old one: open it, save the sheet as CSV (in UTF-8)"
    if head.startswith(_ZIP):
        return _zipped(head)
    head = head[:_FIRST_BYTES]
    if _DBASE.match(head) and b"\x00" in head[:32]:
        return "a table of dBase (DBF): open it in a spreadsheet, save it as CSV (in UTF-8)"
    if _LOAD_FILE.match(head):
        return "a load file of Concordance: save it as CSV (in UTF-8)"
    text = head.removeprefix(codecs.BOM_UTF8)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = head.decode(_UTF_16, "ignore").encode("latin-1", "ignore")
    found = (other for first, other in _OTHERS.items() if text.startswith(first))
    return next((other for other in found if not (is_json and other == _JSON)), None)


def _old_office(head: bytes) -> str:
    """Say what an OLE file is, by the directory of its streams, if that stands near its start.

    A letter or a document may hold a workbook whole, with a directory of its own: the name that
    stands first in the file's own directory tells, and that of a letter before all others.
    """
    begins = _directory_of(head)
    found = {name: _entry(head, name, begins) for name in _IN_OLD_OFFICE}
    named = {name: at for name, at in found.items() if at is not None}
    if _OUTLOOK in named:
        return _IN_OLD_OFFICE[_OUTLOOK]
    if named:
        return _IN_OLD_OFFICE[min(named, key=lambda name: named[name])]
    return (
        "a file of an old Office (a workbook, a document, a letter), or one with a password: open "
        "it, save the sheet as CSV (in UTF-8)"
    )


def _directory_of(head: bytes) -> int:
    """The place of the directory in an OLE file, as its header says it ([MS-CFB] 2.2)."""
    if len(head) < _OLD_SECTOR:
        return 0
    shift, sector = struct.unpack_from("<H", head, 30)[0], struct.unpack_from("<I", head, 48)[0]
    begins = (int(sector) + 1) << int(shift) if shift in (9, 12) else 0
    return begins if begins < len(head) else 0


def _entry(head: bytes, name: str, begins: int) -> int | None:
    """The place of the first entry of that name in a directory, counted from where it begins."""
    written = (name + "\0").encode("utf-16-le")
    for start in (begins, 0):
        at = head.find(written, start)
        while at >= 0:
            if at % _OLD_ENTRY_BYTES == 0:
                return at - begins if at >= begins else len(head) + at
            at = head.find(written, at + 1)
    return None


def _zipped(head: bytes) -> str:
    """Say what a zip archive is, by the names of its first files."""
    first = head[_FIRST_NAME]
    if first.startswith(b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"):
        return "a workbook of LibreOffice: save the sheet as CSV (in UTF-8)"
    if first.startswith(b"mimetypeapplication/vnd.oasis"):
        return "a document of LibreOffice, and no workbook: ask for its table as CSV"
    for part in re.finditer(_ZIP, head):
        name = head[part.end() + _ZIP_NAME :][:8]
        if found := next((each for each in _OTHER_OFFICE if name.startswith(each)), None):
            return _OTHER_OFFICE[found]
    if first.startswith(_WORKBOOK_PARTS):
        return "a workbook of Excel: save the sheet as CSV (in UTF-8)"
    return "an archive: unpack it"


def _binary(head: bytes, given: str | None) -> str | None:
    """Say what a file is whose first line holds zero bytes, which no text in one byte does."""
    line = head.partition(b"\n")[0]
    if b"\x00" not in line or not line.strip(b"\x00 \t\r") or _normal(given or "") == "utf-16":
        return None
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    if _are_letters(line[0::2], line[1::2]):
        return "is written in utf-16 without its mark: say --encoding utf-16, or save it as UTF-8"
    if _are_letters(line[1::2], line[0::2]):
        return (
            "is written in utf-16, the high byte first, without its mark: say --encoding utf-16, "
            "or save it as UTF-8"
        )
    return "holds zero bytes in its first line: it is no table of text; save the table as CSV"


def _are_letters(low: bytes, high: bytes) -> bool:
    """True if most of these high bytes are those of letters; signs such as № have others.

    The low bytes of a text are no zeros. Files of programs are full of them in both places.
    """
    return 2 * sum(map(high.count, (_HIGH[:1], _HIGH[1:]))) > len(high) and 4 * low.count(0) < len(
        low
    )


def _without_mark(source: Source) -> str:
    """The order of the bytes of a table in UTF-16 that does not say it, by its first line."""
    with source.open() as file:
        line = file.readline(_MOST_FIRST_LINE)
        while file.read(1024 * 1024):
            pass
    for name, low, high in (
        (f"{_UTF_16}-le", line[0::2], line[1::2]),
        (f"{_UTF_16}-be", line[1::2], line[0::2]),
    ):
        if _are_letters(low, high):
            return name
    raise _invalid(f"{source}: expected utf-16, and it does not read so: say another --encoding")


def _goes_on(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _check_lines(source: Source, encoding: str) -> None:
    """Refuse lines in UTF-8 within a file of another encoding."""
    mixed = 0
    with source.open() as file:
        for number, line in enumerate(lines_of(file), 1):
            if not mixed and reads_as_utf_8(line):
                mixed = number
    if mixed:
        raise _invalid(
            f"{source}, line {mixed}: expected {encoding}, got utf-8: the file is written in "
            "another encoding, or in two encodings; save it anew in one"
        )


def _certain(source: Source, *, is_utf_8: bool) -> str:
    """The encoding that alone gives a text of words."""
    candidates = (UTF_8, *CANDIDATES) if is_utf_8 else CANDIDATES
    texts = {encoding: hashlib.sha256() for encoding in candidates}
    spoiled: dict[str, int] = {}
    in_utf_8 = in_other = 0
    with source.open() as file:
        for number, line in enumerate(lines_of(file), 1):
            if line.isascii():
                continue
            if reads_as_utf_8(line):
                in_utf_8 = in_utf_8 or number
            elif _decoded(line, UTF_8) is None:
                in_other = in_other or number
            for encoding in candidates:
                if encoding in spoiled:
                    continue
                text = _decoded(line, encoding)
                if text is None or not _is_text(text):
                    spoiled[encoding] = number
                else:
                    texts[encoding].update(text.encode())
    different = {
        texts[encoding].digest(): encoding
        for encoding in reversed(candidates)
        if encoding not in spoiled
    }
    if is_utf_8 and (UTF_8 not in spoiled or not different):
        return UTF_8
    if in_utf_8 and not is_utf_8:
        raise _invalid(
            f"{source}, line {in_other}: expected utf-8, as in line {in_utf_8}: the file is "
            "written in two encodings, or is cut within a letter; save it anew in one"
        )
    if not different:
        raise _invalid(
            f"{source}, line {max(spoiled.values())}: expected text in UTF-8 or in another "
            f"encoding that is certain; say which it is: --encoding {' | '.join(NAMES[2:])}"
        )
    if is_utf_8:
        different[b""] = UTF_8
    if len(different) > 1:
        raise _invalid(
            f"{source}: expected text in UTF-8; it could be written in "
            f"{' or in '.join(sorted(different.values()))}: say which it is with --encoding"
        )
    return next(iter(different.values()))


def lines_of(file: Iterable[bytes]) -> Iterator[bytes]:
    """Give the lines of a file of bytes, as its text has them: those of old Macs end with CR."""
    for line in file:
        yield from line.splitlines(keepends=True) if b"\r" in line[:-2] else (line,)


def reads_as_utf_8(line: bytes) -> bool:
    """True if a text with other letters than ASCII's is UTF-8, and not so by chance."""
    text = None if line.isascii() else _decoded(line, UTF_8)
    if text is None:
        return False
    return len(line) - len(line.translate(None, _FOREIGN)) > _FEW_BYTES or _is_text(text)


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_text(line: str) -> bool:
    """True if all words of a line are written as words are."""
    if _MISPLACED.search(line) or line.count("«") != line.count("»"):
        return False
    return all(_is_word(word) for word in _WORD.findall(line) if not word.isascii())


def _is_word(word: str) -> bool:
    if not _GOOD_WORD.fullmatch(word):
        return False
    foreign = sum(not char.isascii() for char in word)
    return word[0] >= "\u0400" or 2 * foreign <= len(word)


def _invalid(why: str) -> ExchangeError:
    return Reason.DOCUMENT_INVALID.error(why)
