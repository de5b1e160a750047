"""The hub's configuration: one TOML file, environment variables over it, checked at the start.

`EXCHANGE_<SECTION>_<KEY>` overrides a key, as in EXCHANGE_LISTEN_PORT. Relative paths in the file
are relative to the file. A key that is unknown, missing or out of bounds is refused by its name
with what was expected and what came (CONFIG_INVALID); values that may hold a password are not
shown. Secrets stand in files of their own or in the environment, never here: see `keys`.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from exchange_files import read_given, without_bom
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.cosignatures import WitnessPolicy, WitnessVerifier
from exchange_protocol.rules.statements import MAX_PART_BYTES, MAX_PARTS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX: Final = "EXCHANGE_"
TLS_PASSPHRASE_VARIABLE: Final = "EXCHANGE_TLS_KEY_PASSPHRASE"  # noqa: S105 - its name
LOG_PASSPHRASE_VARIABLE: Final = "EXCHANGE_LOG_KEY_PASSPHRASE"  # noqa: S105 - its name
_SECRET_VARIABLES: Final = {TLS_PASSPHRASE_VARIABLE, LOG_PASSPHRASE_VARIABLE}
_SHOWN: Final = (bool, int, float, str)
_HIDDEN: Final = {
    f"{section}.{key}" for section in ("tls", "log") for key in ("key", "key_passphrase_file")
} | {"log.successor_key", "log.successor_key_passphrase_file", "database.url"}
"""Keys whose bad values are not repeated: a password, or a secret in place of its file's name."""
_BASE: Final = "base"
_SERVICE_KEY: Final = re.compile(
    r"(.+_)?(service_host|service_port(_.+)?|port_\d+_(tcp|udp|sctp)(_(proto|port|addr))?)"
)
_SQLITE: Final = "sqlite:///"


def _existing(path: Path, info: ValidationInfo) -> Path:
    resolved: Path = (info.context or {}).get(_BASE, Path()) / path
    if not resolved.is_file():
        raise ValueError("expected a file that exists")
    return resolved


File = Annotated[Path, AfterValidator(_existing)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_MEGABYTE: Final = 1024 * 1024
_MOST_STORED: Final = 2**60
_LARGEST: Final = MAX_PARTS * MAX_PART_BYTES
"""Sealed bytes of the largest statement."""
Number = Annotated[int, Field(ge=1, le=1_000_000)]
"""Calls, connections or places: the bound is far beyond what one hub serves."""
PerHour = Annotated[int, Field(ge=1, le=100_000_000)]
MessageBytes = Annotated[int, Field(ge=1024, le=256 * _MEGABYTE)]
"""The whole message is in memory."""
Name = Annotated[str, Field(min_length=1)]


def _witnesses(vkeys: tuple[str, ...]) -> tuple[str, ...]:
    try:
        if vkeys:
            WitnessPolicy(1, vkeys)
    except ExchangeError as error:
        raise ValueError(error.message) from None
    return vkeys


def _words(value: object) -> object:
    """An environment variable holds one text: the keys stand in it with spaces between."""
    return value.split() if isinstance(value, str) else value


def _http_address(address: str) -> str:
    """Check an address: over TLS, or on this machine.

    An answer is signed. Only TLS keeps others from answering in the place of the one that is asked.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError as error:
        raise ValueError(f"expected an address such as https://witness.example, {error}") from None
    is_near = parts.scheme == "http" and host in ("127.0.0.1", "::1", "localhost")
    if not host or not (parts.scheme == "https" or is_near):
        raise ValueError(f"expected an address such as https://witness.example, got {address}")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"expected an address without a query and a user, got {address}")
    return address.rstrip("/")


def _pairs(value: object) -> object:
    """Read the pairs of an environment variable: `name=address`, with spaces between."""
    if not isinstance(value, str):
        return value
    return dict(each.partition("=")[::2] for each in value.split())


HttpAddress = Annotated[str, AfterValidator(_http_address)]
Addresses = Annotated[dict[Name, HttpAddress], BeforeValidator(_pairs)]
Witnesses = Annotated[tuple[str, ...], BeforeValidator(_words), AfterValidator(_witnesses)]


def _beside(url: str, info: ValidationInfo) -> str:
    """A relative SQLite file is beside the configuration, as every other relative path is."""
    file = url.removeprefix(_SQLITE)
    if file == url or not file or file.startswith(("/", ":")):
        return url
    base: Path = (info.context or {}).get(_BASE, Path())
    return f"{_SQLITE}{base.absolute() / file}"


def _loopback(host: str) -> str:
    try:
        is_local = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_local = False
    if not is_local:
        raise ValueError("expected an address of this machine alone, such as 127.0.0.1")
    return host


def _beside_file(path: Path, info: ValidationInfo) -> Path:
    """A file that need not exist yet; a relative one is beside the configuration."""
    base: Path = (info.context or {}).get(_BASE, Path())
    return base / path


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_truth(cls, value: object, info: ValidationInfo) -> object:
        """Refuse true and false where another value belongs: they would count as 1 and 0."""
        if (
            isinstance(value, bool)
            and cls.model_fields[info.field_name or ""].annotation is not bool
        ):
            raise ValueError("true and false are no value of this key")
        return value


class Listen(_Section):
    """The hub's addresses."""

    host: Name = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    """0 takes any free port."""
    reflection: bool = False
    """True lets operators ask for the contract by gRPC's server reflection."""


class Tls(_Section):
    """The hub's TLS_SERVER certificate, and the root that callers must lead to."""

    certificate: File
    key: File
    key_passphrase_file: File | None = None
    root: File
    crl: File
    crl_held: Annotated[Path, AfterValidator(_beside_file)] | None = None
    """File of the list in force, kept over restarts; see `Config.held_lists`."""
    require_post_quantum: bool = False
    """True to refuse callers whose TLS stack agreed on a key without ML-KEM."""


class Log(_Section):
    """The log and its Ed25519 key."""

    origin: Name
    """Name of the log's key, such as `caricc.example/exchange-log`."""
    key: File
    key_passphrase_file: File | None = None
    successor_key: File | None = None
    """A key that signs beside the first, while it succeeds it."""
    successor_key_passphrase_file: File | None = None
    """Without it the successor's passphrase is that of the key."""
    witnesses: Witnesses = ()
    """Verifier keys of the witnesses whose cosignatures the hub takes and shows."""
    witness_addresses: Addresses = {}
    """Addresses of witnesses that are servers (C2SP tlog-witness), by the name of their key."""
    witness_seconds: Annotated[float, Field(gt=0, le=6 * _HOUR, allow_inf_nan=False)] = 60.0
    """Seconds between two questions to one witness, at least."""
    witnesses_at_start: Annotated[int, Field(ge=0, le=1000)] = 1
    """The number of these that must cosign after a start before the hub adds to a log with entries:
    none does whose memory holds more than the log. Without witnesses it waits for nobody."""

    @model_validator(mode="after")
    def _enough_witnesses(self) -> Self:
        if self.witnesses and self.witnesses_at_start > len(self.witnesses):
            raise ValueError(
                f"expected witnesses_at_start to be at most the {len(self.witnesses)} that "
                f"witnesses names, got {self.witnesses_at_start}"
            )
        names = {WitnessVerifier.from_vkey(each).name for each in self.witnesses}
        if unknown := sorted(self.witness_addresses.keys() - names):
            raise ValueError(
                f"expected an address of a witness that witnesses names, got one of {unknown[0]}"
            )
        return self


class Database(_Section):
    """The log's database."""

    url: Annotated[str, Field(min_length=1, repr=False), AfterValidator(_beside)]
    """SQLAlchemy URL: `sqlite:///...` or `postgresql+psycopg://...`."""
    slow_seconds: Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)] = 1.0
    """Queries and transactions that take longer are told in the hub's log; 0 for none."""


class Limits(_Section):
    """Bounds on what callers may ask of the hub."""

    message_bytes: MessageBytes = 4 * 1024 * 1024 + 64 * 1024
    """Largest request message: 4 MiB of statement and inline parts, and slack for the framing."""
    connections: Number = 4096
    """Connections of all callers together; the process may open some 250 files more."""
    connections_per_agency: Number = 128
    concurrent_calls: Number = 2048
    calls_per_agency: Number = 512
    """Calls of one agency in flight, its watches and transfers among them."""
    transfers_per_agency: Number = 16
    """Uploads and downloads of one agency that are served at a time; others wait."""
    reads_per_agency: Number = 8
    """Calls of one agency that read and are served at a time; others wait."""
    statements_per_second: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] = 2000
    """Statements of one agency, in the mean over ten seconds; beyond, RATE_LIMITED."""
    sealed_bytes_per_second: Annotated[float, Field(gt=0, le=_MOST_STORED, allow_inf_nan=False)] = (
        64 * 1024 * 1024
    )
    """Bytes of an agency's statements and sealed parts, likewise; an upload is slowed down."""
    deadline_seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = 30
    """Cap on a call's life."""
    transfer_deadline_seconds: Annotated[float, Field(gt=0, le=_DAY, allow_inf_nan=False)] = 900
    """Cap on UploadPart and FetchPart."""
    heartbeat_seconds: Annotated[float, Field(gt=0, le=300, allow_inf_nan=False)] = 15
    """Seconds that a watch may stay silent."""
    watch_life_seconds: Annotated[float, Field(gt=0, le=7 * _DAY, allow_inf_nan=False)] = 3600
    """Seconds until a watch ends and the client resumes it."""
    watches_per_agency: Number = 64
    made_at_ahead_seconds: Seconds = 300
    """Seconds that a statement's own time may be ahead of the hub's clock."""
    made_at_behind_seconds: Seconds = 7 * 86400
    """Seconds that it may be behind: statements wait in outboxes while the hub is away."""
    denials_per_agency_per_hour: PerHour = 600
    """Refusals that are put on the log; beyond, they are only counted."""
    inspections_per_agency_per_hour: PerHour = 10_000
    """Pages of openings that an agency's auditors are shown: each is put on the log."""
    inline_bytes: Annotated[int, Field(ge=1, le=256 * _MEGABYTE)] = 3 * 1024 * 1024
    """Sealed bytes that may ride in one Submit."""
    staged_bytes_per_agency: Annotated[int, Field(ge=_LARGEST, le=_MOST_STORED)] = _LARGEST
    """Sealed bytes that an agency may have uploaded without a statement to claim them."""
    staged_parts_per_agency: Annotated[int, Field(ge=MAX_PARTS, le=100_000_000)] = 4096
    """Parts that it may have uploaded without a statement to claim them."""
    stored_bytes_per_agency: Annotated[int | None, Field(ge=1, le=_MOST_STORED)] = None
    """Sealed bytes that an agency may have stored; beyond, it opens and uploads nothing more."""
    disk_free_bytes: Annotated[int, Field(ge=0, le=_MOST_STORED)] = 64 * 1024 * 1024
    """Bytes that stay free on the disk of a SQLite database; with less, the same holds for all."""
    staging_ttl_seconds: Annotated[float, Field(gt=0, le=31 * _DAY, allow_inf_nan=False)] = 3600
    """Seconds that an upload waits for its statement."""
    queued: Number = 4096
    """Most requests that wait for the writer."""
    queued_per_agency: Number = 1024
    """Most requests of one agency that wait for the writer; a quarter of them may be urgent."""
    grace_seconds: Annotated[float, Field(ge=0, le=_HOUR, allow_inf_nan=False)] = 10
    """Seconds that calls in flight may go on after the hub was told to stop."""

    def of_one_among(self, workers: int) -> Limits:
        """The limits of each of so many workers: places to wait in are divided.

        The limits of one agency are counted by all workers together
        (`exchange_server.fairness.counts`); calls in flight and connections of all agencies are
        what one process can bear.
        """
        waiting = ("transfers_per_agency", "reads_per_agency", "queued_per_agency")
        share = {key: max(1, getattr(self, key) // workers) for key in waiting}
        return self.model_copy(update=share)


class Logging(_Section):
    """The hub's own log on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Metrics(_Section):
    """The page that Prometheus reads; without a port there is none."""

    host: Annotated[str, AfterValidator(_loopback)] = "127.0.0.1"
    """An address of this machine alone: the page is neither encrypted nor guarded."""
    port: Annotated[int | None, Field(ge=1, le=65535)] = None
    backup_report: Annotated[Path, AfterValidator(_beside_file)] | None = None
    """JSON file that a backup leaves: `ended_at` in seconds since 1970, and `bytes`."""


def _collector(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError("expected an address such as http://127.0.0.1:4317 or https://host:4317")
    if parts.scheme == "http":
        _loopback(parts.hostname)
    return endpoint


class Traces(_Section):
    """The collector that spans are sent to by OTLP over gRPC; without an endpoint none are."""

    endpoint: Annotated[str, AfterValidator(_collector)] | None = None
    """Without TLS (http) of this machine alone."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of calls, batches and transactions that is sent."""


class Config(_Section):
    """All of it."""

    listen: Listen = Listen()
    tls: Tls
    log: Log
    database: Database
    limits: Limits = Limits()
    logging: Logging = Logging()
    metrics: Metrics = Metrics()
    traces: Traces = Traces()

    @property
    def held_lists(self) -> Path:
        """The file with the revocation lists in force: where `crl_held` of [tls] says, else beside
        the file of a SQLite database, else beside the list itself."""
        if self.tls.crl_held is not None:
            return self.tls.crl_held
        file = self.database.url.removeprefix(_SQLITE)
        if file == self.database.url or not file or file.startswith(":"):
            return self.tls.crl.with_name(f"{self.tls.crl.name}.held")
        return Path(f"{file}.crl")


def load_config(path: Path, environment: Mapping[str, str]) -> Config:
    """Read and check a configuration; raises CONFIG_INVALID naming the first bad key."""
    try:
        text = without_bom(read_given(path), path, Reason.CONFIG_INVALID)
        values = tomllib.loads(text.decode())
    except OSError as error:
        raise Reason.CONFIG_INVALID.error(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Reason.CONFIG_INVALID.error(
            f"expected {path} to be text in UTF-8, and line {line} is not: save it so"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise Reason.CONFIG_INVALID.error(f"expected {path} to be TOML: {error}") from None
    _override(values, environment)
    try:
        config = Config.model_validate(values, context={_BASE: path.parent})
    except ValidationError as error:
        raise _invalid(error, environment) from None
    if config.metrics.port is not None and config.metrics.port == config.listen.port:
        raise Reason.CONFIG_INVALID.error(
            f"expected another port than that of [listen], got {config.metrics.port} for both",
            field="metrics.port",
        )
    return config


def _override(values: dict[str, Any], environment: Mapping[str, str]) -> None:
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable in _SECRET_VARIABLES:
            continue
        section, _, key = variable.removeprefix(PREFIX).lower().partition("_")
        # Variables of other programs, such as EXCHANGE_CERTS_PASSPHRASE, name no section of ours.
        if section not in Config.model_fields or _is_of_kubernetes(key, value):
            continue
        table = values.setdefault(section, {})
        if isinstance(table, dict):
            table[key] = _unquoted(value)


def _unquoted(value: str) -> str:
    """Take blanks and a pair of quotation marks away: Docker's --env-file hands them on, where a
    shell and systemd take them away."""
    plain = value.strip()
    is_quoted = len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'"
    return plain[1:-1] if is_quoted else plain


def _is_of_kubernetes(key: str, value: str) -> bool:
    """True for what Kubernetes sets for a service that is called, say, `exchange-database`."""
    return bool(_SERVICE_KEY.fullmatch(key)) or value.startswith(("tcp://", "udp://", "sctp://"))


def _invalid(error: ValidationError, environment: Mapping[str, str]) -> ExchangeError:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(each) for each in first["loc"])
    variable = PREFIX + where.replace(".", "_").upper()
    told = _refusal(first, where)
    if variable not in environment:
        return told
    return Reason.CONFIG_INVALID.error(
        f"the environment variable {variable}: {told.message}", field=where
    )


def _range(first: ErrorDetails, key: str) -> str:
    """The unit and the bounds of a number, for the error of a value beyond them."""
    *sections, name = (str(each) for each in first["loc"])
    fields = Config.model_fields
    for section in sections:
        model: Any = fields[section].annotation
        fields = model.model_fields
    bounds = {
        bound: f"{value:,}"
        for each in fields[name].metadata
        for bound in ("ge", "gt", "le")
        if (value := getattr(each, bound, None)) is not None
    }
    least = f"from {bounds['ge']}" if "ge" in bounds else f"more than {bounds['gt']}"
    most = f" and at most {bounds['le']}" if "le" in bounds else ""
    return f"expected {_unit(key)}, {least}{most}"


def _unit(key: str) -> str:
    """The unit that a key's name tells."""
    for word, unit in (
        ("bytes_per_second", "bytes per second"),
        ("_per_second", "a number per second"),
        ("_per_hour", "a number per hour"),
        ("_seconds", "seconds"),
        ("bytes", "bytes"),
    ):
        if word in key:
            return unit
    return "a number"


def _meant(first: ErrorDetails) -> str:
    """The key that was meant, among those of its section or else of another one."""
    *sections, key = (str(each) for each in first["loc"])
    names = _keys_of(sections[0]) if sections else tuple(Config.model_fields)
    if close := difflib.get_close_matches(key, names, 1):
        return f"; did you mean {close[0]!r}?"
    owners = [f"[{each}]" for each in Config.model_fields if key in _keys_of(each)]
    return f"; it is a key of {' and of '.join(owners)}" if owners else ""


def _keys_of(section: str) -> tuple[str, ...]:
    model: Any = Config.model_fields[section].annotation
    is_section = isinstance(model, type) and issubclass(model, _Section)
    return tuple(model.model_fields) if is_section else ()


def _refusal(first: ErrorDetails, where: str) -> ExchangeError:
    match first["type"]:
        case "extra_forbidden":
            # Its value may be a secret: who writes key_passphrase means the passphrase itself.
            return Reason.CONFIG_INVALID.error(f"expected no such key{_meant(first)}", field=where)
        case "missing":
            if "." not in where:
                return Reason.CONFIG_INVALID.error(
                    f"expected the section [{where}] in the file, got none", field=where
                )
            variable = f"EXCHANGE_{where.replace('.', '_').upper()}"
            return Reason.CONFIG_INVALID.error(
                f"expected a value in the file or in {variable}, got none. Where systemd "
                "hands over the keys, run a command by its unit: systemctl start "
                "exchange-command@COMMAND",
                field=where,
            )
        case "greater_than" | "greater_than_equal" | "less_than_equal":
            text = _range(first, where)
        case "int_parsing" | "float_parsing" | "int_type" | "float_type" | "int_from_float":
            text = f"{_range(first, where)}, written as a number alone"
        case "finite_number":
            text = f"{_range(first, where)}, so a finite number"
        case _:
            text = first["msg"].removeprefix("Value error, ").replace("Input should", "should")
    value = first["input"]
    # A value in a section's place, or a whole section, is left out too: there is a URL in one.
    is_shown = len(first["loc"]) > 1 and where not in _HIDDEN and isinstance(value, _SHOWN)
    got = f"; got {value!r:.80}" if is_shown else ""
    return Reason.CONFIG_INVALID.error(f"{text}{got}", field=where)
