"""The words of the account, in English and Russian.

A kind or state that is not here yet is shown by its code, so that a new kind needs no word first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agency_client.views import Standing

_CODES: Final = {
    "information_request": ("request for information", "запрос информации"),
    "referral": ("referral", "передача материалов"),
    "analysis_request": ("request for analysis", "запрос анализа"),
    "acknowledge": ("acknowledgement", "подтверждение получения"),
    "return_for_information": ("return for more information", "возврат для уточнения"),
    "supplement": ("supplement", "дополнение"),
    "interim_reply": ("interim reply", "промежуточный ответ"),
    "partial_reply": ("partial reply", "частичный ответ"),
    "reply": ("reply", "ответ"),
    "refuse": ("refusal", "отказ"),
    "analysis_product": ("product of analysis", "аналитический продукт"),
    "decision": ("decision", "решение"),
    "recall": ("recall", "отзыв"),
    "feedback": ("feedback", "отзыв о пользе сведений"),
    "close": ("close", "закрытие"),
    "erase_notice": ("notice to erase the content", "уведомление об уничтожении содержания"),
    "DELIVERY": ("given to the reader", "выдано читателю"),
    "DENIAL": ("refused by the hub", "отклонено узлом"),
    "APPROVE": ("approved", "одобрено"),
    "REJECT": ("rejected", "отклонено"),
    "RETURN": ("returned", "возвращено"),
    "HELD": ("held", "задержано до одобрения"),
    "RETURNED": ("returned", "возвращено"),
    "REJECTED": ("rejected", "отклонено"),
    "RELEASED": ("released", "допущено"),
    "DELIVERED": ("delivered", "вручено"),
    "ACKNOWLEDGED": ("acknowledged", "получение подтверждено"),
    "ANSWERED": ("answered", "отвечено"),
    "REFUSED": ("refused", "отказано"),
    "RECALLED": ("recalled", "отозвано"),
    "CLOSED": ("closed", "закрыто"),
    "ERASED": ("closed, content erased", "закрыто, содержание уничтожено"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """One language of the account."""

    tag: str
    title: str
    lead: str
    facts: tuple[str, ...]
    """Exchange, exporter, exported at, software, log, tree, seen as, policies."""
    claim: str
    timeline: str
    columns: tuple[str, ...]
    signed: str
    recorded: str
    bodies: str
    body_columns: tuple[str, ...]
    disclosed: str
    nothing_disclosed: str
    disclosed_columns: tuple[str, ...]
    proved: str
    proved_columns: tuple[str, ...]
    proofs: tuple[tuple[str, str, str], ...]
    unproved: str
    limits: tuple[str, ...]
    standings: dict[Standing, str]

    def say(self, code: str) -> str:
        """A code in this language."""
        pair = _CODES.get(code)
        if pair is None:
            return code.replace("_", " ")
        return pair[self.tag == "ru"]


ENGLISH: Final = Words(
    tag="en",
    title="Account of an exchange",
    lead=(
        "This page is for reading. It proves nothing by itself: everything on it follows from the "
        "files beside it, which a verifier checks against a root certificate and a log key from a "
        "trusted place. If verification fails, do not rely on this page."
    ),
    facts=(
        "Exchange",
        "Exported by",
        "Exported at",
        "Software",
        "Log",
        "Checkpoint",
        "The exporter saw it as",
        "Policies on the log (SHA-256)",
    ),
    claim="as the exporter says",
    timeline="What happened",
    columns=("Entry", "Hub's time (UTC)", "Who", "What", "Legs", "Rules cited", "Proved by"),
    signed="author's signature; log",
    recorded="log (the hub's record)",
    bodies="Bodies in the directory",
    body_columns=("Id", "Name", "Country", "Enrolled at entry"),
    disclosed="Disclosed content",
    nothing_disclosed="None: content stays sealed in this bundle.",
    disclosed_columns=("Entry", "Part", "File"),
    proved="What is proved, and by whom",
    proved_columns=("Fact", "Proved by", "Who would have to cheat"),
    proofs=(
        (
            "A body said exactly these words",
            "its signature over pae.bin, under a certificate that leads to the root",
            "the body itself, a thief of its key, or the root authority",
        ),
        (
            "The statement was on the log, at this place",
            "entry, nonce and audit path, which lead to the root of the signed checkpoint",
            "nobody can: it would take another checkpoint signed by the log's key",
        ),
        (
            "When",
            "the hub's time in the entry; entries before and after stand in order",
            "the hub, which keeps the clock; the author's own time is in the statement",
        ),
        (
            "A cross-border request was permitted",
            "the coordinator's own signature on a decision that names the request's digest",
            "the coordinator, or a thief of its key",
        ),
        (
            "Under which rules",
            "the digest of the policy in the entry, and the operator's signature on its text",
            "the operator, visibly to all",
        ),
        (
            "Who was given what",
            "a delivery entry, written before the bytes left",
            "the hub: a delivery is its record, not the reader's signature",
        ),
        (
            "What a disclosed part said",
            "its SHA-256 in the signed statement, and the content key that it commits to",
            "nobody but its author",
        ),
    ),
    unproved="What is not proved",
    limits=(
        "That the exporter was shown everything, or that a statement is true.",
        "That the log showed others the same history: compare checkpoints with other bodies.",
        "What a sealed part says, unless it is disclosed here.",
    ),
    standings={
        Standing.INITIATOR: "initiator: the whole exchange was replayed by the rules",
        Standing.RECIPIENT: "recipient: its own leg was replayed by the rules",
        Standing.APPROVER: "approver: each statement was judged as it stood",
        Standing.SUPERVISOR: "supervisor: signatures were checked, the rules were not replayed",
    },
)

RUSSIAN: Final = Words(
    tag="ru",
    title="Изложение обмена",
    lead=(
        "Эта страница предназначена для чтения и сама ничего не доказывает: всё, что на ней "
        "изложено, следует из приложенных файлов. Их проверяют по корневому сертификату и ключу "
        "журнала, взятым из надёжного источника. Если проверка не пройдена, полагаться на "
        "страницу нельзя."
    ),
    facts=(
        "Обмен",
        "Выгрузил",
        "Время выгрузки",
        "Программа",
        "Журнал",
        "Контрольная точка",
        "Выгрузивший видел обмен как",
        "Политики в журнале (SHA-256)",
    ),
    claim="со слов выгрузившего",
    timeline="Что произошло",
    columns=(
        "Запись",
        "Время узла (UTC)",
        "Кто",
        "Что",
        "Линии обмена",
        "Применённые правила",
        "Чем доказано",
    ),
    signed="подпись автора; журнал",
    recorded="журнал (запись узла)",
    bodies="Органы в справочнике",
    body_columns=("Код", "Наименование", "Страна", "Внесён записью"),
    disclosed="Раскрытое содержание",
    nothing_disclosed="Нет: содержание остаётся зашифрованным.",
    disclosed_columns=("Запись", "Часть", "Файл"),
    proved="Что доказано и кем",
    proved_columns=("Факт", "Чем доказан", "Кто должен был бы обмануть"),
    proofs=(
        (
            "Орган заявил именно это",
            "его подпись под pae.bin и сертификат, ведущий к корневому",
            "сам орган, похититель его ключа или корневой центр",
        ),
        (
            "Заявление внесено в журнал, на этом месте",
            "запись, случайное число и путь хешей к корню подписанной контрольной точки",
            "никто: понадобилась бы другая контрольная точка, подписанная ключом журнала",
        ),
        (
            "Когда",
            "время узла в записи; записи до и после стоят по порядку",
            "узел, который ведёт часы; время автора указано в самом заявлении",
        ),
        (
            "Трансграничный запрос разрешён",
            "собственная подпись координатора под решением, где указан хеш запроса",
            "координатор или похититель его ключа",
        ),
        (
            "По каким правилам",
            "хеш политики в записи и подпись оператора под её текстом",
            "оператор, на виду у всех",
        ),
        (
            "Кому что выдано",
            "запись о выдаче, сделанная до передачи данных",
            "узел: выдача — его запись, а не подпись получателя",
        ),
        (
            "Что содержала раскрытая часть",
            "её SHA-256 в подписанном заявлении и ключ содержания, к которому она привязана",
            "только её автор",
        ),
    ),
    unproved="Что не доказано",
    limits=(
        "Что выгрузившему показано всё и что заявления правдивы.",
        "Что журнал показывал другим ту же историю: контрольные точки сверяют с другими органами.",
        "Что содержит зашифрованная часть, если она здесь не раскрыта.",
    ),
    standings={
        Standing.INITIATOR: "инициатор: весь обмен пересчитан по правилам",
        Standing.RECIPIENT: "получатель: его линия пересчитана по правилам",
        Standing.APPROVER: "одобряющий орган: каждое заявление оценено в его состоянии",
        Standing.SUPERVISOR: "надзорный орган: проверены подписи, правила не пересчитаны",
    },
)
