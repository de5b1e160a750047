"""Chains of certificates that are searched once, and signatures that are verified once.

`exchange_protocol` is pure: the same certificate, anchors, usage and time have the same chain, and
the same key and bytes a good signature. A client that opens its copy of the directory asks for two
dozen of each, and tests open thousands. What is refused is never kept, nor does what a lying hub
finds count for an honest one: who verified is part of the key. Tests of the search and of
signatures have them as they imported them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from exchange_protocol.rules import judgement
from exchange_protocol.rules.signed_statements import SignedStatement
from exchange_protocol.trust import certificates
from exchange_protocol.trust.certificates import TrustAnchors, Usage, VerifiedCertificate
from exchange_protocol.trust.envelope import SignerKey

MOST: Final = 10_000
_search = certificates.verify_chain
_found: Final[dict[tuple[Any, ...], VerifiedCertificate]] = {}

_verify = judgement.verify_signature
_good: Final[set[tuple[Any, ...]]] = set()


def verify_once() -> None:
    """Let the rules search each chain once, and verify each signature once."""
    certificates.verify_chain = _found_once
    judgement.verify_signature = _verify_once


def _found_once(
    der: bytes,
    intermediates: Sequence[bytes],
    anchors: TrustAnchors,
    *,
    usage: Usage,
    at: datetime,
) -> VerifiedCertificate:
    key = (vars(certificates)["find_chain"], der, tuple(intermediates), anchors, usage, at)
    found = _found.get(key)
    if found is None:
        found = _search(der, intermediates, anchors, usage=usage, at=at)
        if len(_found) < MOST:
            _found[key] = found
    return found


def _verify_once(signer: SignerKey, signed: SignedStatement) -> None:
    by = tuple(vars(judgement)[each] for each in ("verify", "verify_in_batch", "verify_second"))
    key = (*by, signer.fingerprint, signed)
    if key not in _good:
        _verify(signer, signed)
        if len(_good) < MOST:
            _good.add(key)
