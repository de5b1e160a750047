"""Requests for certificates: 28 callers ask and answer, and the policy decides on each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.analysis_product import AnalysisProduct
from exchange_protocol.kinds.answer_test import AnswerTest
from exchange_protocol.kinds.bodies import Body
from exchange_protocol.kinds.certificate_answer import CertificateAnswer
from exchange_protocol.kinds.certificate_request import CertificateRequest
from exchange_protocol.rules.statements import Statement
from exchange_protocol.trust.identity import Member, Role
from tests.support.statements import CARICC, KZ_MIA, MEMBERS, Hub, fictional_cast, member

OK = "OK"
AGENCIES = ("kz.mia", "kz.fma", "uz.fiu", "caricc")
CALLERS = tuple(member(agency, role, "table") for agency in AGENCIES for role in Role)
SAYING = (Role.SYSTEM, Role.OFFICER)


@pytest.fixture(scope="module")
def hub() -> Hub:
    cast = fictional_cast()
    signers = cast.signers | {who: cast.issue(who) for who in CALLERS}
    return Hub(replace(cast, signers=signers), members=(*MEMBERS, *CALLERS))


def said(
    hub: Hub, author: Member, body: Body, to: tuple[str, ...] = (), on: Statement | None = None
) -> str:
    """The reason for which a statement is refused."""
    try:
        hub.say(author, body, to=to, on=on)
    except ExchangeError as error:
        return error.reason.name
    return OK


@pytest.mark.parametrize("caller", CALLERS, ids=str)
def test_systems_and_officers_ask_the_centre_alone(hub: Hub, caller: Member) -> None:
    at_centre = said(hub, caller, CertificateRequest(), to=("caricc",))
    elsewhere = said(hub, caller, CertificateRequest(), to=("kg.mia",))
    assert (at_centre == OK) is (caller.agency != "caricc" and caller.role in SAYING)
    assert elsewhere != OK


@pytest.mark.parametrize("caller", CALLERS, ids=str)
def test_systems_and_officers_of_the_centre_alone_answer(hub: Hub, caller: Member) -> None:
    asked = hub.say(KZ_MIA, CertificateRequest(), to=["caricc"])
    hub.deliver(CARICC, asked)
    answer = said(hub, caller, CertificateAnswer(), on=asked)
    assert (answer == OK) is (caller.agency == "caricc" and caller.role in SAYING)


def test_request_reaches_the_centre_at_once_and_has_no_supervisor(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, CertificateRequest(), to=["caricc"])
    assert asked.supervisors == ()
    assert hub.leg(asked, "caricc").approvals_required == 0


def test_nothing_else_answers_it(hub: Hub) -> None:
    asked = hub.say(KZ_MIA, CertificateRequest(), to=["caricc"])
    hub.deliver(CARICC, asked)
    for other in (AnswerTest(), AnalysisProduct()):
        assert said(hub, CARICC, other, on=asked) == "OUT_OF_ORDER"
