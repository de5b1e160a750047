"""Whatever agencies say and in whatever order: what the hub holds is what its log makes.

A random walk speaks at every turn as anyone, on anything. What the model refuses the hub refuses
for the same reason, what it accepts the hub accepts, and at the end (the `office` fixture) `fsck`
compares every row of the database with a replay of the log.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from exchange_protocol.errors import ExchangeError, NotFound, NotPermitted
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.catalogue import ROWS, Kind
from exchange_protocol.kinds.codes import Party, RefusalGround
from exchange_protocol.kinds.decision import Decision, Verdict
from exchange_protocol.kinds.spec import Stage
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Role
from tests.integration.ledger.conftest import Office
from tests.support.bodies import some_body
from tests.support.hub_data import Letter, caller
from tests.support.statements import (
    AUDITOR,
    CARICC,
    CENTRE_AUDITOR,
    COORDINATOR,
    KG_MIA,
    KZ_FMA,
    KZ_GPO,
    KZ_MIA,
    SECOND_COORDINATOR,
    UZ_FIU,
    member,
)

pytestmark = pytest.mark.long

SPEAKERS = (KZ_MIA, KZ_MIA, KZ_FMA, UZ_FIU, UZ_FIU, COORDINATOR, COORDINATOR, SECOND_COORDINATOR)
READERS = (*SPEAKERS, KZ_GPO, CARICC)
AUDITORS = (AUDITOR, CENTRE_AUDITOR, member("uz.fiu", Role.AUDITOR), member("kg.mia", Role.AUDITOR))
TURNS = 150

MEMBER_OF = {member.agency: member for member in (KZ_MIA, KZ_FMA, KZ_GPO, UZ_FIU, KG_MIA, CARICC)}

OTHER_BODIES: dict[Kind, Callable[[random.Random], Body]] = {
    Kind.DECISION: lambda r: r.choice(
        [
            Decision(Verdict.APPROVE),
            Decision(Verdict.APPROVE),
            Decision(Verdict.RETURN),
            Decision(Verdict.REJECT, RefusalGround.NO_DRUG_NEXUS),
        ]
    ),
}
CONTINUING = [kind for kind in Kind if kind.stage is Stage.CONTINUING]


@pytest.mark.parametrize("seed", range(3))
async def test_database_is_the_replay_of_whatever_was_said(office: Office, seed: int) -> None:
    walk = random.Random(seed)  # noqa: S311 -- a reproducible walk, no secret
    said: list[Statement] = []
    accepted = 0
    for _ in range(TURNS):
        if not said or walk.random() < 0.12:
            accepted += await _open(office, walk, said)
        elif walk.random() < 0.3:
            await _fetch(office, walk, said)
        elif walk.random() < 0.1:
            await _inspect(office, walk)
        else:
            accepted += await _continue(office, walk, said)
        if walk.random() < 0.03:
            await office.reopen()
    assert accepted > TURNS / 10, "the walk says too little to prove anything"


async def _open(office: Office, walk: random.Random, said: list[Statement]) -> bool:
    kind = walk.choice([kind for kind in Kind if kind.stage is Stage.INITIAL])
    legs = walk.sample(["kz.fma", "uz.fiu", "kg.mia", "caricc"], walk.choice([1, 1, 2]))
    author = walk.choice([KZ_MIA, KZ_MIA, UZ_FIU])
    return await _submit(office, said, office.mail.write(author, kind.body(), to=legs))


async def _continue(office: Office, walk: random.Random, said: list[Statement]) -> bool:
    on = walk.choice(said[-8:])
    exchange = office.mail.model.exchanges[on.exchange_id]
    leg = walk.choice(exchange.legs)
    author, kind = walk.choice(SPEAKERS), walk.choice(CONTINUING)
    rows = [each for each in ROWS if leg.state in each[1].before and each[0] is not Kind.CLOSE]
    if rows and walk.random() < 0.8:
        kind, row = walk.choice(rows)
        match row.party:
            case Party.INITIATOR:
                author = MEMBER_OF[exchange.initiator]
            case Party.RECIPIENT:
                author = MEMBER_OF[leg.agency]
            case Party.APPROVER:
                author = walk.choice([COORDINATOR, SECOND_COORDINATOR])
    body = OTHER_BODIES[kind](walk) if kind in OTHER_BODIES else some_body(kind, walk)
    is_recipient = author.agency == leg.agency and kind is not Kind.DECISION
    to = [] if is_recipient else [leg.agency]
    return await _submit(office, said, office.mail.write(author, body, to=to, on=on))


async def _submit(office: Office, said: list[Statement], letter: Letter) -> bool:
    office.mail.model.now = office.clock()
    expected = None
    try:
        office.mail.model.judge(letter.signed)
    except ExchangeError as error:
        expected = error.reason
    if expected is not None:
        with pytest.raises(ExchangeError) as refused:
            await office.ledger.submit(*letter.call)
        assert refused.value.reason is expected
        return False
    await office.post(letter)
    said.append(letter.statement)
    return True


async def _inspect(office: Office, walk: random.Random) -> None:
    """An auditor reads a page; `fsck` counts anew what it must have been shown."""
    auditor, size = walk.choice(AUDITORS), office.ledger.tree_size
    start = walk.randrange(size)
    page = await office.reader.openings(caller(auditor), start, walk.choice([3, 40, 1000]), size)
    if page.ruling is not None:
        await office.ledger.inspect(caller(auditor), start, page, size)


async def _fetch(office: Office, walk: random.Random, said: list[Statement]) -> None:
    statement, reader = walk.choice(said[-12:]), walk.choice(READERS)
    size = office.ledger.tree_size
    try:
        await office.ledger.deliver(caller(reader), statement.digest, "brief")
    except (NotFound, NotPermitted):
        return
    if office.ledger.tree_size > size:
        office.mail.fetched(reader, statement)
