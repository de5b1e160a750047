"""Identities have one spelling."""

from __future__ import annotations

import pytest

from exchange_protocol.errors import ExchangeError, NotAuthenticated, Reason
from exchange_protocol.trust.identity import (
    MAX_URI_BYTES,
    HubIdentity,
    Member,
    Role,
    _is_agency_id,
    parse_agency_id,
    parse_identity,
    parse_member,
)

KZ_FMA = parse_agency_id("kz.fma")


def test_member_without_name_reads_and_writes_its_uri() -> None:
    uri = "spiffe://caricc.example/agency/kz.fma/system"
    assert parse_identity(uri) == Member("caricc.example", KZ_FMA, Role.SYSTEM, None)
    assert Member("caricc.example", KZ_FMA, Role.SYSTEM, None).uri == uri


def test_member_with_name_reads_and_writes_its_uri() -> None:
    uri = "spiffe://caricc.example/agency/kz.fma/officer/a.serik_2"
    member = parse_member(uri)
    assert member == Member("caricc.example", KZ_FMA, Role.OFFICER, "a.serik_2")
    assert str(member) == uri


def test_hub_reads_and_writes_its_uri() -> None:
    uri = "spiffe://caricc.example/hub/main-1"
    assert parse_identity(uri) == HubIdentity("caricc.example", "main-1")
    assert str(HubIdentity("caricc.example", "main-1")) == uri


def test_hub_is_not_a_member() -> None:
    with pytest.raises(NotAuthenticated, match="not of a hub"):
        parse_member("spiffe://caricc.example/hub/main")


@pytest.mark.parametrize("text", ["kz.fma", "caricc", "a", "a-1.b-2.c.d", "a" * 32, "uz.fiu"])
def test_agency_id_is_accepted(text: str) -> None:
    assert parse_agency_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "KZ.fma", "kz..fma", ".kz", "kz.", "1kz", "-kz", "a" * 33, "a.b.c.d.e", "kz fma"),
        *("kz.fma\n", "кз", "kz/fma", "kz_fma", "kz.1"),
    ],
)
def test_bad_agency_id_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(ExchangeError) as refused:
        parse_agency_id(text, field="author")
    assert refused.value.reason is Reason.IDENTITY_INVALID
    assert refused.value.field == "author"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "spiffe://",
        "spiffe:///agency/kz.fma/system",
        "https://caricc.example/agency/kz.fma/system",
        "SPIFFE://caricc.example/agency/kz.fma/system",
        "spiffe://Caricc.example/agency/kz.fma/system",
        "spiffe://caricc.example:443/agency/kz.fma/system",
        "spiffe://user@caricc.example/agency/kz.fma/system",
        "spiffe://caricc..example/agency/kz.fma/system",
        "spiffe://-caricc.example/agency/kz.fma/system",
        "spiffe://caricc.example./agency/kz.fma/system",
        "spiffe://caricc.example",
        "spiffe://caricc.example/",
        "spiffe://caricc.example/agency",
        "spiffe://caricc.example/agency/kz.fma",
        "spiffe://caricc.example/agency/kz.fma/",
        "spiffe://caricc.example/agency/kz.fma/System",
        "spiffe://caricc.example/agency/kz.fma/director",
        "spiffe://caricc.example/agency//system",
        "spiffe://caricc.example//agency/kz.fma/system",
        "spiffe://caricc.example/agency/kz.fma/system/",
        "spiffe://caricc.example/agency/kz.fma/officer/a/b",
        "spiffe://caricc.example/agency/kz.fma/officer/..",
        "spiffe://caricc.example/agency/kz.fma/officer/Serik",
        "spiffe://caricc.example/agency/kz.fma/officer/" + "a" * 65,
        "spiffe://caricc.example/agency/kz%2Efma/system",
        "spiffe://caricc.example/agency/kz.fma/system?x=1",
        "spiffe://caricc.example/agency/kz.fma/system#x",
        "spiffe://caricc.example/agency/kz.fma/system\n",
        "spiffe://caricc.example/agency/kz.fma/system\0",
        " spiffe://caricc.example/agency/kz.fma/system",
        "spiffe://сaricc.example/agency/kz.fma/system",
        "spiffe://caricc.example/hub",
        "spiffe://caricc.example/hub/",
        "spiffe://caricc.example/hub/main/x",
        "spiffe://caricc.example/body/kz.fma/system",
    ],
)
def test_any_other_spelling_is_refused(uri: str) -> None:
    with pytest.raises(ExchangeError) as refused:
        parse_identity(uri)
    assert refused.value.reason is Reason.IDENTITY_INVALID
    assert "expected" in refused.value.message


def test_longest_uri_is_accepted_and_one_byte_more_is_refused() -> None:
    tail = "/hub/main"
    domain = "a" * (MAX_URI_BYTES - len("spiffe://") - len(tail))
    assert len(parse_identity(f"spiffe://{domain}{tail}").uri) == MAX_URI_BYTES
    with pytest.raises(ExchangeError, match="at most 255"):
        parse_identity(f"spiffe://a{domain}{tail}")


def test_malformed_identity_cannot_be_constructed() -> None:
    with pytest.raises(ExchangeError):
        Member("caricc.example", KZ_FMA, Role.OFFICER, "a/coordinator")
    with pytest.raises(ExchangeError):
        HubIdentity("caricc.example/agency", "main")


def test_refusal_escapes_and_cuts_hostile_text() -> None:
    with pytest.raises(ExchangeError) as refused:
        parse_agency_id("\x1b[2J" + "x" * 10_000)
    assert "\x1b" not in refused.value.message
    assert len(refused.value.message) < 400


def test_longest_agency_id_is_accepted() -> None:
    longest = ".".join(["a" * 32] * 4)
    assert parse_agency_id(longest) == longest


def test_long_text_that_is_no_agency_id_is_refused_and_not_kept() -> None:
    """Anyone may ask about an agency by some megabytes of text, again and again."""
    kept = _is_agency_id.cache_info().currsize
    for number in range(5):
        with pytest.raises(ExchangeError):
            parse_agency_id(f"a{number}" + "a" * 1000)
    assert _is_agency_id.cache_info().currsize == kept
