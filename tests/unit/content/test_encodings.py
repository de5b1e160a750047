"""The encoding of a table is said, or certain, or asked for; it is never guessed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import struct
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_client.content.encodings import CANDIDATES, _is_word, find_encoding
from agency_client.content.source import Source
from exchange_protocol.errors import InvalidInput, Reason

TABLE = "Номер;Плательщик;Сумма\n1;ООО «Ромашка» (вымышлено);5,50\n2;КазМунайГаз — ТОО;7\n"
KAZAKH = "Нөмір;Төлеуші\n1;Қасымова Әлия (вымышлена)\n2;ЖШС «Ұлы дала»\n"


def found(folder: Path, data: bytes, given: str | None = None) -> str:
    path = folder / "t.csv"
    path.write_bytes(data)
    return find_encoding(Source(path), given)


def refused_encoding(folder: Path, data: bytes, given: str | None = None) -> str:
    with pytest.raises(InvalidInput) as caught:
        found(folder, data, given)
    assert caught.value.reason is Reason.DOCUMENT_INVALID
    assert "Ромашка" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "mac-cyrillic"])
def test_table_of_a_bank_is_read_in_the_encoding_it_has(tmp_path: Path, encoding: str) -> None:
    data = TABLE.encode(encoding)
    assert data.decode(found(tmp_path, data)) == TABLE


@pytest.mark.parametrize("encoding", ["koi8-r", "cp866", "iso8859-5", "cp1251"])
def test_table_in_russian_is_read_in_the_encoding_it_has(tmp_path: Path, encoding: str) -> None:
    text = "Номер;Плательщик;Сумма\n1;Фирма Ромашка (вымышлена);5\n"
    data = text.encode(encoding)
    assert data.decode(found(tmp_path, data)) == text


def test_table_in_kazakh_is_read_in_its_encoding(tmp_path: Path) -> None:
    assert found(tmp_path, KAZAKH.encode("kz1048")) == "kz1048"


@pytest.mark.parametrize("text", ["id;name\n1;ИВАНОВ\n", "id;name\n1;я\n"])
def test_table_that_could_be_in_several_is_refused_with_what_to_say(
    tmp_path: Path, text: str
) -> None:
    message = refused_encoding(tmp_path, text.encode("cp1251"))
    assert "cp1251" in message
    assert "--encoding" in message
    assert found(tmp_path, text.encode("cp1251"), "cp1251") == "cp1251"


LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
WORDS = st.text(LETTERS, min_size=1, max_size=8).flatmap(
    lambda word: st.sampled_from([word, word.upper(), word.title()])
)


@given(
    st.sampled_from(CANDIDATES), st.lists(st.lists(WORDS | st.just("5,50"), max_size=4), max_size=5)
)
def test_words_are_never_read_as_others(
    tmp_path_factory: pytest.TempPathFactory, encoding: str, rows: list[list[str]]
) -> None:
    text = "id;name\n" + "\n".join(" ".join(row) for row in rows)
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError:
        return
    try:
        name = found(tmp_path_factory.mktemp("t"), data)
    except InvalidInput:
        return  # It could be in several, and has to be said.
    assert data.decode(name) == text


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866", "kz1048"])
@pytest.mark.parametrize("place", [1, -1])
def test_two_encodings_in_one_file_are_refused_with_the_line(
    tmp_path: Path, encoding: str, place: int
) -> None:
    rows = [f"{number};Фирма Ромашка (вымышлена)\n".encode(encoding) for number in range(5)]
    rows.insert(place if place > 0 else len(rows), "9;Пётр (вымышлен)\n".encode())
    number = rows.index("9;Пётр (вымышлен)\n".encode()) + 1
    for given_ in (None, encoding):
        message = refused_encoding(tmp_path, b"".join(rows), given_)
        assert "two encodings" in message
        assert f"line {number}" in message


def test_two_old_encodings_in_one_file_are_refused(tmp_path: Path) -> None:
    row = "1;Фирма Ромашка (вымышлена), город Алматы\n"
    data = row.encode("cp1251") * 20 + row.encode("koi8-r") + row.encode("cp1251") * 20
    assert "line 21" in refused_encoding(tmp_path, data)


def test_encoding_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    assert "utf-8" in refused_encoding(tmp_path, TABLE.encode("utf-8-sig"), "cp1251")
    assert "utf-8" in refused_encoding(tmp_path, TABLE.encode("utf-8"), "cp1251")
    assert "utf-16" in refused_encoding(tmp_path, TABLE.encode("utf-16"), "utf-8")
    assert "one of the encodings" in refused_encoding(tmp_path, TABLE.encode(), "rot13")
    assert "one of the encodings" in refused_encoding(tmp_path, TABLE.encode(), "utf-7")


@pytest.mark.parametrize("name", ["cp1251", "windows-1251", "CP1251"])
def test_encoding_may_be_named_as_people_name_it(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, TABLE.encode("cp1251"), name) == "cp1251"


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xff\xfe", b" \t\r\n"])
def test_empty_file_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    assert "is empty" in refused_encoding(tmp_path, data)


def _ole(*streams: str, before: str = "") -> bytes:
    """An OLE file that holds streams of these names; another file within it stands before."""
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<I", header, 48, 1)
    names = ["Root Entry", *streams]
    entries = [each.encode("utf-16-le").ljust(128, b"\0") for each in (before, *names)]
    return bytes(header) + entries[0].ljust(512, b"\0") + b"".join(entries[1:])


def _zip(*names: str, said: bytes = b"") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in names:
            file.writestr(name, said or b"<x/>")
    return archive.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (gzip.compress(TABLE.encode()), "a compressed file: unpack it"),
        (bz2.compress(TABLE.encode()), "a compressed file: unpack it"),
        (lzma.compress(TABLE.encode()), "a compressed file: unpack it"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture"),
        (b"II*\x00\x08\x00", "a picture"),
        (b"From: bank@example.kz\r\nSubject: x\r\n\r\n", "a letter of electronic mail"),
        (b"Received: from mail.example.kz\r\n", "a letter of electronic mail"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "a page in HTML or XML"),
        (b'\xef\xbb\xbf\r\n<?xml version="1.0"?><Workbook/>', "a page in HTML or XML"),
        (b'<?xml version="1.0"?>\n<report>', "XML, and no table: give a goAML report with --goaml"),
        (b'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022">', "XML, and no table"),
        (b"<meta charset=utf-8><table>", "a page in HTML or XML"),
        (b"1CClientBankExchange\r\n", "a file of exchange between 1C and a bank"),
        (b"\xef\xbb\xbf1CClientBankExchange\r\n", "a file of exchange between 1C and a bank"),
        ("\ufeff1CClientBankExchange\r\n".encode("utf-16-le"), "between 1C and a bank"),
        (b":20:STATEMENT\r\n:25:KZ1\r\n", "an account statement of SWIFT (MT940)"),
        (b"OFXHEADER:100\r\n", "an account statement in OFX"),
        (b"!Type:Bank\n", "an account statement in QIF"),
        (b"MIME-Version: 1.0\r\n", "a page of the Web in one file"),
        (b'[{"id": "1"}]', "JSON, and no table"),
        (b'{"id": "1"}\n', "JSON, and no table"),
        (b"PAR1\0\0\0", "a file of Parquet"),
        (b"ARROW1\0\0" + bytes(40), "a file of Arrow"),
        (b"$FL2@(#) SPSS DATA FILE" + bytes(80), "a file of SPSS"),
        (b"<stata_dta><header>", "a file of Stata"),
        (b"\0\1\0\0Standard ACE DB" + bytes(80), "a database"),
        (b"SIMPLE" + bytes(80) + b"\n", "holds zero bytes in its first line"),
        (b"SQLite format 3\0x\n", "a database"),
        (_ole("WordDocument"), "a document of Word, an old one: ask for its table as CSV"),
        (_ole("__properties_version1.0"), "a letter of Outlook: save the table that is attached"),
        (_ole("EncryptedPackage"), "a file of Office with a password"),
        (_ole("Workbook"), "a workbook of Excel, an old one"),
        (_ole("__properties_version1.0", "Workbook"), "a letter of Outlook"),
        (_ole("Workbook", "__properties_version1.0"), "a letter of Outlook"),
        (_ole("WordDocument", "Workbook"), "a document of Word, an old one"),
        (_ole("Workbook", "WordDocument"), "a workbook of Excel, an old one"),
        (_ole("WordDocument", before="Workbook"), "a document of Word, an old one"),
        (b"\x78\x9f\x3e\x22\x01\x00", "a letter of Outlook (winmail.dat)"),
        ("þidþ\x14þnameþ\r\n".encode(), "a load file of Concordance"),
        ("þidþ\x14þnameþ\r\n".encode("cp1252"), "a load file of Concordance"),
        (bytes(1000), "a file that begins with zeros alone"),
        (bytes(512) + b"\n1,2\n", "a file that begins with zeros alone"),
        (_ole("Contents"), "a file of an old Office"),
        (_zip("[Content_Types].xml", "word/document.xml"), "a document of Word: ask for its table"),
        (_zip("[Content_Types].xml", "ppt/presentation.xml"), "a presentation"),
        (_zip("Index/Document.iwa"), "a workbook of Numbers"),
        (
            _zip("mimetype", said=b"application/vnd.oasis.opendocument.text"),
            "a document of LibreOffice, and no workbook",
        ),
        (b"\x09\0\x04\0\x02\0\x10\0\x02\0\0\0", "a workbook of Excel, a very old one"),
        (b"\x09\x02\x06\0\0\0\x10\0\0\0", "a workbook of Excel, a very old one"),
        (b"\x09\x04\x06\0\0\0\x10\0\0\0", "a workbook of Excel, a very old one"),
        (b"\x09\x08\x08\0\0\x05\x10\0\0\0", "a workbook of Excel, a very old one"),
        ("id;name\n1;Иванов\n".encode("utf-7"), "is written in utf-7"),
        (b"\3|\1\1\0\0abc", "a table of dBase (DBF)"),
        (b"PK\3\4" + bytes(26) + b"table.csv", "an archive: unpack it"),
    ],
)
def test_file_of_another_kind_is_refused_by_its_kind(
    tmp_path: Path, data: bytes, says: str
) -> None:
    assert says in refused_encoding(tmp_path, data)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\3\4" + bytes(26) + b"[Content_Types].xml",
        b"PK\3\4" + bytes(26) + b"xl/workbook.xml",
        b"PK\3\4" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        b"\xd0\xcf\x11\xe0rest",
    ],
)
def test_workbook_is_refused_with_what_to_do(tmp_path: Path, data: bytes) -> None:
    assert "save the sheet as CSV" in refused_encoding(tmp_path, data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("t")
    for name in (None, "cp1251"):
        try:
            found(folder, data, name)
        except InvalidInput as error:
            assert error.reason is Reason.DOCUMENT_INVALID  # noqa: PT017 - either is well


@pytest.mark.parametrize("text", [TABLE, "id,name\n1,A\n"])
def test_text_in_utf_16_without_its_mark_is_named(tmp_path: Path, text: str) -> None:
    data = text.encode("utf-16-le")
    assert "--encoding utf-16" in refused_encoding(tmp_path, data)
    assert data.decode(found(tmp_path, data, "utf-16")) == text
    assert "high byte first" in refused_encoding(tmp_path, text.encode("utf-16-be"))


@pytest.mark.parametrize("head", [b"\0\1\0\0Nonstandard\0", b"\1\2\0\0\n"])
def test_file_of_another_program_is_no_table(tmp_path: Path, head: bytes) -> None:
    assert "no table of text" in refused_encoding(tmp_path, head + bytes(range(256)))


def test_a_file_that_is_cut_within_a_letter_is_told_with_its_line(tmp_path: Path) -> None:
    message = refused_encoding(tmp_path, TABLE.encode() + "2,Имя".encode()[:-1])
    last = TABLE.count("\n") + 1
    assert re.search(rf"line {last}: expected utf-8, as in line [0-9]+: the file is", message)
    assert "cut within a letter" in message


@pytest.mark.parametrize("letter", ["í", "Í", "й", "a", "ə", "ž"])
def test_a_long_word_of_one_letter_takes_no_time(letter: str) -> None:
    """A search that tries all ways to part such a word would not come to an end."""
    word = f"{letter * 20_000}é" + letter * 20_000 + "¿"
    begun = time.process_time()
    assert not _is_word(word)
    assert time.process_time() - begun < 1
