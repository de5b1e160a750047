"""The key of a client's TLS certificate in a token: it signs the handshakes of a channel.

Rules of this module:

- A signature is made in a thread of its own, so a slow token holds up its own channel alone.
- TLS tells its caller only that a handshake ended. So the key keeps the reason, for the words that
  a person reads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec

from exchange_keys.tokens import TokenSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.signer import SignatureAlgorithm


class TokenTlsKey:
    """A key in a token that signs TLS handshakes."""

    def __init__(self, signer: TokenSigner) -> None:
        """Hold a signer on P-256 or P-384; raises KEY_UNAVAILABLE for another."""
        if not isinstance(signer.public_key, ec.EllipticCurvePublicKey):
            raise Reason.KEY_UNAVAILABLE.error(
                "expected the TLS key in the token to be on P-256 or P-384"
            )
        self.public_key: ec.EllipticCurvePublicKey = signer.public_key
        self.algorithm: SignatureAlgorithm = signer.algorithm
        self._signer = signer
        self._lock = threading.Lock()
        self._pending = 0
        self._trouble: ExchangeError | None = None

    @property
    def trouble(self) -> ExchangeError | None:
        """The reason for which the last handshake was not signed; None where it was."""
        with self._lock:
            return self._trouble

    @property
    def is_signing(self) -> bool:
        """True while the token has been asked and has not answered."""
        with self._lock:
            return self._pending > 0

    def begin(self, data: bytes, done: Callable[[bytes | Exception], None]) -> None:
        """Sign in a thread; `done` gets the signature, or KEY_UNAVAILABLE."""
        with self._lock:
            self._pending += 1
        threading.Thread(target=self._sign, args=(data, done), daemon=True).start()

    def _sign(self, data: bytes, done: Callable[[bytes | Exception], None]) -> None:
        answer: bytes | ExchangeError
        try:
            answer = self._signer.sign(data)
        except ExchangeError as error:
            answer = error
        with self._lock:
            self._pending -= 1
            self._trouble = answer if isinstance(answer, ExchangeError) else None
        done(answer)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._signer!r}>"
