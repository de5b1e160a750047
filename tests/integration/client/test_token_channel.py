"""A client whose TLS key is in a token reaches the hub, and says what is wrong where it cannot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc.experimental
import pytest

from agency_client import AsyncExchangeClient, ExchangeClient, Profile
from agency_client.core import calls
from agency_client.state.renewal import begin_renewal
from exchange_keys import TokenTlsKey
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.trust.certificates import Usage
from exchange_protocol.trust.identity import parse_member
from exchange_server.bootstrap import utc_now
from tests.faults.load import wait_until
from tests.support.commands import run
from tests.support.deployment import Deployment
from tests.support.foundation import Foundation
from tests.support.hub_process import TRUST_DOMAIN
from tests.support.tokens import PIN, Token, needs_token, plugged_in

MEMBER = "kz.mia/system"

pytestmark = [needs_token, pytest.mark.long]


@pytest.fixture
def token(tmp_path: Path) -> Iterator[Token]:
    folder = tmp_path / "token"
    folder.mkdir()
    with plugged_in(folder) as made:
        yield made


@pytest.fixture
def town(foundation: Foundation, tmp_path: Path, token: Token) -> Iterator[Deployment]:
    with foundation.serving(tmp_path / "hub") as (town, _):
        put_in_token(town, token, "p256")
        yield town


def put_in_token(town: Deployment, token: Token, label: str, pin: str = PIN) -> None:
    """Certify a key of the token for TLS, and let the profile name it."""
    folder = town.profile(MEMBER)
    issued = town.files.authority.issue_member(
        parse_member(f"spiffe://{TRUST_DOMAIN}/agency/{MEMBER}"),
        Usage.TLS_CLIENT,
        now=utc_now(),
        public_key=token.public_key(label),
    )
    (folder / "tls.pem").write_bytes(issued.certificate_pem)
    token.key_file(folder, f"token=exchange;object={label}", pin=pin, name="tls.key")


def refusal(client: ExchangeClient) -> ExchangeError:
    with pytest.raises(ExchangeError) as caught:
        client.sync()
    assert PIN not in caught.value.message
    return caught.value


@pytest.mark.parametrize("label", ["p256", "p384"])
def test_key_in_a_token_opens_the_channel(town: Deployment, token: Token, label: str) -> None:
    put_in_token(town, token, label)
    with town.client(MEMBER) as client:
        assert isinstance(client.profile.tls.key, TokenTlsKey)
        assert client.sync().agencies
        assert PIN not in repr(client.profile)


def test_key_in_a_token_opens_the_asynchronous_channel(town: Deployment) -> None:
    async def run() -> None:
        async with AsyncExchangeClient.from_profile(town.profile(MEMBER)) as client:
            assert (await client.sync()).agencies

    asyncio.run(run())


def test_token_that_was_pulled_is_told_and_found_again(town: Deployment, token: Token) -> None:
    with town.client(MEMBER) as client:
        away = token.folder / "away"
        token.objects.rename(away)
        error = refusal(client)
        assert error.reason is Reason.KEY_UNAVAILABLE
        assert "your TLS key: token 'exchange' is not there" in error.message
        away.rename(token.objects)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                assert client.sync().agencies
                break
            except ExchangeError as waits:
                assert waits.reason is Reason.KEY_UNAVAILABLE  # noqa: PT017 - until gRPC dials anew
                time.sleep(0.2)
        else:
            pytest.fail("the token is back, and the channel has not found it")


def test_channel_that_is_open_outlives_its_token(town: Deployment, token: Token) -> None:
    """The key signs handshakes alone: what is open stays open."""
    with town.client(MEMBER) as client:
        client.sync()
        token.objects.rename(token.folder / "away")
        assert client.sync().agencies


def test_wrong_pin_refuses_the_profile(town: Deployment, token: Token) -> None:
    put_in_token(town, token, "p256", pin="000000")
    with pytest.raises(ExchangeError, match="PIN of token 'exchange' is wrong") as caught:
        town.client(MEMBER)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE


def test_locked_token_is_told(town: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """SoftHSM never locks: its answer alone is not the real one."""
    from pkcs11.exceptions import PinLocked

    class Locked:
        def get_token(self, **_: object) -> object:
            raise PinLocked

        def reinitialize(self) -> None:
            """Nothing changes by it."""

    with town.client(MEMBER) as client:
        key: Any = client.profile.tls.key
        key._signer._session = None
        monkeypatch.setattr("exchange_keys.tokens._library", lambda _: Locked())
        assert "locked after wrong PINs; its security officer" in refusal(client).message


def test_slow_token_is_waited_for(town: Deployment) -> None:
    with town.client(MEMBER) as client:
        slow_down(client.profile, 1.5)
        began = time.monotonic()
        assert client.sync().agencies
        assert time.monotonic() - began >= 1.5


def test_token_that_does_not_answer_in_time_is_named(
    town: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agency_client.core.calls.DEADLINES", dict.fromkeys(calls.DEADLINES, 0.5))
    with town.client(MEMBER) as client:
        slow_down(client.profile, 2.0)
        error = refusal(client)
        assert error.reason is Reason.DEADLINE_EXCEEDED
        assert "token with your TLS key did not sign in time" in error.message
        # A signature under way would log in to the token of the next test.
        wait_until(lambda: not client.profile.tls.is_signing)


def test_grpc_without_the_hook_is_told(town: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(grpc.experimental, "ssl_channel_credentials_with_custom_signer")
    with pytest.raises(ExchangeError, match="cannot sign a handshake with it") as caught:
        town.client(MEMBER)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE


def test_files_need_no_hook(
    foundation: Foundation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(grpc.experimental, "ssl_channel_credentials_with_custom_signer")
    with foundation.serving(tmp_path / "hub") as (town, _), town.client(MEMBER) as client:
        assert client.sync().agencies


def test_doctor_says_that_the_hook_is_experimental(
    town: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "--profile", town.profile(MEMBER), "doctor")
    assert "in a token, by an experimental hook of gRPC" in out
    assert "verified," in out


def test_key_in_a_token_is_not_renewed_into_a_file(town: Deployment) -> None:
    profile = Profile.load(town.profile(MEMBER))
    with pytest.raises(ExchangeError, match=r"key of \[tls\] is in a token") as caught:
        begin_renewal(profile)
    assert caught.value.reason is Reason.KEY_UNAVAILABLE
    assert not (profile.folder / "renewal").exists()


def slow_down(profile: Profile, seconds: float) -> None:
    """Let each signature of the token take its time."""
    key: Any = profile.tls.key
    fast = key._signer._key

    class Slow:
        def sign(self, *words: object, **named: object) -> object:
            time.sleep(seconds)
            return fast.sign(*words, **named)

    key._signer._key = Slow()
