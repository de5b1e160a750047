"""The text of a policy is Cedar's, and its marks and escapes are read as such."""

from __future__ import annotations

import pytest

from agency_client.console.rules_text import rules
from exchange_protocol.kinds.codes import Language

RULE = """// A comment.
@id("one")
@en("{en}")
permit(principal, action == Action::"ReleaseOnOneApproval", resource);
"""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"it\'s \"so\"", 'it\'s "so"'),
        (r"\u{41}\x42\u{1F600}", "AB\U0001f600"),
        (r"line\none", "line\none"),
        ("line\none", "line\none"),
        (r"\u{202e}txt\u{200B}", "[U+202E]txt[U+200B]"),
        ("\u202etxt", "[U+202E]txt"),
        # What Cedar does not know crashes no page: it stays as it is written.
        (r"\u{d800}", r"\u{d800}"),
        (r"\u{110000}", r"\u{110000}"),
        (r"\q \u0041", r"\q \u0041"),
    ],
)
def test_a_meaning_is_read_by_the_escapes_of_cedar(written: str, read: str) -> None:
    rule = rules(RULE.replace("{en}", written))["one"]
    assert rule.meaning(Language.RU) == read
    assert rule.holds


def test_nothing_in_the_text_of_a_rule_is_unseen() -> None:
    rule = rules(RULE.replace("{en}", "x").replace("resource", "\u202eresource\u200b"))["one"]
    assert "[U+202E]resource[U+200B]" in rule.text
    assert not set("\u202e\u200b") & set(rule.text)
