"""Writes the list of names of `agency_client`: what `help`, `dir` and `__all__` tell of it.

The imports under `if TYPE_CHECKING:` are the source. A name's line is the first sentence of its
docstring; type aliases have none, so theirs stand here.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from importlib import import_module

from exchange_protocol.kinds.bodies import attribute_types
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.words import Code

ALIASES = {
    "Agencies": 'One agency id such as "kz.fma", or several.',
    "AgencyId": 'The id of an agency, such as "kz.fma": a text.',
    "Attachments": "Files to attach, by name: their bytes, or the path of each.",
    "ContentDocument": "What the part `content` may hold: one of the documents above.",
    "Due": "When an answer is due: a timedelta, a date, a datetime, or a text such as 7d.",
    "Entities": "FollowTheMoney entities: an iterable of them, or the path of their file.",
    "GivenBrief": "A brief: a `Brief`, a text (its summary), or a mapping of its fields.",
    "HasId": "Anything that stands for an exchange: a summary, an exchange itself, a result of "
    "sending, a notice.",
}
HEADINGS = {
    "Clients": ("agency_client.client", "agency_client.aio", "agency_client._acts"),
    "What they give": (
        "agency_client.core.views",
        "agency_client.core.gathering",
        "agency_client.core.log",
        "exchange_protocol.kinds.bodies",
        "exchange_protocol.kinds.rows",
        "agency_client.state.checkpoints",
        "exchange_protocol.record.",
        "exchange_protocol.rules.",
        "exchange_protocol.log.",
        "exchange_protocol.trust.",
    ),
    "What they take": (
        "agency_client.core.exchanges",
        "agency_client.core.given",
        "agency_client.core.times",
    ),
    "Documents and entities": ("agency_client.content.",),
    "Codes": ("exchange_protocol.kinds.",),
    "Errors": ("exchange_protocol.errors",),
    "Profile, keys and outbox": ("agency_client.state.",),
}
"""Headings, with the modules whose names come under each; the first that fits."""
BEGIN = "\nNames:\n"
_WIDTH = 98
_FIRST_KIND = "    from exchange_protocol.kinds.catalogue import Kind\n"


def with_names(present: str) -> str:
    """The module's text with a fresh list of names, the code lists of every kind among them."""
    present = _with_code_lists(present)
    homes = _homes(present)
    docstring = ast.get_docstring(ast.parse(present), clean=False) or ""
    before, _ = docstring.split(BEGIN)
    text = present.replace(docstring, f"{before}{BEGIN}{_table(homes)}\n", 1)
    text = _replaced(text, "__all__ = [", "]", [f'    "{name}",' for name in sorted(homes)])
    lines = [f'    "{name}": "{homes[name]}",' for name in sorted(homes)]
    return _replaced(text, "_HOMES: Final = {", "}", lines)


def _homes(source: str) -> dict[str, str]:
    """Names with the modules that define them, as the imports for type checkers have them."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return {
                alias.name: each.module or ""
                for each in node.body
                if isinstance(each, ast.ImportFrom)
                for alias in each.names
            }
    raise ValueError("expected imports under `if TYPE_CHECKING:`, got none")


def _with_code_lists(source: str) -> str:
    """The source with an import of each code list of a body; the order is left to the formatter."""
    homes = _homes(source)
    lists = {
        each.type
        for kind in Kind
        if kind.spec.acts
        for each in attribute_types(kind.body).values()
        if issubclass(each.type, Code) and each.type.__name__ not in homes
    }
    lines = [f"    from {each.__module__} import {each.__name__}\n" for each in lists]
    return source.replace(_FIRST_KIND, "".join(sorted(lines)) + _FIRST_KIND, 1)


def _table(homes: dict[str, str]) -> str:
    lines = []
    left = dict(homes)
    for heading, modules in HEADINGS.items():
        names = [name for name, home in left.items() if home.startswith(modules)]
        if not names:
            continue
        lines += ["", f"  {heading}"]
        for name in sorted(names):
            lines += _line(name, left.pop(name))
    if left:
        raise ValueError(f"expected a heading for each of {left}")
    return "\n".join(lines)


def _line(name: str, home: str) -> list[str]:
    said = ALIASES.get(name) or _first_sentence(getattr(import_module(home), name))
    return textwrap.wrap(
        f"{name:<24} {said}", _WIDTH, initial_indent="    ", subsequent_indent=" " * 29
    )


def _first_sentence(value: object) -> str:
    doc = inspect.getdoc(value)
    if not doc:
        raise ValueError(f"expected a docstring of {value}, got none")
    paragraph = " ".join(doc.split("\n\n")[0].split())
    return re.split(r"\. (?=[A-Z`])", paragraph)[0].rstrip(".") + "."


def _replaced(text: str, begin: str, end: str, lines: list[str]) -> str:
    """The text with fresh lines between two others."""
    before, rest = text.split(f"\n{begin}\n", 1)
    _, after = f"\n{rest}".split(f"\n{end}\n", 1)
    return "\n".join([before, begin, *lines, end, after])
