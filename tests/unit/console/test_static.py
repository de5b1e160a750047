"""The browser's files are the very ones of the manifest, without the marks of gov.uk."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from agency_client.console.rendering import STATIC_FOLDER

VENDOR = STATIC_FOLDER / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_a_file_is_the_one_of_the_manifest(name: str) -> None:
    digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
    assert base64.b64encode(digest).decode() == MANIFEST[name]["sha384"]


def test_no_file_stands_beside_the_manifest() -> None:
    files = {path.name for path in VENDOR.iterdir()} - {"manifest.json", "LICENCES.txt"}
    assert files == set(MANIFEST)


def test_every_package_is_pinned_and_licensed() -> None:
    licences = (VENDOR / "LICENCES.txt").read_text(encoding="utf-8")
    for name, entry in MANIFEST.items():
        package, _, version = entry["package"].rpartition("@")
        assert version[0].isdigit()
        assert package in licences, name


@pytest.mark.parametrize(
    "word", ["GDS Transport", "@font-face", "govuk-crest", "sourceMappingURL", "http:"]
)
def test_style_sheets_name_no_typeface_crest_or_other_place(word: str) -> None:
    for path in STATIC_FOLDER.rglob("*.css"):
        assert word not in path.read_text(encoding="utf-8"), path.name
