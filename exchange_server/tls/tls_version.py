"""TLS 1.3 only, which grpc has no setting for in Python (its default is TLS 1.2 or newer).

grpc takes the cipher suites of TLS 1.2 from an environment variable, once, when it is imported;
those of TLS 1.3 cannot be configured. So TLS 1.2 is left with one suite that needs an RSA
certificate, which no hub has (`trust.certificates` refuses it): a handshake of TLS 1.2 finds no
common cipher.
"""

from __future__ import annotations

import os
import sys
from typing import Final

_CIPHERS_VARIABLE: Final = "GRPC_SSL_CIPHER_SUITES"
_RSA_ONLY: Final = "ECDHE-RSA-AES256-GCM-SHA384"


def require_tls13() -> None:
    """Make TLS 1.2 impossible in this process; it must come before the first import of grpc."""
    if "grpc" in sys.modules:
        raise RuntimeError("expected grpc not to be imported yet; its cipher suites are fixed then")
    os.environ[_CIPHERS_VARIABLE] = _RSA_ONLY
