"""A policy that comes into force puts a leg before other approvers: they see what it is about."""

from __future__ import annotations

from sqlalchemy import Engine, and_, delete

from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.rules.statements import Statement
from exchange_server.ledger.fsck import fsck
from exchange_server.storage import tables
from exchange_server.storage.engine import writing
from tests.integration.ledger.conftest import Office
from tests.support.changing_directories import POLICIES
from tests.support.hub_data import log_verifier
from tests.support.statements import COORDINATOR, KG_MIA, KZ_GPO


async def changed(office: Office) -> tuple[Statement, Statement]:
    """A request that a coordinator returned, and its supplement, which a prosecutor decides."""
    asked = await office.say(KG_MIA, Kind.INFORMATION_REQUEST.body(), to=["uz.fiu"])
    await office.say(COORDINATOR, Decision(Verdict.RETURN), to=["uz.fiu"], on=asked)
    await office.change_policy(POLICIES["prosecutors decide"])
    return asked, await office.say(KG_MIA, Kind.SUPPLEMENT.body(), to=["uz.fiu"], on=asked)


async def test_new_approver_is_shown_the_initial_statement(office: Office) -> None:
    asked, said = await changed(office)
    _, page, _ = await office.reader.exchange(KZ_GPO.agency, asked.exchange_id)
    shown = [each.opening.statement for each in page.entries]
    assert {asked.digest, said.digest} <= {each.digest for each in shown if each is not None}


async def test_database_of_a_hub_that_did_not_show_it_is_whole(engine: Engine) -> None:
    """The version before did not; nothing else may be missing from the feed."""
    office = Office(engine)
    await office.open()
    await office.found()
    await changed(office)
    await office.close()
    feed = tables.feed.c
    shown_anew = and_(feed.agency == KZ_GPO.agency, feed.position != feed.entry_index)
    with writing(office.engine) as connection:
        assert connection.execute(delete(tables.feed).where(shown_anew)).rowcount == 1
    assert fsck(office.engine, office.mail.cast.anchors, log_verifier()).is_clean
    with writing(office.engine) as connection:
        connection.execute(delete(tables.feed).where(feed.agency == "caricc"))
    assert not fsck(office.engine, office.mail.cast.anchors, log_verifier()).is_clean
