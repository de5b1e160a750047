"""Someone knocks at the hub's door with a certificate: does TLS let it in?

`python -m demo.knock FOLDER TARGET ROOT` takes tls.pem, tls.key and passphrase from FOLDER,
connects to TARGET, prints {"connected"}, and exits with 0 if it was let in, with 1 if not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import grpc

from exchange_keys import load_tls_key, read_passphrase

SECONDS = 5


def main(folder: Path, target: str, root: Path) -> int:
    """Knock once."""
    passphrase = read_passphrase(folder / "passphrase", "EXCHANGE_KEY_PASSPHRASE")
    key = load_tls_key(folder / "tls.key", passphrase)
    credentials = grpc.ssl_channel_credentials(
        root.read_bytes(),
        key.plain_pem(),
        (folder / "tls.pem").read_bytes(),
    )
    with grpc.secure_channel(target, credentials) as channel:
        try:
            # Ready means that the hub has taken the certificate: it speaks first only after that.
            grpc.channel_ready_future(channel).result(timeout=SECONDS)
        except grpc.FutureTimeoutError:
            print(json.dumps({"connected": False}))
            return 1
    print(json.dumps({"connected": True}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
