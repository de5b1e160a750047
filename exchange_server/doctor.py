"""`exchange-server doctor`: everything that a hub needs, on one page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from sqlalchemy import Connection

from exchange_doctor import (
    LIST_WARN_DAYS,
    Check,
    Grade,
    clock,
    ending,
    examine,
    name_of,
    permissions,
    proxy,
    reached,
    room,
    versions,
)
from exchange_keys import certificate_chain, read_pinned
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import parse_certificate
from exchange_server.backup_report import read_report
from exchange_server.bootstrap import Credentials, load_credentials
from exchange_server.clock_evidence import last_entry, says, signed_lists
from exchange_server.config import Config
from exchange_server.open_files import REMEDY as MORE_FILES
from exchange_server.open_files import room_for
from exchange_server.storage.cosignature_rows import read_cosignatures
from exchange_server.storage.engine import (
    driver_error,
    open_engine,
    plain_cause,
    reading,
    real_file,
)
from exchange_server.storage.log_rows import read_head
from exchange_server.storage.schema import check_indexes, check_schema
from exchange_server.storage.server_check import order_that_changed, verify_server
from exchange_server.tls.held_lists import REMEDY, told
from exchange_server.tls.revocation_file import AHEAD
from exchange_server.tls.revocation_install import refused_by_hub

SILENT: Final = timedelta(hours=1)
"""A witness that has not cosigned for longer is told of."""
BACKUP_AGE: Final = timedelta(days=2)
"""A backup that is older is told of."""
ORDER_TODO: Final = (
    "stop the hub; REINDEX DATABASE, and only then ALTER DATABASE ... REFRESH COLLATION VERSION"
)
CLOCK_TODO: Final = "set the clock of this computer; if it is right, tell the signer"
_PACKAGES: Final = ("caricc-exchange", "grpcio", "cryptography", "sqlalchemy")


def examine_hub(config: Config, environment: Mapping[str, str], now: datetime) -> list[Check]:
    """Look at everything; changes nothing."""
    return examine(
        [
            ("clock", clock),
            ("keys and certificates", lambda: _credentials(config, environment, now)),
            ("database", lambda: _database(config, now)),
            ("DNS", lambda: _names(config)),
            ("backup", lambda: _backup(config, now)),
            ("listening", lambda: _listening(config)),
            ("open files", lambda: open_files(config)),
            ("proxy", proxy),
            ("versions", lambda: versions(*_PACKAGES)),
        ]
    )


def _credentials(config: Config, environment: Mapping[str, str], now: datetime) -> Iterator[Check]:
    credentials: Credentials = load_credentials(config, environment, lambda: now)
    identity, vkey = credentials.identity, credentials.signer.vkey
    yield Check("keys and certificates", Grade.OK, f"{identity} signs as {vkey}")
    yield from certificates_and_lists(config, credentials, now)


def certificates_and_lists(
    config: Config, credentials: Credentials, now: datetime
) -> Iterator[Check]:
    """Things that end one day: certificates, and lists of revocations."""
    for signed in signed_lists(credentials.revocations()):
        if signed.at > now + AHEAD:
            yield Check("clock", Grade.FAIL, says(now, signed), CLOCK_TODO)
    todo = {"hub": "issue a new one; the hub takes it without a restart", "root": "plan a new root"}
    for what, at in credentials.ends(now).items():
        yield ending(f"certificate of the {what}", at, now, todo[what])
    revocations = credentials.revocations()
    awaited = revocations.awaited(now)
    for each in revocations.lists.values():
        age = (now - each.this_update) // timedelta(days=1)
        number = "" if each.number is None else f", number {each.number}"
        what = f"revocation list of {each.issuer}{number}, {age} days old"
        if each not in awaited:
            ended = f"{each.issuer_ends:%Y-%m-%d}"
            yield Check(what, Grade.OK, f"its authority ended on {ended}, and certifies nobody")
            continue
        yield ending(
            what,
            each.next_update,
            now,
            "have the authority publish one, then `exchange-server revocations`; while its list is "
            "overdue, the hub takes no statement under the authority's certificates",
            LIST_WARN_DAYS,
        )
    yield _held(config, credentials)
    match refused_by_hub(config.metrics):
        case True:
            yield Check(
                "revocation list of the running hub",
                Grade.FAIL,
                f"the hub refuses {config.tls.crl} and goes on with an older one, so new "
                "revocations are not in force",
                "see revocations_refused in its log; put the newest list of the authority there "
                "with `exchange-server revocations`",
            )
        case False:
            yield Check(
                "revocation list of the running hub", Grade.OK, f"is the one in {config.tls.crl}"
            )


def _held(config: Config, credentials: Credentials) -> Check:
    """The list on disk beside the one that the hub held when it last had one in force."""
    what = "revocation list held over restarts"
    if credentials.revocations.refused:
        return Check(
            what,
            Grade.FAIL,
            f"a hub refuses {config.tls.crl}: {credentials.revocations.refused}",
            "put the newest list of the authority there with `exchange-server revocations`",
        )
    held = credentials.held.read()
    if held is None:
        todo = "`exchange-server migrate` holds the one of the configuration, for a new hub"
        return Check(what, Grade.WARN, f"none yet in {credentials.held.path}", todo)
    return Check(what, Grade.OK, told(held))


def _database(config: Config, now: datetime) -> Iterator[Check]:
    engine = open_engine(config.database.url, read_only=True)
    try:
        verify_server(engine)
        check_schema(engine)
        check_indexes(engine)
        with reading(engine) as connection:
            yield from _log(connection, config, now)
            if changed := order_that_changed(connection):
                yield Check("sorting", Grade.FAIL, changed, ORDER_TODO)
            yield from _witnesses(connection, config, now)
        file = real_file(engine)
        if file is not None:
            yield room("disk", file.parent)
            yield permissions("permissions", file)
    except ExchangeError:
        raise
    except Exception as error:
        cause = driver_error(error)
        if cause is None:
            raise
        raise Reason.CONFIG_INVALID.error(
            f"the database cannot be used: {plain_cause(cause) or cause}"
        ) from None
    finally:
        engine.dispose()


def _names(config: Config) -> Iterator[Check]:
    """The names that the hub's certificate bears: agencies look for the hub by one of them."""
    path, reason = config.tls.certificate, Reason.CERTIFICATE_INVALID
    try:
        shown = parse_certificate(certificate_chain(read_pinned(path, reason), path, reason)[0])
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ExchangeError, x509.ExtensionNotFound):
        return  # The line on keys and certificates says what is wrong with it.
    for name in names.get_values_for_type(x509.DNSName):
        found = name_of(name)
        # The hub itself need not find its name; the agencies must.
        yield found if found.grade is Grade.OK else replace(found, grade=Grade.WARN)


def _backup(config: Config, now: datetime) -> Check:
    report = config.metrics.backup_report
    if report is None:
        todo = "set backup_report in [metrics], and alert on its age"
        return Check("backup", Grade.WARN, "nobody tells of it here", todo)
    last = read_report(report, now)
    if last is None:
        return Check("backup", Grade.WARN, "none was made yet", "run `exchange-server backup`")
    found = f"{last.size / 1e6:.1f} MB at {last.ended_at:%Y-%m-%d %H:%M} UTC"
    if now - last.ended_at > BACKUP_AGE:
        return Check("backup", Grade.WARN, found, "see the backup's own log")
    return Check("backup", Grade.OK, found)


def _log(connection: Connection, config: Config, now: datetime) -> Iterator[Check]:
    head = read_head(connection)
    size = head.size if head else 0
    yield Check("database", Grade.OK, f"{connection.dialect.name}, {size} entries on the log")
    for each in last_entry(head.last_time if head else None):
        if each.at > now + AHEAD:
            yield Check("clock", Grade.FAIL, says(now, each), CLOCK_TODO)
    if size and not config.held_lists.exists():
        yield Check(
            "revocation list of a log that has entries",
            Grade.FAIL,
            f"{config.held_lists} is gone, so the hub does not start: an older list would lift "
            "revocations",
            REMEDY,
        )


def _witnesses(connection: Connection, config: Config, now: datetime) -> Iterator[Check]:
    latest: dict[str, datetime] = {}
    for row in read_cosignatures(connection):
        latest[row.witness] = max(row.cosigned_at, latest.get(row.witness, row.cosigned_at))
    if not config.log.witnesses:
        yield Check(
            "witnesses",
            Grade.WARN,
            "none: nobody else can prove that the log only grew",
            "ask another organisation to run `agency witness` (docs/witnesses.md)",
        )
    for vkey in config.log.witnesses:
        name = vkey.partition("+")[0]
        at = latest.get(name)
        if at is None or now - at > SILENT:
            said = "has never cosigned" if at is None else f"last cosigned at {at:%Y-%m-%d %H:%M}"
            yield Check(f"witness {name}", Grade.WARN, said, "call its operator")
        else:
            yield Check(f"witness {name}", Grade.OK, f"cosigned at {at:%H:%M} UTC")


def open_files(config: Config) -> Check:
    """Check the connections that have room beside the files of the hub, in a process such as this.

    A service has the limits of its unit, and not those of the shell of its operator.
    """
    what, wanted = "open files", config.limits.connections
    room = room_for(wanted)
    found = f"a process started here may have {room.limit} and serves "
    if room.connections < 1:
        return Check(what, Grade.FAIL, f"{found}no connection: the hub needs them all", MORE_FILES)
    found += f"{room.connections} of {wanted} connections"
    if room.connections < wanted:
        return Check(
            what, Grade.WARN, found, f"{MORE_FILES}; or ask for fewer connections in [limits]"
        )
    return Check(what, Grade.OK, found)


def _listening(config: Config) -> Check:
    listen = config.listen
    if not listen.port:
        return Check("listening", Grade.WARN, "on any free port", "set port in [listen]")
    return reached("listening", listen.host, listen.port)
