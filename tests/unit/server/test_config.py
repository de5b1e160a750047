"""The configuration is refused by the name of its bad key, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.cosignatures import WitnessSigner
from exchange_server.bootstrap import load_credentials, utc_now
from exchange_server.config import Config, load_config
from tests.support.hub_process import prepare_hub

GOOD = """
[tls]
certificate = "hub.pem"
key = "hub.key"
root = "root.pem"
crl = "crl.pem"
[log]
origin = "caricc.example/exchange-log"
key = "log.key"
[database]
url = "sqlite:///hub.db"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("hub.pem", "hub.key", "root.pem", "crl.pem", "log.key"):
        (tmp_path / name).touch(mode=0o600)
    (tmp_path / "hub.toml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def configuration_refused(
    folder: Path, text: str, environment: dict[str, str] | None = None
) -> ExchangeError:
    (folder / "hub.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ExchangeError) as caught:
        load_config(folder / "hub.toml", environment or {})
    assert caught.value.reason is Reason.CONFIG_INVALID
    return caught.value


def test_paths_are_relative_to_the_file_and_defaults_fill_the_rest(folder: Path) -> None:
    config = load_config(folder / "hub.toml", {})
    assert config.tls.certificate == folder / "hub.pem"
    assert config.database.url == f"sqlite:///{folder / 'hub.db'}"
    assert config.listen.port == 8443
    assert config.limits.heartbeat_seconds == 15


def test_file_as_notepad_saves_it_is_read(folder: Path) -> None:
    data = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    (folder / "hub.toml").write_bytes(data)
    assert load_config(folder / "hub.toml", {}).log.origin == "caricc.example/exchange-log"


def test_environment_overrides_the_file(folder: Path) -> None:
    environment = {"EXCHANGE_LISTEN_PORT": "7000", "EXCHANGE_LIMITS_HEARTBEAT_SECONDS": "2.5"}
    config = load_config(folder / "hub.toml", environment)
    assert (config.listen.port, config.limits.heartbeat_seconds) == (7000, 2.5)


@pytest.mark.parametrize(
    ("change", "environment", "field"),
    [
        (("[log]", "key_passphrase = 'SECRET'\n[log]"), {}, "tls.key_passphrase"),
        (("[log]", "key_passphrase_file = 'SECRET'\n[log]"), {}, "tls.key_passphrase_file"),
        (('key = "log.key"', "key = 'SECRET'"), {}, "log.key"),
        (('url = "sqlite:///hub.db"', "url = ['SECRET']"), {}, "database.url"),
        (("", ""), {"EXCHANGE_DATABASE_PASSWORD": "SECRET"}, "database.password"),
        (('[database]\nurl = "sqlite:///hub.db"', ""), {}, "database"),
        (("[tls]", "password = 'SECRET'\n[tls]"), {}, "password"),
    ],
)
def test_what_may_be_a_secret_is_not_repeated(
    folder: Path, change: tuple[str, str], environment: dict[str, str], field: str
) -> None:
    text = GOOD.replace(*change)
    if field == "database":
        text = "database = 'postgresql://hub:SECRET@db/exchange'\n" + text
    error = configuration_refused(folder, text, environment)
    assert error.field == field
    assert "SECRET" not in str(error)


def test_witnesses_come_from_the_file_or_from_one_variable(folder: Path) -> None:
    first, second = (
        WitnessSigner(f"witness.example/{n}", SoftwareSigner.generate_ed25519()).verifier.vkey
        for n in (1, 2)
    )
    listed = GOOD.replace("[database]", f"witnesses = ['{first}', '{second}']\n[database]")
    (folder / "hub.toml").write_text(listed, encoding="utf-8")
    assert load_config(folder / "hub.toml", {}).log.witnesses == (first, second)
    (folder / "hub.toml").write_text(GOOD, encoding="utf-8")
    environment = {"EXCHANGE_LOG_WITNESSES": f"{first} {second}"}
    assert load_config(folder / "hub.toml", environment).log.witnesses == (first, second)
    assert load_config(folder / "hub.toml", {}).log.witnesses == ()
    twice = GOOD.replace("[database]", f"witnesses = ['{first}', '{first}']\n[database]")
    assert configuration_refused(folder, twice).field == "log.witnesses"
    assert (
        configuration_refused(folder, GOOD, {"EXCHANGE_LOG_WITNESSES": "x"}).field
        == "log.witnesses"
    )


@pytest.mark.parametrize(
    "address", ["https://witness..example", f"https://{'a' * 64}.example", "https://"]
)
def test_address_that_can_be_no_name_is_refused_at_once(folder: Path, address: str) -> None:
    """Later it would be an error of the resolver's, in the midst of the work."""
    vkey = WitnessSigner("witness.example/1", SoftwareSigner.generate_ed25519()).verifier.vkey
    lines = f"witnesses = ['{vkey}']\nwitness_addresses = {{'witness.example/1' = '{address}'}}\n"
    error = configuration_refused(folder, GOOD.replace("[database]", f"{lines}[database]"))
    assert error.field == "log.witness_addresses.witness.example/1"
    assert "expected an address such as https://witness.example" in str(error)


def test_variables_of_other_programs_and_passphrases_are_left_alone(folder: Path) -> None:
    environment = {"EXCHANGE_CERTS_PASSPHRASE": "x", "EXCHANGE_TLS_KEY_PASSPHRASE": "y"}
    assert load_config(folder / "hub.toml", environment) == load_config(folder / "hub.toml", {})


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        (("[database]", "[listen]\nport = 70000\n[database]"), "listen.port", "got 70000"),
        (("[database]", "[listen]\nhots = 'x'\n[database]"), "listen.hots", "did you mean 'host'?"),
        (("[database]", "[databse]\n[database]"), "databse", "did you mean 'database'?"),
        (("[database]", "[nothing]\n[database]"), "nothing", "no such key"),
        (('url = "sqlite:///hub.db"', ""), "database.url", "got none"),
        (('crl = "crl.pem"', 'crl = "gone.pem"'), "tls.crl", "a file that exists"),
        (("[database]", "[logging]\nlevel = 'loud'\n[database]"), "logging.level", "'loud'"),
        (("[database]", "[limits]\nqueued = 0\n[database]"), "limits.queued", "from 1 and"),
        (
            ("[database]", "[limits]\ndeadline_seconds = '30s'\n[database]"),
            "limits.deadline_seconds",
            "expected seconds, more than 0 and at most 600, written as a number alone; got '30s'",
        ),
        (
            ("[database]", "[limits]\nmessage_bytes = '4 MiB'\n[database]"),
            "limits.message_bytes",
            "expected bytes, from 1,024 and at most 268,435,456, written as a number alone",
        ),
        (
            ("[database]", "[limits]\ndeadline_seconds = inf\n[database]"),
            "limits.deadline_seconds",
            "finite",
        ),
    ],
)
def test_bad_key_is_named_with_expected_and_got(
    folder: Path, change: tuple[str, str], field: str, said: str
) -> None:
    error = configuration_refused(folder, GOOD.replace(*change))
    assert error.field == field
    assert said in error.message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("limits.heartbeat_seconds = 15000", "expected seconds, more than 0 and at most 300"),
        ("limits.deadline_seconds = 30000", "expected seconds, more than 0 and at most 600"),
        ("limits.grace_seconds = 10000", "expected seconds, from 0 and at most 3,600"),
        ("limits.watch_life_seconds = 3600000", "expected seconds, more than 0 and at most"),
        ("limits.staging_ttl_seconds = 3600000", "expected seconds, more than 0 and at most"),
        ("limits.transfer_deadline_seconds = 900000", "expected seconds, more than 0 and at most"),
        ("limits.message_bytes = 4", "expected bytes, from 1,024 and at most 268,435,456"),
        ("limits.stored_bytes_per_agency = 0", "expected bytes, from 1 and at most"),
        ("limits.sealed_bytes_per_second = 0", "expected bytes per second, more than 0 and"),
        ("limits.statements_per_second = -1", "expected a number per second, more than 0 and"),
        ("limits.denials_per_agency_per_hour = 0", "expected a number per hour, from 1 and"),
        ("limits.queued = 5000000", "expected a number, from 1 and at most 1,000,000"),
        ("listen.port = -1", "expected a number, from 0 and at most 65,535"),
        ("metrics.port = 0", "expected a number, from 1 and at most 65,535"),
        ("traces.share = 2", "expected a number, more than 0 and at most 1"),
    ],
)
def test_a_number_out_of_bounds_is_told_with_its_unit_and_range(
    folder: Path, line: str, said: str
) -> None:
    error = configuration_refused(folder, f"{line}\n{GOOD}")
    key, _, value = line.partition(" = ")
    assert error.field == key
    assert error.message.startswith(said)
    assert error.message.endswith(f"; got {value}")


def test_every_number_has_bounds(folder: Path) -> None:
    config = load_config(folder / "hub.toml", {})
    # Auditors bound these two, and the ledger says so itself.
    elsewhere = {"made_at_ahead_seconds", "made_at_behind_seconds"}
    for name in Config.model_fields:
        section = getattr(config, name)
        for key, field in type(section).model_fields.items():
            of_numbers = {int, float} & {field.annotation, *get_args(field.annotation)}
            if not of_numbers or key in elsewhere:
                continue
            assert any(getattr(each, "le", None) for each in field.metadata), key


def test_the_hub_and_its_page_of_figures_have_ports_of_their_own(folder: Path) -> None:
    text = GOOD + "[listen]\nport = 9100\n[metrics]\nport = 9100\n"
    error = configuration_refused(folder, text)
    assert error.field == "metrics.port"
    assert "got 9100 for both" in error.message


def test_unknown_variable_of_a_section_is_refused(folder: Path) -> None:
    assert configuration_refused(folder, GOOD, {"EXCHANGE_LISTEN_PROT": "1"}).field == "listen.prot"


def test_database_url_is_never_shown(folder: Path) -> None:
    error = configuration_refused(folder, GOOD.replace('"sqlite:///hub.db"', "[ 'secret' ]"))
    assert error.field == "database.url"
    assert "secret" not in str(error)


@pytest.mark.parametrize("text", ["[tls", "listen = 3\n" + GOOD])
def test_broken_file_is_refused(folder: Path, text: str) -> None:
    configuration_refused(folder, text)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="CONFIG_INVALID: cannot read"):
        load_config(tmp_path / "none.toml", {})


@pytest.mark.parametrize("name", ["authority/root.pem", "hub.pem"])
def test_pin_that_others_may_write_is_refused(tmp_path: Path, name: str) -> None:
    files = prepare_hub(tmp_path / "hub")
    load_credentials(files.config, {}, utc_now)
    (files.folder / name).chmod(0o666)
    with pytest.raises(ExchangeError, match=rf"{name}.*0666.*chmod go-w"):
        load_credentials(files.config, {}, utc_now)


def test_variables_of_kubernetes_services_are_left_alone(folder: Path) -> None:
    """As they are set for services that are called exchange-database and exchange-listen."""
    environment = {
        "EXCHANGE_DATABASE_SERVICE_HOST": "10.0.0.7",
        "EXCHANGE_DATABASE_SERVICE_PORT": "5432",
        "EXCHANGE_DATABASE_SERVICE_PORT_POSTGRES": "5432",
        "EXCHANGE_DATABASE_PORT": "tcp://10.0.0.7:5432",
        "EXCHANGE_DATABASE_PORT_5432_TCP": "tcp://10.0.0.7:5432",
        "EXCHANGE_DATABASE_PORT_5432_TCP_PROTO": "tcp",
        "EXCHANGE_DATABASE_PORT_5432_TCP_ADDR": "10.0.0.7",
        "EXCHANGE_DATABASE_PORT_5432_TCP_PORT": "5432",
        "EXCHANGE_LISTEN_PORT": "tcp://10.0.0.1:8443",
    }
    assert load_config(folder / "hub.toml", environment) == load_config(folder / "hub.toml", {})


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("EXCHANGE_LIMITS_DEADLINE_SECONDS", "30s", "number"),
        ("EXCHANGE_LISTEN_PROT", "1", "no such key; did you mean 'port'?"),
    ],
)
def test_bad_variable_is_named(folder: Path, variable: str, value: str, said: str) -> None:
    error = configuration_refused(folder, GOOD, {variable: value})
    assert f"the environment variable {variable}: " in error.message
    assert said in error.message


@pytest.mark.parametrize("value", ["true", "false"])
@pytest.mark.parametrize("key", ["listen.port", "limits.queued", "limits.grace_seconds"])
def test_truth_is_no_number(folder: Path, key: str, value: str) -> None:
    section, _, name = key.partition(".")
    error = configuration_refused(folder, f"{GOOD}[{section}]\n{name} = {value}\n")
    assert error.field == key
    assert "true and false are no value of this key" in str(error)


def test_truth_is_taken_where_it_belongs(folder: Path) -> None:
    (folder / "hub.toml").write_text(f"{GOOD}[listen]\nreflection = true\n", encoding="utf-8")
    assert load_config(folder / "hub.toml", {}).listen.reflection


@pytest.mark.parametrize("value", ['"{}"', "'{}'", " {} ", "{}\n"])
def test_quotation_marks_and_blanks_around_a_variable_are_no_part_of_it(
    folder: Path, value: str
) -> None:
    """Docker hands on the quotation marks of a file for --env-file."""
    given = {
        "EXCHANGE_LISTEN_PORT": "7000",
        "EXCHANGE_LISTEN_HOST": "::1",
        "EXCHANGE_DATABASE_URL": "postgresql+psycopg://db/x?options=-c%20a%3D'1'",
        "EXCHANGE_TLS_ROOT": str(folder / "root.pem"),
    }
    environment = {name: value.format(each) for name, each in given.items()}
    assert load_config(folder / "hub.toml", environment) == load_config(folder / "hub.toml", given)
    assert load_config(folder / "hub.toml", given).database.url.endswith("'1'")


@pytest.mark.parametrize(
    ("line", "field", "said"),
    [
        ("port = 8443\n[tls]", "port", "it is a key of [listen] and of [metrics]"),
        ("[listen]\nlevel = 'debug'\n[tls]", "listen.level", "it is a key of [logging]"),
        ("[listen]\ncrl = 'x'\n[tls]", "listen.crl", "it is a key of [tls]"),
    ],
)
def test_key_of_another_section_is_told_with_its_section(
    folder: Path, line: str, field: str, said: str
) -> None:
    error = configuration_refused(folder, GOOD.replace("[tls]", line))
    assert (error.field, said in str(error)) == (field, True)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            f"{GOOD}# Вымышлено\n".encode("cp1251"),
            f"to be text in UTF-8, and line {GOOD.count(chr(10)) + 1} is not",
        ),
        (GOOD.encode("utf-16"), "byte order mark of UTF-16"),
    ],
)
def test_file_of_another_encoding_is_told_as_that(folder: Path, data: bytes, said: str) -> None:
    (folder / "hub.toml").write_bytes(data)
    with pytest.raises(ExchangeError) as caught:
        load_config(folder / "hub.toml", {})
    assert (caught.value.reason, said in str(caught.value)) == (Reason.CONFIG_INVALID, True)
