"""A command that fails loads its profile once: a card counts the PINs that it was tried with."""

from __future__ import annotations

import pytest

from agency_client.cli.app import main
from agency_client.state.profile import Profile
from exchange_protocol.errors import Reason


@pytest.mark.parametrize("flags", [[], ["--json"], ["--utc"]])
def test_a_wrong_pin_is_tried_once(monkeypatch: pytest.MonkeyPatch, flags: list[str]) -> None:
    tried: list[object] = []

    def load(profile: object, passphrase: bytes | None = None) -> Profile:
        tried.append(profile)
        raise Reason.KEY_UNAVAILABLE.error("expected the PIN of the token, got another")

    monkeypatch.setattr(Profile, "load", load)
    with pytest.raises(SystemExit):
        main([*flags, "--profile", "fictional", "inbox"])
    assert tried == ["fictional"]
