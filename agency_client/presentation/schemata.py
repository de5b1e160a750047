"""Words for the schemata of FollowTheMoney."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from exchange_protocol.words import Words

SCHEMATA: Final[Mapping[str, Words]] = {
    "Address": Words("address", "адрес", "мекенжай"),
    "Airplane": Words("aircraft", "воздушное судно", "әуе кемесі"),
    "Article": Words("article", "статья", "мақала"),
    "Asset": Words("asset", "актив", "актив"),
    "Associate": Words("associate", "знакомство", "таныстық"),
    "Audio": Words("audio", "аудиозапись", "аудиожазба"),
    "BankAccount": Words("bank account", "банковский счёт", "банк шоты"),
    "Call": Words("phone call", "телефонный звонок", "телефон қоңырауы"),
    "CallForTenders": Words("call for tenders", "тендер", "тендер"),
    "Company": Words("company", "компания", "компания"),
    "Contract": Words("contract", "договор", "шарт"),
    "ContractAward": Words("contract award", "победа в тендере", "тендер жеңісі"),
    "Control": Words("control", "контроль", "бақылау"),
    "CourtCase": Words("court case", "судебное дело", "сот ісі"),
    "CourtCaseParty": Words("party of a court case", "участник дела", "іске қатысушы"),
    "CryptoWallet": Words("crypto wallet", "криптокошелёк", "криптоәмиян"),
    "Debt": Words("debt", "долг", "қарыз"),
    "Directorship": Words("directorship", "руководство", "басшылық"),
    "Document": Words("document", "документ", "құжат"),
    "Documentation": Words("documentation", "документация", "құжаттама"),
    "EconomicActivity": Words(
        "economic activity", "внешнеторговая сделка", "сыртқы сауда мәмілесі"
    ),
    "Email": Words("e-mail", "электронное письмо", "электрондық хат"),
    "Employment": Words("employment", "работа", "жұмыс"),
    "Event": Words("event", "событие", "оқиға"),
    "Family": Words("family", "родство", "туыстық"),
    "Folder": Words("folder", "папка", "қалта"),
    "HyperText": Words("web page", "веб-страница", "веб-бет"),
    "Identification": Words("identity document", "удостоверение", "куәлік"),
    "Image": Words("picture", "изображение", "сурет"),
    "LegalEntity": Words("person or company", "лицо", "тұлға"),
    "License": Words("licence", "лицензия", "лицензия"),
    "Membership": Words("membership", "членство", "мүшелік"),
    "Mention": Words("mention", "упоминание", "аталуы"),
    "Message": Words("message", "сообщение", "хабарлама"),
    "Note": Words("note", "заметка", "жазба"),
    "Occupancy": Words("office held", "занимаемая должность", "атқаратын лауазым"),
    "Organization": Words("organisation", "организация", "ұйым"),
    "Ownership": Words("ownership", "владение", "иелік"),
    "Package": Words("archive", "архив", "мұрағат"),
    "Page": Words("page", "страница", "бет"),
    "Pages": Words("pages", "страницы", "беттер"),
    "Passport": Words("passport", "паспорт", "паспорт"),
    "Payment": Words("payment", "платёж", "төлем"),
    "Person": Words("person", "физическое лицо", "жеке тұлға"),
    "PlainText": Words("text", "текст", "мәтін"),
    "Position": Words("office", "должность", "лауазым"),
    "Project": Words("project", "проект", "жоба"),
    "ProjectParticipant": Words("part in a project", "участие в проекте", "жобаға қатысу"),
    "PublicBody": Words("public body", "государственный орган", "мемлекеттік орган"),
    "RealEstate": Words("real estate", "недвижимость", "жылжымайтын мүлік"),
    "Representation": Words("representation", "представительство", "өкілдік"),
    "Risk": Words("risk", "риск", "тәуекел"),
    "Sanction": Words("sanction", "санкция", "санкция"),
    "Security": Words("security", "ценная бумага", "бағалы қағаз"),
    "Similar": Words("likeness", "сходство", "ұқсастық"),
    "Succession": Words("succession", "правопреемство", "құқықтық мирасқорлық"),
    "Table": Words("table", "таблица", "кесте"),
    "TaxRoll": Words("tax roll", "налоговый учёт", "салық есебі"),
    "Territory": Words("territory", "территория", "аумақ"),
    "Trip": Words("trip", "поездка", "сапар"),
    "UnknownLink": Words("link", "связь", "байланыс"),
    "UserAccount": Words("user account", "учётная запись", "пайдаланушы тіркелгісі"),
    "Vehicle": Words("vehicle", "транспортное средство", "көлік құралы"),
    "Vessel": Words("vessel", "судно", "кеме"),
    "Video": Words("video", "видеозапись", "бейнежазба"),
    "Workbook": Words("workbook", "книга таблиц", "кестелер кітабы"),
}
"""The name of every schema that an entity may have; a test holds them against the list of these."""


class Ends(NamedTuple):
    """The properties of a link that say what it links."""

    source: str
    target: str


LINKS: Final[Mapping[str, Ends]] = {
    "Associate": Ends("person", "associate"),
    "ContractAward": Ends("contract", "supplier"),
    "Control": Ends("controller", "controlled"),
    "CourtCaseParty": Ends("party", "case"),
    "Debt": Ends("debtor", "creditor"),
    "Directorship": Ends("director", "organization"),
    "Documentation": Ends("document", "entity"),
    "Employment": Ends("employee", "employer"),
    "Family": Ends("person", "relative"),
    "Membership": Ends("member", "organization"),
    "Occupancy": Ends("holder", "post"),
    "Ownership": Ends("owner", "asset"),
    "ProjectParticipant": Ends("participant", "project"),
    "Representation": Ends("agent", "client"),
    "Succession": Ends("predecessor", "successor"),
    "UnknownLink": Ends("subject", "object"),
}
"""The schemata that link two entities, and what is at their ends; payments have a table of theirs.

A test holds them against FollowTheMoney's model.
"""
