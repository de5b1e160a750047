"""Templates hold back what a browser would keep of a page, or send to its maker."""

from __future__ import annotations

import re

import pytest

from agency_client.console.rendering import compile_templates, environment

TEMPLATES = sorted(environment().list_templates(extensions=["html"]))


def source_of(name: str) -> str:
    """The text of a template."""
    source, _, _ = environment().loader.get_source(environment(), name)  # type: ignore[union-attr]
    return source


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_browser_remembers_nothing_that_was_typed(name: str) -> None:
    """It would keep names and accounts in its own files, and offer them in other forms."""
    for form in re.findall(r"<form\b[^>]*>", source_of(name)):
        assert 'autocomplete="off"' in form or 'method="dialog"' in form


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_browser_sends_no_text_away_to_be_checked_or_translated(name: str) -> None:
    source = source_of(name)
    for root in re.findall(r"<html\b[^>]*>", source):
        assert 'translate="no"' in root
    if "{% block main %}{% endblock %}" in source:
        assert '<body spellcheck="false"' in source
        assert '<meta name="google" content="notranslate">' in source


def test_every_template_is_compiled_before_the_first_page_is_asked_for() -> None:
    environment.cache_clear()
    compile_templates()
    cache = environment().cache
    assert cache is not None
    assert {name for _, name in cache} == set(TEMPLATES)
