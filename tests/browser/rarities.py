"""States of the console that its ordinary days do not bring, made on a real hub.

Files with hostile names, consents of every kind, a freeze, a joint case with tasks, a copy that was
withheld, an outbox with rows of every kind, denials, witnesses. `Rarities.make` makes them;
`PAGES` names the page of each, and as whom it is seen.

    EXCHANGE_PICTURES=OUT pytest tests/browser/test_rarities.py

takes a picture of each, light and dark, on a desktop and on a telephone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unittest import mock

from playwright.sync_api import Page

from agency_client import ExchangeClient, InformationRequest, Item, ReplyDocument, Sent
from agency_client.content import document_model, file_names, values
from agency_client.content.entity import Entity
from agency_client.witness.witness import Witness, init_witness
from exchange_protocol.errors import ExchangeError
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.spec import Stage
from tests.browser.conftest import (
    AUDITOR,
    COORDINATOR,
    OFFICER,
    PROSECUTOR,
    RECIPIENT,
)
from tests.support.deployment import COORDINATORS, Deployment
from tests.support.foundation import OFFICERS, Foundation
from tests.support.hub_process import PASSPHRASE, HubProcess

ABROAD: Final = "uz.fiu/system"
HOSTILE: Final = "Иванов\u202egpj.exe\u200b <img src=x onerror=alert(1)>"
"""A name with marks that turn the direction of writing, one that is not seen, and markup."""
HIDDEN: Final = "\u202e\u202d\u2066\u2069\u200b\u200f\ufeff\u00ad"
LONG_WORD: Final = "Қылмыстықкірістердізаңдастыруғақарсыісқимылбөлімшелеріарасындағы" * 2
LONG_TEXT: Final = "\n\n".join(
    " ".join(["Вымышленный абзац о движении средств, который никак не кончается."] * 9)
    for _ in range(14)
)
_NOBODY: Final = 1
"""A port at which no hub listens."""
WITNESS: Final = "witness.example/<b>centre"

PAGES: Final[Mapping[str, tuple[str, str]]] = {
    "files-received": (OFFICER, "/exchange/{files}"),
    "files-red": (OFFICER, "/exchange/{red}"),
    "flows": (OFFICER, "/exchange/{files}/flows/{reply}"),
    "table-payments": (OFFICER, "/exchange/{files}/table/{reply}/payments"),
    "table-entities": (OFFICER, "/exchange/{files}/table/{reply}/entities"),
    "files-given": (RECIPIENT, "/exchange/{files}"),
    "long": (RECIPIENT, "/exchange/{long}"),
    "long-reply": (RECIPIENT, "/exchange/{long}/reply"),
    "consents-asker": (OFFICER, "/exchange/{consents}"),
    "consents-giver": (RECIPIENT, "/exchange/{consents}"),
    "consent-form": (RECIPIENT, "/exchange/{consents}/grant_consent_partly"),
    "consent-refusal": (RECIPIENT, "/exchange/{consents}/refuse_consent"),
    "consent-revoked": (RECIPIENT, "/exchange/{consents}/revoke_consent"),
    "consent-asked": (OFFICER, "/exchange/{consents}/ask_consent"),
    "referral-on-consent": (OFFICER, "/new/refer"),
    "freeze-asker": (OFFICER, "/exchange/{freeze}"),
    "freeze-holder": (ABROAD, "/exchange/{freeze}"),
    "freeze-extend": (ABROAD, "/exchange/{freeze}/extend_freeze"),
    "freeze-convert": (ABROAD, "/exchange/{freeze}/convert_freeze"),
    "joint-lead": (OFFICER, "/exchange/{joint}"),
    "joint-member": (RECIPIENT, "/exchange/{joint}"),
    "joint-task": (OFFICER, "/exchange/{joint}/give_task"),
    "joint-complete": (RECIPIENT, "/exchange/{joint}/complete_task"),
    "joint-invite": (OFFICER, "/exchange/{joint}/invite"),
    "held-two": (COORDINATOR, "/queue/{supplemented}"),
    "held-approve": (COORDINATOR, "/queue/{supplemented}/approve"),
    "queue": (COORDINATOR, "/queue"),
    "withheld-copy": (PROSECUTOR, "/exchange/{withheld}"),
    "withheld-own": (OFFICER, "/exchange/{withheld}"),
    "prosecutor-list": (PROSECUTOR, "/supervised"),
    "work": (OFFICER, "/work"),
    "work-recipient": (RECIPIENT, "/work"),
    "due": (OFFICER, "/due"),
    "sent": (OFFICER, "/sent"),
    "holdings": (OFFICER, "/holdings"),
    "matches": (OFFICER, "/exchange/{files}/matches"),
    "directory": (OFFICER, "/directory"),
    "agency": (OFFICER, "/directory/kz.fma"),
    "outbox": (OFFICERS[1], "/outbox"),
    "withdraw": (OFFICERS[1], "/outbox/{waiting}/withdraw"),
    "away-work": (OFFICERS[1], "/work"),
    "away-sent": (OFFICERS[1], "/sent?late=1"),
    "away-exchange": (OFFICERS[1], "/exchange/{files}"),
    "away-form": (OFFICERS[1], "/exchange/{files}/feedback"),
    "away-due": (OFFICERS[1], "/due"),
    "audit": (AUDITOR, "/audit"),
    "log-denials": (AUDITOR, "/log?event=DENIAL"),
    "log-inspections": (AUDITOR, "/log?event=INSPECTION"),
    "log": (AUDITOR, "/log"),
}
"""The page of each state: who sees it, and its address."""


@dataclass
class Rarities:
    """A hub with all of them."""

    town: Deployment
    hub: HubProcess
    witness_key: Path
    found: dict[str, str] = field(default_factory=dict)
    """The exchange of each, by the name that addresses have for it."""
    stack: ExitStack = field(default_factory=ExitStack)

    def client(self, member: str) -> ExchangeClient:
        """A client of a member, until the end."""
        return self.stack.enter_context(self.town.client(member))

    def make(self) -> None:
        """Make all of them."""
        self._directory()
        self._files()
        self._holdings()
        self._consents()
        self._freeze()
        self._joint_case()
        self._held()
        self._withheld()
        self._denials()
        self._outbox()
        self._witnessed()

    def _ask(self, *to: str, by: str = OFFICER, **terms: Any) -> str:
        given: dict[str, Any] = {
            "brief": {"summary": "Вымышленное дело", "drug_nexus": "Доходы от сбыта."},
            "own_reference": "12/345",
            "request": InformationRequest(items=(Item.TRANSACTIONS, Item.STR), facts="Факты"),
            "subjects": [_person("p", "Вымышленный Пример")],
            "due": "7d",
        }
        sent = self.client(by).request_information(to=to, **(given | terms))
        assert isinstance(sent, Sent)
        return sent.exchange_id

    def _files(self) -> None:
        fiu = self.client(RECIPIENT)
        for name, tlp in (("files", "AMBER"), ("red", "RED")):
            exchange = self.found[name] = self._ask("kz.fma", tlp=tlp)
            with _hidden_allowed():
                fiu.reply(
                    fiu.open(exchange),
                    brief={"summary": HOSTILE},
                    document=ReplyDocument(text=HOSTILE),
                    entities=[_person("h", HOSTILE), *_payments()],
                    attachments=_attachments(),
                    tlp=tlp,
                )
        with self.town.client(OFFICER) as mia:
            self.found["reply"] = str(mia.get(self.found["files"]).statements[-1].index)
        self.found["long"] = self._ask(
            "kz.fma",
            brief={"summary": LONG_TEXT[:3500], "reasons": LONG_WORD},
            own_reference=LONG_WORD[:60],
            subjects=[_person("p", LONG_WORD)],
        )
        fiu.open(self.found["long"])

    def _directory(self) -> None:
        self.client(RECIPIENT).publish_acceptance(
            kinds=[kind.value for kind in Kind if kind.stage is Stage.INITIAL],
            languages=["RU", "KK"],
            max_part_bytes=104_857_600,
            hours="Пн-Пт 09:00-18:30, обед 13:00-14:30; в праздники только дежурный по телефону",
            duty_contact=LONG_WORD[:120],
        )

    def _holdings(self) -> None:
        holdings = self.client(OFFICER).holdings
        for number, name in (("own", HOSTILE), (LONG_WORD[:60], LONG_WORD)):
            own = Entity(id=number, schema="Person", properties={"name": [name]})
            holdings.import_entities(f"Вымышленный учёт {LONG_WORD[:60]} {number[:3]}", [own])

    def _consents(self) -> None:
        mia, fiu = self.client(OFFICER), self.client(RECIPIENT)
        exchange = self.found["consents"] = self._ask("kz.fma")
        fiu.reply(fiu.open(exchange), brief="Ответ (вымышлено)", handling="H2")
        answer = mia.open(exchange).statements[-1].statement.digest
        asked = []
        for authority in ("kz.gpo", "uz.fiu", "kg.mia", "caricc"):
            why = f"Для дела в {authority}. {HOSTILE if authority == 'caricc' else ''}"
            with _hidden_allowed():
                mia.ask_consent(exchange, answer, authority, "PROSECUTION", reason=why)
            asked.append(mia.open(exchange).statements[-1].statement.digest)
        week = (datetime.now(UTC) + timedelta(days=7)).isoformat()
        fiu.grant_consent(exchange, asked[0], week)
        fiu.revoke_consent(exchange, asked[0], reason="Обстоятельства изменились (вымышлено)")
        fiu.grant_consent_partly(exchange, asked[1], week, "ANALYSIS", note="Только для анализа")
        fiu.refuse_consent(exchange, asked[2], "out-of-scope", explanation="Вне закона")

    def _freeze(self) -> None:
        mia, abroad = self.client(OFFICER), self.client(ABROAD)
        sent = mia.request_freeze(to=["uz.fiu"], brief="Заморозить счёт (вымышлено)")
        assert isinstance(sent, Sent)
        exchange = self.found["freeze"] = sent.exchange_id
        for each in COORDINATORS:
            coordinator = self.client(each)
            coordinator.approve(coordinator.open(exchange))
        abroad.open(exchange)
        abroad.impose_freeze(exchange, due="2d", amount=5_000_000, currency="UZS", note=LONG_WORD)

    def _joint_case(self) -> None:
        mia, fiu = self.client(OFFICER), self.client(RECIPIENT)
        sent = mia.open_joint_case(to=["kz.fma", "uz.fiu"], brief="Совместное дело (вымышлено)")
        assert isinstance(sent, Sent)
        case = self.found["joint"] = sent.exchange_id
        fiu.open(case)
        fiu.join(case, note="Вступаем (вымышлено)")
        mia.give_task(case, assignee="kz.fma", description="Проверить счета", due="3d")
        mia.contribute(case, brief="Материалы (вымышлено)", attachments={"дело.pdf": b"%PDF-1"})

    def _held(self) -> None:
        exchange = self.found["supplemented"] = self._ask("uz.fiu", handling="H2", due="2d")
        coordinator, mia = self.client(COORDINATORS[1]), self.client(OFFICER)
        coordinator.approve(coordinator.open(exchange))
        first = self.client(COORDINATOR)
        with _hidden_allowed():
            first.return_to_author(first.open(exchange), question=f"Кто такой {HOSTILE}?")
            mia.supplement(mia.open(exchange), brief={"summary": HOSTILE})
        urgent = {"summary": "Вымышленное", "urgency_reason": "Счёт будет закрыт"}
        self._ask("kg.mia", urgency="URGENT", due="1d", brief=urgent)
        self._ask("uz.fiu", "kg.mia")

    def _withheld(self) -> None:
        ground = {"withheld_from": ["kz.gpo"], "withholding_ground": "ENDANGERS_INVESTIGATION"}
        exchange = self.found["withheld"] = self._ask("kz.fma", by=OFFICERS[0], **ground)
        fiu = self.client(RECIPIENT)
        fiu.reply(fiu.open(exchange), brief="Ответ (вымышлено)")

    def _denials(self) -> None:
        stranger = self.client("kg.mia/system")
        for name in ("withheld", "files"):
            _refused(lambda name=name: stranger.get(self.found[name]))
        _refused(lambda: self._ask("kz.mia"))
        _refused(lambda: self._ask("kz.fma", legal_basis="x" * 400))

    def _outbox(self) -> None:
        """Leave what the hub refused, what waits, and a hub that is away, for `OFFICERS[1]`."""
        with self.town.client(OFFICERS[1]) as online:
            exchange = self._ask("kz.fma", by=OFFICERS[1])
            opened, later = online.open(exchange), online.open(self._ask("kz.fma"))
        self.town.point_to(_NOBODY, OFFICERS[1])
        with self.town.client(OFFICERS[1]) as offline:
            offline.recall(opened, reason="Ошибка (вымышлено)")
        mia = self.client(OFFICER)
        mia.recall(mia.open(exchange), reason="Ошибка (вымышлено)")
        self.town.point_to(self.hub.port, OFFICERS[1])
        with self.town.client(OFFICERS[1]) as online:
            online.flush_outbox()
            assert online.outbox.refused()
        self.town.point_to(_NOBODY, OFFICERS[1])
        with self.town.client(OFFICERS[1]) as offline:
            offline.recall(later, reason="Ошибка (вымышлено)")
            self._ask_of(offline)
            self.found["waiting"] = offline.outbox.waiting()[-1]

    def _ask_of(self, client: ExchangeClient) -> None:
        client.request_information(
            to=["kz.fma", "kg.mia"],
            brief={"summary": HOSTILE.replace("\u202e", "").replace("\u200b", "")},
            request=InformationRequest(items=(Item.STR,)),
        )

    def _witnessed(self) -> None:
        with self.town.client(AUDITOR) as auditor:
            own = Witness.load(
                self.witness_key, PASSPHRASE, auditor.profile.log_keys, lambda: datetime.now(UTC)
            )
            own.run_once(auditor)


def _person(number: str, name: str) -> dict[str, Any]:
    return {"id": number, "schema": "Person", "properties": {"name": [name]}}


def _payments() -> list[dict[str, Any]]:
    names = ["Вымышленная торговая компания с очень длинным названием", "Счёт 2", LONG_WORD, "B"]
    accounts = [
        {"id": f"a{number}", "schema": "BankAccount", "properties": {"name": [name]}}
        for number, name in enumerate(names)
    ]
    pairs = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 0), (0, 3), (1, 2)]
    payments = [
        {
            "id": f"p{number}",
            "schema": "Payment",
            "properties": {
                "payerAccount": [f"a{payer}"],
                "beneficiaryAccount": [f"a{payee}"],
                "amount": [str(1000 * (number + 1))],
                "date": ["2025-01-02"],
                **({"currency": ["KZT"]} if number else {}),
            },
        }
        for number, (payer, payee) in enumerate(pairs)
    ]
    return [*accounts, *payments]


def _attachments() -> dict[str, bytes]:
    return {
        "выписка\u202efdp.exe": b"MZ",
        "a\u200b.pdf": b"%PDF-1",
        f"{LONG_WORD[:90]}.bin": b"x" * 2_000_000,
        "<img src=x onerror=alert(1)>.html": b"<script>alert(1)</script>",
        "таблица.csv": b"a,b\n=1+1,2\n",
    }


@contextmanager
def _hidden_allowed() -> Iterator[None]:
    """Our own library refuses to send what is not seen; another agency's need not."""
    with ExitStack() as stack:
        for module in (document_model, file_names, values):
            stack.enter_context(mock.patch.object(module, "find_hidden", return_value=None))
        yield


def _refused(action: Any) -> None:
    try:
        action()
    except ExchangeError:
        return
    raise AssertionError("expected a refusal")


def require_witness(town: Deployment, key: Path, member: str) -> str:
    """Let a member's profile rely on a witness whose key is made here; gives its public key."""
    vkey = init_witness(key, WITNESS, PASSPHRASE)
    with (town.profile(member) / "profile.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[witnesses]\nrequired = 1\nkeys = ["{vkey}"]\n')
    return vkey


@contextmanager
def rare_town(foundation: Foundation, folder: Path) -> Iterator[Rarities]:
    """A hub with all rarities."""
    town = foundation.copy(folder)
    key = folder / "witness.key"
    vkey = require_witness(town, key, AUDITOR)
    # No witness knows this log yet.
    known = {"EXCHANGE_LOG_WITNESSES": vkey, "EXCHANGE_LOG_WITNESSES_AT_START": "0"}
    with HubProcess(town.files, known) as hub:
        town.point_to(hub.port)
        rarities = Rarities(town, hub, key)
        with rarities.stack:
            rarities.make()
            yield rarities


def settle(page: Page) -> None:
    """Wait until the exchange of a page is opened."""
    while page.locator("main progress:visible").count():
        page.wait_for_timeout(200)
