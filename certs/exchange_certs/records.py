"""Records of an authority: the certificates that it issued, and those that it took back.

One JSON file, replaced whole. It holds no secrets; the signed revocation list is made from it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from cryptography import x509

from exchange_files import PUBLIC, replace_file
from exchange_protocol.errors import Reason
from exchange_protocol.trust.certificates import Usage

INDEX_FILE = "index.json"


class RevocationReason(StrEnum):
    """Reasons to take a certificate back; named as in RFC 5280, section 5.3.1."""

    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"

    @property
    def flag(self) -> x509.ReasonFlags:
        """The reason as a revocation list carries it."""
        return x509.ReasonFlags(self.value)


@dataclass(frozen=True, slots=True)
class Record:
    """One issued certificate."""

    serial: int
    identity: str
    usage: Usage
    sha256: str
    """Fingerprint of the certificate, in hex."""
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None
    reason: RevocationReason | None = None

    def state(self, at: datetime) -> str:
        """`revoked`, `expired`, `future` or `valid`."""
        if self.revoked_at is not None and self.revoked_at <= at:
            return "revoked"
        if at > self.not_after:
            return "expired"
        return "future" if at < self.not_before else "valid"

    def to_json(self) -> dict[str, Any]:
        """The record in the types of JSON; the serial number in hex, as OpenSSL prints it."""
        return asdict(self) | {
            "serial": f"{self.serial:x}",
            "usage": self.usage.name,
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
            "revoked_at": self.revoked_at.isoformat() if self.revoked_at else None,
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        revoked_at, reason = fields["revoked_at"], fields["reason"]
        return cls(
            serial=int(fields["serial"], 16),
            identity=fields["identity"],
            usage=Usage[fields["usage"]],
            sha256=fields["sha256"],
            not_before=_instant(fields["not_before"]),
            not_after=_instant(fields["not_after"]),
            revoked_at=_instant(revoked_at) if revoked_at else None,
            reason=RevocationReason(reason) if reason else None,
        )


@dataclass(frozen=True, slots=True)
class Index:
    """All that an authority remembers."""

    trust_domain: str
    crl_number: int
    records: tuple[Record, ...] = ()


def read_index(directory: Path) -> Index:
    """Read an authority's index; raises CONFIG_INVALID where there is none, or a broken one."""
    path = directory / INDEX_FILE
    try:
        fields = json.loads(path.read_bytes())
        records = tuple(Record.from_json(each) for each in fields["certificates"])
        return Index(fields["trust_domain"], fields["crl_number"], records)
    except FileNotFoundError:
        raise Reason.CONFIG_INVALID.error(
            f"expected an authority in {directory}; make one with: exchange-certs init"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise Reason.CONFIG_INVALID.error(f"expected {path} to be an authority's index") from None


def write_index(directory: Path, index: Index) -> None:
    """Replace an authority's index durably; raises FILE_NOT_WRITTEN."""
    replace_file(directory / INDEX_FILE, encode_index(index), mode=PUBLIC)


def encode_index(index: Index) -> bytes:
    """An authority's index as its file holds it."""
    fields = {
        "trust_domain": index.trust_domain,
        "crl_number": index.crl_number,
        "certificates": [record.to_json() for record in index.records],
    }
    return json.dumps(fields, indent=1).encode() + b"\n"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
