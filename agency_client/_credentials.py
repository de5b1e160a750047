"""The certificate and key that a channel shows at the TLS handshake.

A key in a token signs the handshake by an experimental hook of gRPC (gRFC A107). A later grpcio may
move it: then a profile with such a key is refused in words, and profiles with files go on.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Final

import grpc
import grpc.experimental

from agency_client.state.profile import Profile
from exchange_keys import TokenTlsKey, plain_pem
from exchange_protocol.errors import Reason
from exchange_protocol.signer import SignatureAlgorithm

_HOOK: Final = "ssl_channel_credentials_with_custom_signer"
_SCHEMES: Final = {
    SignatureAlgorithm.ECDSA_P256_SHA256: "ECDSA_SECP256R1_SHA256",
    SignatureAlgorithm.ECDSA_P384_SHA384: "ECDSA_SECP384R1_SHA384",
}
"""The names by which gRPC calls what a key signs by."""


def channel_credentials(profile: Profile) -> grpc.ChannelCredentials:
    """The credentials of a profile's channel; raises KEY_UNAVAILABLE."""
    key = profile.tls.key
    if not isinstance(key, TokenTlsKey):
        return grpc.ssl_channel_credentials(
            root_certificates=plain_pem(profile.roots_pem),
            private_key=key.plain_pem(),
            certificate_chain=plain_pem(profile.tls.certificate_pem),
        )
    hook: Any = getattr(grpc.experimental, _HOOK, None)
    if hook is None:
        raise Reason.KEY_UNAVAILABLE.error(
            f"the TLS key of this profile is in a token, and grpcio {grpc.__version__} cannot sign "
            "a handshake with it: install grpcio 1.85, or let the TLS key be a file"
        )
    with warnings.catch_warnings():
        # docs/keys.md says that it is experimental; a line at each start says no more.
        warnings.simplefilter("ignore", grpc.experimental.ExperimentalApiWarning)
        made: grpc.ChannelCredentials = hook(
            private_key_sign_fn=_handshakes(key),
            root_certificates=plain_pem(profile.roots_pem),
            certificate_chain=plain_pem(profile.tls.certificate_pem),
        )
    return made


def _handshakes(key: TokenTlsKey) -> Callable[[bytes, Any, Any], Any]:
    expected = grpc.experimental.PrivateKeySignatureAlgorithm[_SCHEMES[key.algorithm]]

    def sign(data: bytes, scheme: int, done: Callable[[bytes | Exception], None]) -> Any:
        if int(scheme) != int(expected):
            # TLS 1.3 asks for what the certificate's key can do: this ends the handshake.
            raise ValueError(f"expected a handshake by {expected.name}, got {scheme}")
        key.begin(data, done)
        return _nothing_to_cancel

    return sign


def _nothing_to_cancel() -> None:
    """A token that signs cannot be stopped; its answer is dropped."""
