"""Names, addresses and durations that no certificate should hold are refused before signing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from exchange_certs.cli import CA_VARIABLE, KEY_VARIABLE, main
from exchange_certs.names import dns_name, dns_names, ip_addresses, one_address
from exchange_protocol.errors import ExchangeError, Reason

Run = Callable[..., tuple[int, str, str]]

LONG_LABEL = "a" * 64
LONG_NAME = ".".join(["a" * 62] * 4) + ".example"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "not empty"),
        (" ", "not empty"),
        ("hub example", "without blanks"),
        ("hub.example ", "without blanks"),
        ("hub\u200b.example", "without blanks"),
        ("hub\n.example", "without blanks"),
        ("https://hub.example", "without a scheme"),
        ("hub.example/path", "without a scheme"),
        ("root@hub.example", "without a scheme"),
        ("hub.example:8443", "without a port, such as hub.example;"),
        ("10.0.0.1", "--ip"),
        ("::1", "--ip"),
        ("[::1]", "--ip"),
        ("127.1", "--ip"),
        ("0x7f000001", "--ip"),
        ("*.example", "wildcard"),
        ("hub.*.example", "wildcard"),
        ("hub.example.", "such as hub.example: "),
        (".", "without a dot"),
        (".hub.example", "single dots"),
        ("hub..example", "single dots"),
        ("-hub.example", "hyphens"),
        ("hub-.example", "hyphens"),
        ("hub,example", "hyphens"),
        ("хаб.example", "such as xn--80ac2d.example;"),
        ("hub。example", "such as hub.example;"),
        (f"{LONG_LABEL}.example", "63 between two dots"),
        (LONG_NAME, "253 characters at most"),
    ],
)
def test_name_that_no_client_could_match_is_refused_in_words(given: str, said: str) -> None:
    with pytest.raises(ExchangeError) as refused:
        dns_name(given)
    assert refused.value.reason is Reason.INVALID_FIELD
    assert refused.value.field == "dns"
    assert said in refused.value.message
    assert len(refused.value.message) < 300


def test_a_good_name_has_one_spelling_and_stands_once() -> None:
    assert dns_names(
        ["Hub.Example", "hub.example", "localhost", "my_hub", "xn--80ac2d.example"]
    ) == (
        "hub.example",
        "localhost",
        "my_hub",
        "xn--80ac2d.example",
    )
    assert dns_name("1.hub-2.example") == "1.hub-2.example"
    longest = ".".join(["a" * 61] * 4) + ".kzkz"
    assert dns_name(longest) == longest


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "as four numbers"),
        ("localhost", "as four numbers"),
        ("10.0.0.1:8443", "as four numbers"),
        ("[::1]", "without brackets"),
        ("10.0.0.0/8", "length of a network"),
        ("010.0.0.1", "as four numbers"),
        ("fe80::1%eth0", "without a zone"),
        ("::ffff:10.0.0.1", "as clients see it, 10.0.0.1"),
        ("0.0.0.0", "of one host"),  # noqa: S104 -- what is refused
        ("::", "of one host"),
        ("224.0.0.1", "of one host"),
        ("255.255.255.255", "of one host"),
    ],
)
def test_address_that_no_client_could_reach_is_refused_in_words(given: str, said: str) -> None:
    with pytest.raises(ExchangeError) as refused:
        one_address(given)
    assert refused.value.reason is Reason.INVALID_FIELD
    assert refused.value.field == "ip"
    assert said in refused.value.message


def test_an_address_has_one_spelling_and_stands_once() -> None:
    assert [str(each) for each in ip_addresses(["::0001", "::1", "127.0.0.1"])] == [
        "::1",
        "127.0.0.1",
    ]


@pytest.fixture
def ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command beside an authority `ca`; gives status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    for name in (CA_VARIABLE, KEY_VARIABLE):
        monkeypatch.setenv(name, "fictional passphrase of the authority")

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    assert run("init", "ca", "--trust-domain", "caricc.example")[0] == 0
    return run


HUB = ("issue", "ca", "--hub", "main", "--out", "hub.pem")
MEMBER = ("issue", "ca", "--agency", "kz.mia", "--role", "system", "--usage", "tls")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*HUB, "--dns", "https://hub.example"), "INVALID_FIELD [dns]: expected a DNS name alone"),
        ((*HUB, "--dns", "*.example"), "INVALID_FIELD [dns]"),
        ((*HUB, "--ip", "fe80::1%eth0"), "INVALID_FIELD [ip]"),
        (
            (*HUB, "--dns", "localhost", "--days", "3651"),
            "INVALID_FIELD [days]: expected from 1 to",
        ),
        ((*HUB, "--dns", "localhost", "--days", "9" * 15), "INVALID_FIELD [days]: expected from"),
        ((*HUB, "--dns", "localhost", "--days", "0"), "--days"),
        ((*MEMBER, "--out", "mia.pem", "--days", "9" * 30), "INVALID_FIELD [days]"),
        ((*MEMBER, "--out", "mia.pem", "--name", "Asel Н."), "IDENTITY_INVALID"),
        (("init", "b", "--trust-domain", "a" * 64 + ".example"), "INVALID_FIELD [trust_domain]"),
        (("init", "b", "--trust-domain", "Caricc.Example"), "IDENTITY_INVALID"),
        (("init", "b", "--trust-domain", ".".join(["abc"] * 40)), "INVALID_FIELD [trust_domain]"),
        (("revoke", "ca", "-5", "--reason", "superseded"), "-5"),
        (("revoke", "ca", "0x1f", "--reason", "superseded"), "a serial number in hex"),
        (("revoke", "ca", "1_0", "--reason", "superseded"), "a serial number in hex"),
        (("revoke", "ca", "٣", "--reason", "superseded"), "a serial number in hex"),
        (("revoke", "ca", "a" * 41, "--reason", "superseded"), "a serial number in hex"),
        (("revoke", "ca", "spiffe://Caricc/x", "--reason", "superseded"), "IDENTITY_INVALID"),
        (("token", "ca", "--fingerprint", "1234"), "expected 24 digits"),
    ],
)
def test_command_refuses_in_one_line_and_writes_nothing(
    ca: Run, words: tuple[str, ...], said: str
) -> None:
    before = sorted(Path().rglob("*"))
    status, out, err = ca(*words)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1
    assert sorted(Path().rglob("*")) == before
    assert json.loads(ca("list", "ca", "--json")[1]) == []


def test_certificate_bears_the_names_in_their_one_spelling(ca: Run) -> None:
    assert ca(*HUB, "--dns", "Hub.Example", "--dns", "hub.example", "--ip", "::0001")[0] == 0
    shown = x509.load_pem_x509_certificate(Path("hub.pem").read_bytes())
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hub.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["::1"]


def test_certificate_is_revoked_by_a_file_of_any_name(ca: Run) -> None:
    assert ca(*MEMBER, "--out", "mia.crt")[0] == 0
    assert ca("revoke", "ca", "mia.crt", "--reason", "superseded")[0] == 0
    assert (
        "to be a certificate in PEM" in ca("revoke", "ca", "mia.key", "--reason", "superseded")[2]
    )


def test_damaged_list_of_tokens_is_one_line(ca: Run) -> None:
    for damaged in ("{", "[1]", '[{"sha256": ""}]', "{}x"):
        Path("ca/tokens.json").write_text(damaged)
        status, _, err = ca("token", "ca", "--fingerprint", "1" * 24)
        assert (status, "list of tokens" in err) == (2, True)
