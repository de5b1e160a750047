"""An analysis from several contributors, by commands: sources by their beginnings, a purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.cli.conftest import OFFICER, Desk
from tests.support.foundation import PROSECUTOR

pytestmark = pytest.mark.long

CENTRE, FIU, ASKER = "caricc/system", "kz.fma/system", "uz.fiu/system"


def written(desk: Desk, name: str, text: str) -> str:
    (Path(desk.folder) / name).write_text(text, encoding="utf-8")
    return name


def digest(desk: Desk, exchange: str, kind: str, agency: str) -> str:
    """The beginning of a statement's digest, as a timeline shows it."""
    told = desk.run(CENTRE, "show", exchange, "--json").ok().json["statements"]
    [found] = [
        each["digest"]
        for each in told
        if each["kind"] == kind and f"/agency/{agency}/" in each["author"]
    ]
    return str(found)[:12]


def test_a_product_names_its_sources_and_consents_by_their_beginnings(desk: Desk) -> None:
    note = written(desk, "note.yaml", "brief: Данные (вымышлено)\n")
    asked = written(
        desk, "asked.yaml", "brief: Анализ (вымышлено)\ncontent:\n  questions: [Как (вымышлено)?]\n"
    )
    product = written(
        desk,
        "product.yaml",
        "brief: Справка (вымышлено)\ncontent:\n  title: Справка\n  findings: Выводы\n",
    )
    sent = desk.run(ASKER, "send", "analysis-request", asked, "--to", "caricc", "--json").ok()
    request = sent.json["exchange_id"]
    desk.run(CENTRE, "show", request).ok()
    to = ("--to", "kz.mia", "--to", "kz.fma")
    case = desk.run(CENTRE, "send", "joint-case", note, *to, "--json").ok().json["exchange_id"]
    desk.run(PROSECUTOR, "approve", case).ok()
    for member in (OFFICER, FIU):
        desk.run(member, "show", case).ok()
        desk.run(member, "join", case).ok()
        desk.run(member, "contribute", case, note).ok()
    sources = [digest(desk, case, "contribute", each) for each in ("kz.mia", "kz.fma")]
    named = [word for each in sources for word in ("--source", each)]
    use = ("--authority", "uz.fiu", "--use", "investigation")
    short = desk.run(CENTRE, "draft", case, note, "--source", sources[0][:11], *use)
    assert "its first 12 digits or more" in short.err
    unknown = desk.run(CENTRE, "draft", case, note, "--source", "0" * 12, *use)
    assert "type the whole digest" in unknown.err
    desk.run(CENTRE, "draft", case, note, *named, *use).ok()
    draft = digest(desk, case, "draft_analysis", "caricc")
    until = f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}"
    for member in (OFFICER, FIU):
        desk.run(member, "consent", case, "--about", draft, "--expires-at", until).ok()
    for each in ("kz.mia", "kz.fma"):
        named += ["--consent", digest(desk, case, "consent_decision", each)]
    # It is for the purpose of the request, as was consented to, unless it names another.
    other = desk.run(CENTRE, "product", request, product, *named, "--purpose", "prosecution")
    assert "CONSENT_MISSING" in other.err
    assert "for prosecution" in other.err
    desk.run(CENTRE, "product", request, product, *named).ok()
    assert "Справка" in desk.run(ASKER, "show", request).ok().out
