"""A connection to the hub, as the network sees it."""

from __future__ import annotations

from pathlib import Path

import grpc

from tests.support.hub_process import HubProcess, channel_credentials, prepare_hub
from tests.support.wiretap import TLS_1_3, X25519MLKEM768, Wiretap, parse_server_hello


def test_the_handshake_negotiates_tls_1_3_with_the_post_quantum_hybrid_group(
    tmp_path: Path,
) -> None:
    files = prepare_hub(tmp_path)
    credentials = channel_credentials(files.root_pem, files.issue("kz.mia/system"))
    with (
        HubProcess(files) as hub,
        Wiretap(hub.port) as tap,
        grpc.secure_channel(f"localhost:{tap.port}", credentials) as channel,
    ):
        grpc.channel_ready_future(channel).result(timeout=30)
        captured = bytes(tap.captures[0].from_server)

    hello = parse_server_hello(captured)
    assert hello.version == TLS_1_3
    assert hello.group == X25519MLKEM768
