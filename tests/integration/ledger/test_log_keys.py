"""A hub takes the steps of a succession in their order, and no other."""

from __future__ import annotations

import pytest

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.publish_log_key import PublishLogKey
from exchange_protocol.log.checkpoint import LogSigner, LogVerifier
from exchange_protocol.log.succession import SignedSuccession, sign_succession
from exchange_server.ledger.log_keys import followed
from exchange_server.storage.engine import reading
from exchange_server.storage.log_rows import read_head
from tests.integration.ledger.conftest import Office
from tests.support.hub_data import LOG_NAME, log_key, log_signer, log_verifier
from tests.support.statements import KZ_FMA, KZ_MIA, OPERATOR

pytestmark = pytest.mark.long

REQUEST = Kind.INFORMATION_REQUEST.body()
FIRST = log_key()
NEW, THIRD = SoftwareSigner.generate_ed25519(), SoftwareSigner.generate_ed25519()


def published(signed: SignedSuccession) -> PublishLogKey:
    return PublishLogKey(
        signed.predecessor,
        signed.successor,
        signed.predecessor_signature,
        signed.successor_signature,
    )


async def signing(office: Office, *keys: SoftwareSigner | None) -> None:
    """Start the hub anew with these keys; None is the key of the log's beginning."""
    own = [FIRST if key is None else key for key in keys]
    await office.close()
    office.signer = LogSigner(LOG_NAME, *own)
    await office.open()


def succession() -> PublishLogKey:
    return published(sign_succession(LOG_NAME, FIRST, NEW))


async def refused(office: Office, *keys: SoftwareSigner | None) -> str:
    """The reason why the hub does not start with these keys; afterwards it runs as before."""
    before = office.signer
    with pytest.raises(ExchangeError) as caught:
        await signing(office, *keys)
    assert caught.value.reason is Reason.CONFIG_INVALID, caught.value
    office.signer = before
    await office.open()
    await office.say(KZ_MIA, REQUEST, to=["kz.fma"])
    return caught.value.message


async def test_the_whole_succession_and_the_next_one(office: Office) -> None:
    await signing(office, None, NEW)
    await office.say(OPERATOR, succession())
    await signing(office, NEW)
    await office.say(KZ_MIA, REQUEST, to=["kz.fma"])
    await signing(office, NEW, THIRD)
    await office.say(OPERATOR, published(sign_succession(LOG_NAME, NEW, THIRD)))
    await signing(office, THIRD)
    await office.say(KZ_FMA, REQUEST, to=["kz.mia"])
    with reading(office.engine) as connection:
        head = read_head(connection)
        log = followed(connection, log_verifier())
    assert head is not None
    assert log.verify(head.note).size == head.size
    assert log.vkeys == (log_signer().vkey, *(LogSigner(LOG_NAME, k).vkey for k in (NEW, THIRD)))
    # Either of the keys may be the pinned one.
    assert LogVerifier(log.vkeys[1], log.successions).verify(head.note).size == head.size


async def test_a_key_with_which_the_hub_does_not_sign_is_not_published(office: Office) -> None:
    letter = office.mail.write(OPERATOR, succession())
    with pytest.raises(ExchangeError, match="signs already") as caught:
        await office.ledger.submit(*letter.call)
    assert caught.value.reason is Reason.OUT_OF_ORDER
    await signing(office, None, THIRD)
    with pytest.raises(ExchangeError, match="signs already"):
        await office.ledger.submit(*letter.call)


async def test_the_old_key_stays_until_its_successor_is_published(office: Office) -> None:
    await signing(office, None, NEW)
    await office.say(KZ_MIA, REQUEST, to=["kz.fma"])
    assert "no successor of it is published" in await refused(office, NEW)
    # Giving the successor up again is no harm: nobody was told of it.
    await signing(office, None)
    await office.say(KZ_MIA, REQUEST, to=["kz.fma"])
    await signing(office, None, THIRD)
    await office.say(KZ_MIA, REQUEST, to=["kz.fma"])


async def test_the_new_key_stays_once_it_is_published(office: Office) -> None:
    await signing(office, None, NEW)
    await office.say(OPERATOR, succession())
    new = LogSigner(LOG_NAME, NEW).vkey
    assert f"the log's key is {new}" in await refused(office, None)
    assert f"the log's key is {new}" in await refused(office, None, THIRD)
    assert "expected the database of the log" in await refused(office, THIRD)
