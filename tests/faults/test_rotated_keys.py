"""Every key is rotated, and some are lost, under load: no statement is lost, and no watch ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from agency_client import Profile, Sent
from agency_client.state.keys import generate_sealing_key
from exchange_server.bootstrap import utc_now
from tests.faults.load import RECIPIENT, wait_until
from tests.faults.rotation import BETWEEN, Rotation
from tests.support.commands import run
from tests.support.deployment import AUDITOR
from tests.support.foundation import NEWCOMER, OFFICERS, Foundation
from tests.support.hub_process import ORIGIN, PASSPHRASE


def test_every_key_is_rotated_under_load_and_nothing_is_lost(
    foundation: Foundation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rotation = Rotation(foundation.copy(tmp_path / "hub"))
    load, town = rotation.load, rotation.town
    try:
        with load.running():
            rotation.go_on()
            for member in (*OFFICERS, f"{RECIPIENT}/system", "kz.mia/system"):
                rotation.renew(member, post_quantum=member == "kz.mia/system")
            rotation.say_by("kz.mia/system")
            rotation.go_on()
            recipient = Profile.load(town.profile(f"{RECIPIENT}/system"))
            generate_sealing_key(recipient.sealing_folder, PASSPHRASE, utc_now())
            with town.client(f"{RECIPIENT}/system") as client:
                client.publish_sealing_key()
            rotation.go_on()
            rotation.replace_hub_certificate()
            # The hub looks at its files when somebody connects, at most once a second.
            wait_until(rotation.hub_has_read_its_certificate)
            vkey = rotation.succeed_log_key()
            rotation.go_on()
            rotation.lose_both_keys(NEWCOMER)
            rotation.say_by(NEWCOMER)
            rotation.say_by("kz.mia/system")
        load.settle()
        code, out, err = run(
            capsys, "--json", "--profile", town.profile(AUDITOR), "audit", "verify"
        )
        assert code == 0, out + err
        with town.client(AUDITOR) as auditor:
            assert auditor.profile.log_keys.verifier.origin == ORIGIN
            assert vkey in (town.profile(AUDITOR) / "state" / "log-keys.json").read_text("utf-8")
        rotation.hub.stop()
    finally:
        rotation.hub.close()
    load.verify(at_least=6 * BETWEEN)
    for sender in load.senders:
        assert all(isinstance(sent, Sent) for sent in sender.receipts)
