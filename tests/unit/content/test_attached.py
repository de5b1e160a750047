"""Files to attach that are not what their names say are doubted; honest ones are not."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Final

import pytest

from agency_client.cli import inputs
from agency_client.content.attached import doubts_of_file
from agency_client.presentation.doubts import doubt_in_words
from agency_client.presentation.locale import Locale
from exchange_protocol.kinds.codes import Language

PDF: Final = b"%PDF-1.7\n1 0 obj <<>> endobj\n" + b"x" * 9000 + b"\nstartxref\n9\n%%EOF\n"
POINTER: Final = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 4743512\n"
)
JPEG: Final = b"\xff\xd8\xff\xe1" + b"\xff\xd9" + b"x" * 99_000 + b"\xff\xd9" + bytes(2000)
PNG: Final = b"\x89PNG\r\n\x1a\n" + b"x" * 99_000 + b"\0\0\0\0IEND\xaeB`\x82"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def packed(*names: str, is_locked: bool = False) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names or ("xl/workbook.xml",):
            archive.writestr(name, "<sheet/>" * 500)
    data = bytearray(written.getvalue())
    if is_locked:
        data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


DOUBTFUL: Final = {
    "empty": ("выписка.pdf", b"", "is empty"),
    "pointer of a version control": ("выписка.pdf", POINTER, "pointer of Git LFS"),
    "stand-in of a cloud": ("выписка.pdf.nextcloud", b" ", "in a cloud"),
    "shortcut of Windows": ("Выписка", b"L\0\0\0\x01\x14\x02\0" + bytes(90), "a shortcut"),
    "shortcut to a document of the Web": ("Акт.gdoc", b'{"doc_id": "1"}', "a shortcut"),
    "download that did not end": ("архив.zip.crdownload", packed(), "did not end"),
    "copy that did not end": ("scan.pdf.filepart", PDF[:4000], "did not end"),
    "what macOS keeps beside": ("._выписка.pdf", b"\0\x05\x16\x07" + bytes(78), "beside files"),
    "what Windows keeps beside": ("Thumbs.db", OLE, "beside files"),
    "mark of an open document": ("~$договор.docx", b"\x05Ivan " + bytes(156), "that is open"),
    "mark of an open document of LibreOffice": (".~lock.a.ods#", b",ivan,pc,;", "that is open"),
    "packed by Outlook": ("winmail.dat", b"\x78\x9f\x3e\x22\x01\0", "winmail.dat"),
    "zeros after a crash": ("scan.pdf", bytes(70_000), "zeros alone"),
    "page of login": ("выписка.pdf", b"<!DOCTYPE html><title>Login</title>", "a page in HTML"),
    "page of an error": ("архив.zip", b"\n<html><h1>403</h1></html>", "a page in HTML"),
    "locked workbook": ("счета.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
    "locked archive": ("счета.zip", packed(is_locked=True), "password"),
    "PDF that is cut": ("выписка.pdf", PDF[:8000], "without its end"),
    "archive that is cut": ("счета.zip", packed()[:-40], "is it whole?"),
    "workbook that is cut": ("счета.xlsx", packed()[:-40], "is it whole?"),
    "picture that is cut": ("паспорт.jpg", JPEG[:90_000], "a JPEG without its end"),
    "drawing that is cut": ("схема.png", PNG[:90_000], "a PNG without its end"),
    "PDF with a password": (
        "выписка.pdf",
        PDF.replace(b"startxref", b"/Encrypt 5 0 R startxref"),
        "a password protects",
    ),
    "archive whose names are locked": (
        "счета.rar",
        b"Rar!\x1a\x07\x01\x00\x8c\x11\x0c\x41\x21\x04\x00\x00" + bytes(60),
        "password",
    ),
    "old archive whose names are locked": (
        "счета.rar",
        b"Rar!\x1a\x07\x00\xce\x99\x73\x80\x80\x0d\x00" + bytes(60),
        "password",
    ),
    "key of an agency": ("kz.key", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII", "a private key"),
    "key of a program": ("id_ed25519", b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "a private key"),
    "letter for another reader": ("письмо.asc", b"-----BEGIN PGP MESSAGE-----\n", "has its key"),
    "file for another reader": ("счета.xlsx.age", b"age-encryption.org/v1\n-> X", "has its key"),
    "envelope for another reader": (
        "акт.pdf.p7m",
        b"0\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03",
        "has its key",
    ),
    "error in the place of a recording": ("звонок.mp3", b'{"error": "no"}', "ends in .mp3"),
    "picture named as a document": ("паспорт.pdf", b"\xff\xd8\xff\xe0JFIF", "ends in .pdf"),
    "document named as a picture": ("паспорт.PNG", b"GIF89a" + bytes(9), "ends in .png"),
    "old document named as a new one": ("акт.docx", OLE, "ends in .docx"),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_file_that_its_reader_cannot_use_is_doubted(case: str) -> None:
    name, data, words = DOUBTFUL[case]
    found = list(doubts_of_file(name, data))
    assert len(found) == 1
    assert words in found[0]
    assert repr(name) in found[0]
    for language in (Language.RU, Language.KK):
        said = doubt_in_words(found[0], Locale(language))
        assert "attached" not in said
        assert name in said


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("выписка.pdf", PDF),
        ("выписка.pdf", b"\0junk of a scanner\n" + PDF + bytes(3000)),
        ("счета.xlsx", packed()),
        ("акты.zip", packed("акт 1.pdf", "акт 2.pdf")),
        ("пусто.zip", b"PK\x05\x06" + bytes(18)),
        ("выписка.xls", b"<html><table><tr><td>1</td></tr></table></html>"),
        ("письмо.eml", b"From: a@b.kz\n\n<html>"),
        ("страница.html", b"<html></html>"),
        ("заметка.txt", b"<script> is a word"),
        ("скан.jpg", JPEG),
        ("схема.png", PNG),
        ("счета.rar", b"Rar!\x1a\x07\x01\x00\x33\x92\xb5\xe5\x0a\x01\x05\x06" + bytes(60)),
        ("старые.rar", b"Rar!\x1a\x07\x00\xcf\x90\x73\x00\x00\x0d\x00" + bytes(60)),
        ("подпись.p7s", b"0\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
        ("сертификат.pem", b"-----BEGIN CERTIFICATE-----\nMII"),
        ("ключ.asc", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"),
        ("скан.tif", b"II*\0" + bytes(50)),
        ("договор.doc", OLE),
        ("таблица.csv", "ИИН;ФИО\n".encode()),
        ("ключ", b"\x01"),
        ("version.txt", b"version https://git-lfs.github.com/spec/ is the first line of it" * 40),
        ("образ.dd", bytes(512) + b"\x55\xaa"),
    ],
)
def test_honest_file_is_not_doubted(name: str, data: bytes) -> None:
    assert list(doubts_of_file(name, data)) == []


def test_command_tells_the_doubt_and_takes_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "f").write_bytes(POINTER)
    assert inputs.attachments([f"выписка.pdf={tmp_path / 'f'}"]) == {"выписка.pdf": POINTER}
    assert "warning: the attached file 'выписка.pdf' is a pointer" in capsys.readouterr().err
