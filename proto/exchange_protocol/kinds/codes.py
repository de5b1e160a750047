"""The field's code lists, with the numbers of the wire contract.

Every value here is a code that the hub may read; what needs words is in the sealed parts. Each
enumeration has a twin in `statement.proto` with the same members (an architecture test compares
them); a value outside the list is refused at the edge, never passed on.
"""

from __future__ import annotations

from exchange_protocol.v1 import log_pb2
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code, NamedCode


class Party(NamedCode):
    """The part that an agency has in an exchange, or on one of its legs."""

    INITIATOR = "initiator", "initiator", "инициатор", "бастамашы"
    RECIPIENT = "recipient", "recipient", "получатель", "алушы"
    APPROVER = "approver", "approver", "одобряющий орган", "мақұлдаушы орган"
    SUPERVISOR = "supervisor", "supervisor", "надзирающий орган", "қадағалаушы орган"

    @property
    def number(self) -> pb.Party.ValueType:
        """The number on the wire and in the tables."""
        return pb.Party.Value(f"PARTY_{self.name}")


class ReaderRole(NamedCode):
    """Roles in which a reader holds a key to a part; the text is bound into the seal."""

    AUTHOR = "author", "author", "автор", "автор"
    RECIPIENT = "recipient", "recipient", "получатель", "алушы"
    APPROVER = "approver", "approver", "одобряющий орган", "мақұлдаушы орган"
    SUPERVISOR = "supervisor", "supervisor", "надзирающий орган", "қадағалаушы орган"

    @property
    def number(self) -> pb.ReaderRole.ValueType:
        return pb.ReaderRole.Value(f"READER_ROLE_{self.name}")


PARTIES = {party.number: party for party in Party}
READER_ROLES = {role.number: role for role in ReaderRole}


class LegState(Code):
    """States of one recipient's side of an exchange."""

    HELD = log_pb2.LEG_STATE_HELD, "held for approval", "ожидает одобрения", "мақұлдауды күтуде"
    RETURNED = (
        log_pb2.LEG_STATE_RETURNED,
        "returned for more information",
        "возвращено для уточнения",
        "нақтылауға қайтарылды",
    )
    REJECTED = log_pb2.LEG_STATE_REJECTED, "rejected", "отклонено", "қабылданбады"
    RELEASED = (
        log_pb2.LEG_STATE_RELEASED,
        "released to the recipient",
        "разрешено к выдаче",
        "алушыға беруге рұқсат етілді",
    )
    DELIVERED = log_pb2.LEG_STATE_DELIVERED, "delivered", "выдано", "берілді"
    ACKNOWLEDGED = (
        log_pb2.LEG_STATE_ACKNOWLEDGED,
        "receipt acknowledged",
        "получение подтверждено",
        "алғаны расталды",
    )
    ANSWERED = log_pb2.LEG_STATE_ANSWERED, "answered", "ответ дан", "жауап берілді"
    REFUSED = log_pb2.LEG_STATE_REFUSED, "refused", "отказано", "бас тартылды"
    RECALLED = log_pb2.LEG_STATE_RECALLED, "recalled", "отозвано", "кері қайтарылды"
    CLOSED = log_pb2.LEG_STATE_CLOSED, "closed", "закрыто", "жабылды"
    ERASED = (
        log_pb2.LEG_STATE_ERASED,
        "closed, content erased",
        "закрыто, содержание уничтожено",
        "жабылды, мазмұны жойылды",
    )
    FROZEN = log_pb2.LEG_STATE_FROZEN, "assets frozen", "активы заморожены", "активтер қатырылды"
    JOINED = log_pb2.LEG_STATE_JOINED, "active member", "участвует в деле", "іске қатысушы"
    LEFT = log_pb2.LEG_STATE_LEFT, "former member", "вышел из дела", "істен шықты"


MAX_AMOUNT = 10**15
"""Largest amount in a body, in whole units of its currency."""


class WithholdingGround(Code):
    """Grounds on which the copy for a supervisor is withheld (docs/rules.md#p9)."""

    ENDANGERS_INVESTIGATION = (
        pb.WITHHOLDING_GROUND_ENDANGERS_INVESTIGATION,
        "it would endanger the investigation",
        "поставит под угрозу расследование",
        "тергеуге қауіп төндіреді",
    )
    PROTECTS_SOURCE = (
        pb.WITHHOLDING_GROUND_PROTECTS_SOURCE,
        "it would reveal a protected source",
        "раскроет защищаемый источник",
        "қорғалатын дереккөзді ашады",
    )
    CONCERNS_SUPERVISOR = (
        pb.WITHHOLDING_GROUND_CONCERNS_SUPERVISOR,
        "it concerns staff of the supervisor",
        "касается работников надзирающего органа",
        "қадағалаушы орган қызметкерлеріне қатысты",
    )
    ORDERED = (
        pb.WITHHOLDING_GROUND_ORDERED,
        "a court ordered it",
        "по решению суда",
        "сот шешімі бойынша",
    )


class Currency(Code):
    """Currencies of the region and of its trade (ISO 4217); amounts are in whole units."""

    KZT = pb.CURRENCY_KZT, "KZT", "KZT", "KZT"
    UZS = pb.CURRENCY_UZS, "UZS", "UZS", "UZS"
    KGS = pb.CURRENCY_KGS, "KGS", "KGS", "KGS"
    TJS = pb.CURRENCY_TJS, "TJS", "TJS", "TJS"
    TMT = pb.CURRENCY_TMT, "TMT", "TMT", "TMT"
    AZN = pb.CURRENCY_AZN, "AZN", "AZN", "AZN"
    RUB = pb.CURRENCY_RUB, "RUB", "RUB", "RUB"
    USD = pb.CURRENCY_USD, "USD", "USD", "USD"
    EUR = pb.CURRENCY_EUR, "EUR", "EUR", "EUR"
    CNY = pb.CURRENCY_CNY, "CNY", "CNY", "CNY"
    AED = pb.CURRENCY_AED, "AED", "AED", "AED"
    TRY = pb.CURRENCY_TRY, "TRY", "TRY", "TRY"
    OTHER = (
        pb.CURRENCY_OTHER,
        "another currency, by its worth in US dollars",
        "иная валюта, по стоимости в долларах США",
        "өзге валюта, АҚШ долларындағы құнымен",
    )


class TimeLimitRule(Code):
    """Rules whose times are published on the log (docs/rules.md, section Clocks)."""

    FREEZE = (
        pb.TIME_LIMIT_RULE_FREEZE,
        "time of a freeze",
        "срок замораживания",
        "қатыру мерзімі",
    )
    DECISION = (
        pb.TIME_LIMIT_RULE_DECISION,
        "decision at the gate",
        "решение о выдаче",
        "беру туралы шешім",
    )
    URGENT_DECISION = (
        pb.TIME_LIMIT_RULE_URGENT_DECISION,
        "decision at the gate, urgent",
        "решение о выдаче, срочно",
        "беру туралы шешім, шұғыл",
    )
    ACKNOWLEDGEMENT = (
        pb.TIME_LIMIT_RULE_ACKNOWLEDGEMENT,
        "acknowledgement",
        "подтверждение получения",
        "алғанын растау",
    )
    REPLY = pb.TIME_LIMIT_RULE_REPLY, "answer", "ответ", "жауап"
    URGENT_REPLY = (
        pb.TIME_LIMIT_RULE_URGENT_REPLY,
        "urgent answer",
        "срочный ответ",
        "шұғыл жауап",
    )
    REPLY_AT_HAND = (
        pb.TIME_LIMIT_RULE_REPLY_AT_HAND,
        "answer with information at hand",
        "ответ по имеющимся сведениям",
        "қолда бар мәлімет бойынша жауап",
    )
    URGENT_REPLY_AT_HAND = (
        pb.TIME_LIMIT_RULE_URGENT_REPLY_AT_HAND,
        "urgent answer with information at hand",
        "срочный ответ по имеющимся сведениям",
        "қолда бар мәлімет бойынша шұғыл жауап",
    )
    URGENT_REPLY_INDIRECT = (
        pb.TIME_LIMIT_RULE_URGENT_REPLY_INDIRECT,
        "urgent answer after asking others",
        "срочный ответ после запроса у других",
        "басқалардан сұратқаннан кейінгі шұғыл жауап",
    )
    FEEDBACK = pb.TIME_LIMIT_RULE_FEEDBACK, "feedback", "отзыв", "кері байланыс"
    RETENTION = (
        pb.TIME_LIMIT_RULE_RETENTION,
        "retention of the content",
        "срок хранения содержания",
        "мазмұнды сақтау мерзімі",
    )


class Handling(Code):
    """Europol handling codes (Council doc. 6243/18)."""

    H0 = (
        pb.HANDLING_H0,
        "H0: only to prevent and combat crime",
        "H0: только для предупреждения и пресечения преступлений",
        "H0: тек қылмыстың алдын алу және оған қарсы күрес үшін",
    )
    H1 = (
        pb.HANDLING_H1,
        "H1: not in judicial proceedings without permission",
        "H1: не использовать в суде без разрешения",
        "H1: рұқсатсыз сотта пайдаланбау",
    )
    H2 = (
        pb.HANDLING_H2,
        "H2: not to be passed on without permission",
        "H2: не передавать без разрешения",
        "H2: рұқсатсыз басқаға бермеу",
    )
    H3 = pb.HANDLING_H3, "H3: other restrictions", "H3: иные ограничения", "H3: өзге шектеулер"


class Tlp(Code):
    """FIRST TLP 2.0."""

    CLEAR = pb.TLP_CLEAR, "TLP:CLEAR", "TLP:CLEAR", "TLP:CLEAR"
    GREEN = pb.TLP_GREEN, "TLP:GREEN", "TLP:GREEN", "TLP:GREEN"
    AMBER = pb.TLP_AMBER, "TLP:AMBER", "TLP:AMBER", "TLP:AMBER"
    AMBER_STRICT = pb.TLP_AMBER_STRICT, "TLP:AMBER+STRICT", "TLP:AMBER+STRICT", "TLP:AMBER+STRICT"
    RED = pb.TLP_RED, "TLP:RED", "TLP:RED", "TLP:RED"


class SourceGrade(Code):
    """Reliability of the source (Council doc. 6243/18)."""

    A = pb.SOURCE_GRADE_A, "A: reliable source", "A: надёжный источник", "A: сенімді дереккөз"
    B = (
        pb.SOURCE_GRADE_B,
        "B: mostly reliable source",
        "B: в основном надёжный источник",
        "B: негізінен сенімді дереккөз",
    )
    C = (
        pb.SOURCE_GRADE_C,
        "C: mostly unreliable source",
        "C: в основном ненадёжный источник",
        "C: негізінен сенімсіз дереккөз",
    )
    X = (
        pb.SOURCE_GRADE_X,
        "X: reliability not known",
        "X: надёжность неизвестна",
        "X: сенімділігі белгісіз",
    )


class InformationGrade(Code):
    """Accuracy of the information, codes 1 to 4 (Council doc. 6243/18)."""

    GRADE_1 = pb.INFORMATION_GRADE_1, "1: known to be true", "1: достоверно", "1: анық"
    GRADE_2 = (
        pb.INFORMATION_GRADE_2,
        "2: known to the source itself",
        "2: известно самому источнику",
        "2: дереккөздің өзіне мәлім",
    )
    GRADE_3 = (
        pb.INFORMATION_GRADE_3,
        "3: not known to the source, confirmed",
        "3: источнику не известно лично, подтверждено",
        "3: дереккөзге мәлім емес, расталған",
    )
    GRADE_4 = (
        pb.INFORMATION_GRADE_4,
        "4: not known to the source, not confirmed",
        "4: источнику не известно лично, не подтверждено",
        "4: дереккөзге мәлім емес, расталмаған",
    )


class Urgency(Code):
    """The urgency of an answer; the reason for urgency is in the brief."""

    ROUTINE = pb.URGENCY_ROUTINE, "routine", "обычная", "әдеттегі"
    URGENT = pb.URGENCY_URGENT, "urgent", "срочно", "шұғыл"


class Purpose(Code):
    """Uses that the information may be put to."""

    INTELLIGENCE = pb.PURPOSE_INTELLIGENCE, "intelligence", "оперативная работа", "жедел жұмыс"
    INVESTIGATION = pb.PURPOSE_INVESTIGATION, "investigation", "расследование", "тергеу"
    PROSECUTION = (
        pb.PURPOSE_PROSECUTION,
        "prosecution",
        "уголовное преследование",
        "қылмыстық қудалау",
    )
    CONFISCATION = pb.PURPOSE_CONFISCATION, "confiscation", "конфискация", "тәркілеу"
    ANALYSIS = pb.PURPOSE_ANALYSIS, "analysis", "анализ", "талдау"


class Language(Code):
    """Language of the sealed text."""

    KK = pb.LANGUAGE_KK, "Kazakh", "казахский", "қазақша"
    RU = pb.LANGUAGE_RU, "Russian", "русский", "орысша"
    EN = pb.LANGUAGE_EN, "English", "английский", "ағылшынша"


class RefusalGround(Code):
    """Grounds on which an exchange may be refused.

    FATF R.40 does not allow the last four to stand alone (`kinds/grounds.py`).
    """

    SOVEREIGNTY_SECURITY = (
        pb.REFUSAL_GROUND_SOVEREIGNTY_SECURITY,
        "sovereignty or security",
        "суверенитет или безопасность",
        "егемендік немесе қауіпсіздік",
    )
    CONTRARY_TO_LAW = (
        pb.REFUSAL_GROUND_CONTRARY_TO_LAW,
        "contrary to law",
        "противоречит закону",
        "заңға қайшы",
    )
    IMPEDES_INVESTIGATION = (
        pb.REFUSAL_GROUND_IMPEDES_INVESTIGATION,
        "would impede an investigation",
        "помешает расследованию",
        "тергеуге кедергі келтіреді",
    )
    DISPROPORTIONATE = (
        pb.REFUSAL_GROUND_DISPROPORTIONATE,
        "disproportionate",
        "несоразмерно",
        "мөлшерлес емес",
    )
    NO_DRUG_NEXUS = (
        pb.REFUSAL_GROUND_NO_DRUG_NEXUS,
        "no link to drug crime",
        "нет связи с наркопреступностью",
        "есірткі қылмысымен байланыс жоқ",
    )
    INSUFFICIENT_REQUEST = (
        pb.REFUSAL_GROUND_INSUFFICIENT_REQUEST,
        "request insufficient",
        "запрос недостаточно обоснован",
        "сұрау салу жеткілікті негізделмеген",
    )
    LEGAL_PRIVILEGE = (
        pb.REFUSAL_GROUND_LEGAL_PRIVILEGE,
        "legal privilege",
        "охраняемая законом тайна",
        "заңмен қорғалатын құпия",
    )
    FISCAL_MATTER = (
        pb.REFUSAL_GROUND_FISCAL_MATTER,
        "fiscal matter",
        "налоговый вопрос",
        "салық мәселесі",
    )
    BANK_SECRECY = (
        pb.REFUSAL_GROUND_BANK_SECRECY,
        "bank secrecy",
        "банковская тайна",
        "банк құпиясы",
    )
    INQUIRY_UNDERWAY = (
        pb.REFUSAL_GROUND_INQUIRY_UNDERWAY,
        "an inquiry is under way",
        "идёт собственная проверка",
        "өз тексеруі жүріп жатыр",
    )
    DIFFERENT_AUTHORITY = (
        pb.REFUSAL_GROUND_DIFFERENT_AUTHORITY,
        "a different kind of authority",
        "иной статус органа",
        "органның мәртебесі өзгеше",
    )


class AgencyType(Code):
    """Sorts of authority; the policy decides on them."""

    FIU = (
        pb.AGENCY_TYPE_FIU,
        "financial intelligence unit",
        "подразделение финансовой разведки",
        "қаржылық барлау бөлімшесі",
    )
    POLICE = pb.AGENCY_TYPE_POLICE, "police", "полиция", "полиция"
    PROSECUTOR = pb.AGENCY_TYPE_PROSECUTOR, "prosecutor", "прокуратура", "прокуратура"
    CUSTOMS = pb.AGENCY_TYPE_CUSTOMS, "customs", "таможня", "кеден"
    BORDER = pb.AGENCY_TYPE_BORDER, "border service", "пограничная служба", "шекара қызметі"
    SECURITY = (
        pb.AGENCY_TYPE_SECURITY,
        "security service",
        "служба безопасности",
        "қауіпсіздік қызметі",
    )
    TAX = pb.AGENCY_TYPE_TAX, "tax service", "налоговая служба", "салық қызметі"
    ASSET_RECOVERY = (
        pb.AGENCY_TYPE_ASSET_RECOVERY,
        "asset recovery office",
        "орган по возврату активов",
        "активтерді қайтару органы",
    )
    COORDINATION_CENTRE = (
        pb.AGENCY_TYPE_COORDINATION_CENTRE,
        "coordination centre",
        "координационный центр",
        "үйлестіру орталығы",
    )
    OBSERVER = pb.AGENCY_TYPE_OBSERVER, "observer", "наблюдатель", "бақылаушы"
