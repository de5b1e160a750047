"""A hub that changes the log's key in other ways than the directory allows convinces no client."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agency_client import ExchangeClient
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import HubDishonest, Reason
from exchange_protocol.kinds.publish_log_key import PublishLogKey
from exchange_protocol.log.checkpoint import LogSigner
from exchange_protocol.log.succession import sign_succession
from exchange_protocol.record.entries import parse_entry
from exchange_protocol.trust.identity import Member
from tests.support.hub_data import LOG_NAME, log_key, log_signer
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_MIA, OPERATOR

NEW, THIRD = SoftwareSigner.generate_ed25519(), SoftwareSigner.generate_ed25519()


def succession(old: SoftwareSigner, new: SoftwareSigner) -> PublishLogKey:
    signed = sign_succession(LOG_NAME, old, new)
    return PublishLogKey(
        signed.predecessor,
        signed.successor,
        signed.predecessor_signature,
        signed.successor_signature,
    )


def record_unjudged(hub: InMemoryHub, author: Member, body: PublishLogKey) -> None:
    """Let the hub put on its log what the rules refuse."""
    signed = hub.model.sign(hub.model.compose(author, body))
    like = parse_entry(hub.log[-1].entry)
    entry = replace(
        like,
        hub_time=hub.model.now,
        actor=author,
        certificate_sha256=signed.certificate_sha256,
        payload_digest=signed.digest,
        directory_size=like.directory_size + 1,
    )
    hub.model.directory = replace(hub.model.directory, size=hub.model.directory.size + 1)
    hub.model.record(entry, signed)


def reason_of_sync(client: ExchangeClient) -> Reason:
    with pytest.raises(HubDishonest) as caught:
        client.sync()
    assert client.profile.log.vkeys == (log_signer().vkey,), "nothing was learned"
    return caught.value.reason


def test_an_honest_succession_is_followed_at_once(hub: InMemoryHub, client: ExchangeClient) -> None:
    hub.model.say(OPERATOR, succession(log_key(), NEW))
    hub.model.say(OPERATOR, succession(NEW, THIRD))
    hub.signer = LogSigner(LOG_NAME, THIRD)
    client.sync()
    assert client.profile.log.vkeys[-1] == hub.signer.vkey
    assert client.profile.pinned_log.vkey == log_signer().vkey


def test_a_new_key_that_nobody_published_is_not_believed(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    hub.signer = LogSigner(LOG_NAME, NEW)
    assert reason_of_sync(client) is Reason.CHECKPOINT_INVALID


def test_the_thief_of_the_old_key_without_the_operator_moves_nobody(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    record_unjudged(hub, KZ_MIA, succession(log_key(), NEW))
    hub.signer = LogSigner(LOG_NAME, NEW)
    assert reason_of_sync(client) is Reason.CHECKPOINT_INVALID


def test_an_operator_without_the_old_key_moves_nobody(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    body = succession(log_key(), NEW)
    record_unjudged(hub, OPERATOR, replace(body, predecessor_signature=body.successor_signature))
    hub.signer = LogSigner(LOG_NAME, NEW)
    assert reason_of_sync(client) is Reason.CHECKPOINT_INVALID


def test_a_second_successor_of_one_key_is_not_followed(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    hub.model.say(OPERATOR, succession(log_key(), NEW))
    record_unjudged(hub, OPERATOR, succession(log_key(), THIRD))
    hub.signer = LogSigner(LOG_NAME, THIRD)
    assert reason_of_sync(client) is Reason.CHECKPOINT_INVALID


def test_a_directory_under_a_key_of_nobody_teaches_nothing(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    hub.model.say(OPERATOR, succession(log_key(), NEW))
    hub.signer = LogSigner(LOG_NAME, THIRD)
    assert reason_of_sync(client) is Reason.CHECKPOINT_INVALID


def test_a_succeeded_key_signs_nothing_new_for_who_has_learned(
    hub: InMemoryHub, client: ExchangeClient
) -> None:
    hub.model.say(OPERATOR, succession(log_key(), NEW))
    hub.signer = LogSigner(LOG_NAME, NEW)
    client.sync()
    hub.signer = LogSigner(LOG_NAME, log_key())
    with pytest.raises(HubDishonest) as caught:
        client.checkpoint()
    assert caught.value.reason is Reason.CHECKPOINT_INVALID


def test_what_was_learned_must_stay_so(hub: InMemoryHub, client: ExchangeClient) -> None:
    hub.model.say(OPERATOR, succession(log_key(), NEW))
    hub.signer = LogSigner(LOG_NAME, NEW)
    client.sync()
    file = client.profile.state / "log-keys.json"
    file.write_bytes(b"not a list of keys")
    # It is a cache: the directory tells it anew.
    assert client.profile.log.vkeys == (log_signer().vkey,)
    client.checkpoint()
    assert client.profile.log.vkeys[-1] == hub.signer.vkey
