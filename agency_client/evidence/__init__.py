"""Evidence that outlives the system: one exchange in one file that verifies offline.

    bundle.py        the file: names, limits, writing
    export.py        evidence that a client gathered -> bundle
    verification.py  bundle -> what it proves, with the hub's own rules
    facts.py         what it proves, as values
    account.py       the same for people, as a page; words.py has its words
    timestamp.py     another authority's signature on when the checkpoint was there (RFC 3161)
    verify.py        the script for whoever has none of our software; a copy is in every bundle

`verify.py` uses Python's standard library and openssl alone and imports nothing of this project;
`verification.py` shares the reading of the archive with it, and no cryptography.
"""

from __future__ import annotations

from agency_client.evidence.export import export_bundle
from agency_client.evidence.facts import VerifiedBundle
from agency_client.evidence.timestamp import (
    TimeStamp,
    add_stamp,
    fetch_stamp,
    read_note,
    stamp_request,
)
from agency_client.evidence.verification import verify_bundle

__all__ = [
    "TimeStamp",
    "VerifiedBundle",
    "add_stamp",
    "export_bundle",
    "fetch_stamp",
    "read_note",
    "stamp_request",
    "verify_bundle",
]
