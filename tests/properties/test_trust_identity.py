"""Identities round-trip, and no text but the one spelling is read."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from exchange_protocol.errors import NotAuthenticated
from exchange_protocol.trust.identity import (
    HubIdentity,
    Member,
    Role,
    parse_agency_id,
    parse_identity,
)

agencies = st.from_regex(r"[a-z][a-z0-9-]{0,12}(\.[a-z][a-z0-9-]{0,12}){0,3}", fullmatch=True)
domains = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]{1,8}){0,2}", fullmatch=True)
names = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?", fullmatch=True)
members = st.builds(
    Member, domains, agencies.map(parse_agency_id), st.sampled_from(Role), st.none() | names
)
identities = members | st.builds(HubIdentity, domains, names)


def read(text: str) -> Member | HubIdentity | None:
    """The identity, or None where the text is refused; anything but a refusal fails the test."""
    try:
        return parse_identity(text)
    except NotAuthenticated:
        return None


@given(identities)
def test_identity_round_trips(identity: Member | HubIdentity) -> None:
    assert parse_identity(identity.uri) == identity


@given(identities, identities)
def test_different_identities_are_spelt_differently(
    one: Member | HubIdentity, other: Member | HubIdentity
) -> None:
    assert (one == other) == (one.uri == other.uri)


@given(st.text() | st.text().map("spiffe://caricc.example/agency/".__add__))
@example("spiffe://caricc.example/agency/kz.mia/system/")
def test_any_text_is_refused_or_is_its_own_spelling(text: str) -> None:
    identity = read(text)
    assert identity is None or identity.uri == text


@given(identities, st.data())
def test_one_changed_character_never_gives_the_same_identity(
    identity: Member | HubIdentity, data: st.DataObject
) -> None:
    uri = identity.uri
    index = data.draw(st.integers(0, len(uri) - 1))
    changed = uri[:index] + data.draw(st.characters(codec="utf-8")) + uri[index + 1 :]
    assert (read(changed) == identity) == (changed == uri)
