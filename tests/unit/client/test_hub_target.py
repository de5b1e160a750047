"""Addresses of a hub: those that can never work are refused when the profile is made."""

from __future__ import annotations

import pytest

from agency_client.state.hub_target import parse_target
from exchange_protocol.errors import ExchangeError, Reason


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("localhost:8443", "localhost:8443"),
        ("hub_1.caricc.example:443", "hub_1.caricc.example:443"),
        ("xn--90a.example:1", "xn--90a.example:1"),
        ("127.0.0.1:65535", "127.0.0.1:65535"),
        ("[::1]:8443", "[::1]:8443"),
        ("[0:0:0:0:0:0:0:1]:8443", "[::1]:8443"),
        ("localhost:08443", "localhost:8443"),
    ],
)
def test_address_that_can_work_is_taken(text: str, target: str) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "localhost:",
        ":8443",
        "localhost:0",
        "localhost:65536",
        "localhost:84 43",
        "localhost:\u0668\u0664",  # digits of another script
        "::1:8443",
        "::1",
        "[::1:8443",
        "::1]:8443",
        "[]:8443",
        "[::1]8443",
        "[localhost]:8443",
        "[fe80::1%\u00e9th]:8443 ",
        "https://localhost:8443",
        "dns:///localhost:8443",
        "local host:8443",
        "хаб.example:8443",
        "127.0.0.256:8443",
        "1.2.3:8443",
        "-hub.example:8443",
        "a..b:8443",
        f"{'a' * 64}.example:8443",
        f"{'a.' * 130}example:8443",
        "user@localhost:8443",
        "localhost/path:8443",
    ],
)
def test_address_that_can_never_work_is_refused(text: str) -> None:
    with pytest.raises(ExchangeError, match=r"expected host:port or \[IPv6\]:port") as refused:
        parse_target(text)
    assert refused.value.reason is Reason.PROFILE_INVALID


def test_name_in_other_letters_is_refused_with_its_ascii_form() -> None:
    with pytest.raises(ExchangeError, match=r"such as xn--80ac2d\.example") as refused:
        parse_target("хаб.example:8443")
    assert refused.value.reason is Reason.PROFILE_INVALID


def test_dot_at_the_end_of_a_name_is_refused_by_that_name() -> None:
    with pytest.raises(ExchangeError, match="without a dot at the end"):
        parse_target("hub.example.:8443")
