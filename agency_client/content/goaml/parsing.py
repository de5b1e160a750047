"""Reading the elements of a report: XML by Python's own expat, with the line of each element.

A document type is refused before anything of it is read, so no entity is expanded. Depth, number of
elements and size are bounded. An attribute, or a text between elements, would be lost: both are
refused with their place. Only `xsi:nil`, which programs write at each element without a value, is
no loss where there is none.
"""

from __future__ import annotations

import codecs
import os
import re
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from agency_client.content.encodings import other_file, reads_as_utf_8
from agency_client.content.faults import Faults, Spot, SpotKind
from agency_client.content.goaml.elements import Node
from agency_client.content.goaml.mapping import READ
from exchange_files import read_steady
from exchange_protocol.errors import Reason

MAX_REPORT_BYTES: Final = 64 * 1024 * 1024
_MOST_DEPTH: Final = 32
_MOST_ELEMENTS: Final = 1_000_000
_DECLARED: Final = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']+)""")
_SCHEMA_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
"""The namespace of `nil`, by which programs say of an element that it has no value."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


def parse_report(given: bytes | str | os.PathLike[str], name: str, faults: Faults) -> Node:
    """Read the elements of a report; gives the first one, which holds the others.

    Args:
        given: the path of the report, or its bytes.
        name: its name in errors.
        faults: collects what is wrong, with its place.

    Raises:
        InvalidInput: DOCUMENT_INVALID.
    """
    return _Parser(name, faults).parse(_bytes_of(given, name))


def _bytes_of(given: bytes | str | os.PathLike[str], name: str) -> bytes:
    if isinstance(given, bytes):
        data = given
    else:
        try:
            with Path(given).open("rb") as file:
                data = read_steady(file, Path(given), MAX_REPORT_BYTES)
        except OSError as error:
            raise Reason.DOCUMENT_INVALID.error(f"cannot read {name}: {error.strerror}") from None
    if len(data) > MAX_REPORT_BYTES:
        raise Reason.DOCUMENT_INVALID.error(
            f"{name}: expected at most {MAX_REPORT_BYTES} bytes: split the report"
        )
    if words := other_file(data, is_json=True):
        raise Reason.DOCUMENT_INVALID.error(f"{name} is {words}, and give that")
    return data


class _Stop(Exception):
    """Ends the parsing; the fault was noted."""


class _Parser:
    """Makes the elements of a report, with the place of each."""

    def __init__(self, name: str, faults: Faults) -> None:
        self._name = name
        self._faults = faults
        self._open: list[tuple[Node, dict[str, int], list[str]]] = []
        """Each open element, how many of each name it holds, and the pieces of its text."""
        self._root: Node | None = None
        self._count = 0
        self._nil_names: set[str] = set()
        """The name of the attribute `nil`, as the report writes it."""
        self._nil: Node | None = None
        """The last element that says that it has no value."""
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._expat.StartDoctypeDeclHandler = self._doctype

    def parse(self, data: bytes) -> Node:
        """Parse a report; raises DOCUMENT_INVALID."""
        self._check_encoding(data)
        try:
            self._expat.Parse(data, True)
        except expat.ExpatError as error:
            self._faults.add(
                f"expected XML, it does not parse: {expat.ErrorString(error.code)}",
                line=error.lineno,
            )
        except (ValueError, LookupError):
            self._faults.add("expected XML in an encoding that is known here", line=1)
        except _Stop:
            pass
        self._faults.raise_any()
        if self._root is None or self._root.tag != "report":
            raise Reason.DOCUMENT_INVALID.error(
                f"{self._name}: expected a goAML report, whose first element is <report>"
            )
        return self._root

    def _check_encoding(self, data: bytes) -> None:
        """Refuse a report in UTF-8 that names another encoding: its letters would be others."""
        # expat heeds the name, and not the mark of UTF-8 before it.
        named = _DECLARED.match(data.removeprefix(codecs.BOM_UTF8))
        if named is None or named[1].lower() in (b"utf-8", b"utf8", b"us-ascii"):
            return
        if data.startswith(codecs.BOM_UTF8) or reads_as_utf_8(data):
            self._faults.add(
                "the report names another encoding in its first line, and is written in UTF-8: "
                "correct that line",
                line=1,
            )
            self._faults.raise_any()

    def _doctype(self, *_: Any) -> None:
        self._stop("a document type is not taken: it could name entities and other files")

    def _stop(self, words: str) -> None:
        self._faults.add(words, line=self._expat.CurrentLineNumber)
        raise _Stop

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= _MOST_DEPTH or self._count > _MOST_ELEMENTS:
            self._stop("the report is nested too deeply, or has too many elements")
        if not _NAME.fullmatch(tag):
            self._stop("expected the name of an element of goAML")
        line = self._expat.CurrentLineNumber
        for name, value in [*attributes.items()]:
            prefix, _, declared = name.partition(":")
            if prefix == "xmlns" and value == _SCHEMA_INSTANCE:
                self._nil_names.add(f"{declared}:nil")
                del attributes[name]
        if tag not in READ and tag.lower() in READ:
            self._faults.add(
                f"expected the name of the element in small letters, {tag.lower()}: it would be "
                "read as another",
                line=line,
            )
        if self._open:
            above, seen, _ = self._open[-1]
            seen[tag] = number = seen.get(tag, 0) + 1
            node = Node(tag, f"{above.path}/{tag}" + (f"[{number}]" if number > 1 else ""), line)
            above.children.append(node)
            if attributes and attributes.keys() <= self._nil_names:
                self._nil = node if {*attributes.values()} & {"true", "1"} else None
            elif attributes:
                self._attribute(node)
        else:
            node = self._root = Node(tag, f"/{tag}", line)
        self._open.append((node, {}, []))

    def _attribute(self, node: Node) -> None:
        self._faults.add(
            "an attribute is not taken, for its value would be lost",
            line=node.line,
            at=Spot(SpotKind.PATH, node.path),
        )

    def _end(self, _: str) -> None:
        node, _seen, pieces = self._open.pop()
        # Blanks around a text are the layout of the file.
        node.text = "".join(pieces).strip()
        if node is self._nil and (node.text or node.children):
            self._attribute(node)
        if node.text and node.children:
            self._faults.add(
                "a text stands between elements, where it would be lost",
                line=node.line,
                at=Spot(SpotKind.PATH, node.path),
            )

    def _text(self, text: str) -> None:
        self._open[-1][2].append(text)
