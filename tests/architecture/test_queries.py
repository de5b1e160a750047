"""No list in a query grows with what agencies send: long ones are cut into pieces (`rows`)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "exchange_server"
BOUNDED = {
    # The pieces themselves.
    "some": "storage/rows.py",
    "[parameter for [parameter] in keys]": "storage/rows.py",
    # Filled from `pieces`, where the query runs.
    "bindparam('opened', expanding=True)": "storage/party_rows.py",
    # As many as there are members of a code list.
    "[party.number for party in Party]": "storage/party_rows.py",
    "bindparam('asked', expanding=True)": "storage/party_rows.py",
    "bindparam('states', expanding=True)": "storage/party_rows.py",
    "bindparam('kinds', expanding=True)": "storage/party_rows.py",
}
SUBQUERIES = {"entries", "unknown"}
"""Names of selections: the database makes them, and no parameter is bound."""


def lists_in_queries() -> Iterator[tuple[str, str]]:
    """The argument of each `in_` and `not_in`, and where it stands."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("in_", "not_in")
            ):
                yield ast.unparse(node.args[0]), str(path.relative_to(ROOT))


def test_every_list_in_a_query_is_bounded() -> None:
    unbounded = [
        (argument, where)
        for argument, where in lists_in_queries()
        if not argument.startswith("select(")
        and argument not in SUBQUERIES
        and BOUNDED.get(argument) != where
        and (argument, where) != ("some", "storage/part_rows.py")
    ]
    assert unbounded == []
