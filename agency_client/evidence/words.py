"""The words of the account, in English, Russian and Kazakh; codes bring their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agency_client.presentation.words import say
from exchange_protocol.kinds.codes import Language, Party
from exchange_protocol.words import Code, NamedCode, Words


@dataclass(frozen=True, slots=True)
class AccountWords:
    """One language of the account."""

    language: Language
    title: str
    lead: str
    place: str
    """The place on the page of the text in this language."""
    request: str
    request_rows: tuple[str, ...]
    """Exchange, kind, made by, at, to, supervisors, purpose, legal basis, handling, TLP, urgency,
    due, permitted uses, may be passed on to, outcome."""
    outcome_unknown: str
    unanswered: str
    """A statement that the hub takes only after the due time; with the agency and the time."""
    not_fetched: str
    """The same, where the request had not even been fetched."""
    timeline: str
    columns: tuple[str, ...]
    answers: str
    given: str
    signed: str
    recorded: str
    parts: str
    part_columns: tuple[str, ...]
    sealed: str
    no_parts: str
    file: str
    facts: tuple[str, ...]
    """Exporter, exported at, software, log, tree, cosigned by, seen as, policies."""
    unverified: str
    """A heading of signatures on the checkpoint."""
    claim: str
    tree: str
    policy: str
    agencies: str
    body_columns: tuple[str, ...]
    proved: str
    proved_columns: tuple[str, ...]
    proofs: tuple[tuple[str, str, str], ...]
    witnessed: tuple[str, str, str]
    """One more of them, where witnesses cosigned."""
    unproved: str
    others: str
    """The first limit, unless witnesses cosigned; `other_witnesses` then."""
    other_witnesses: str
    limits: tuple[str, ...]
    parties: dict[Party, str]

    @property
    def tag(self) -> str:
        """The language as HTML names it."""
        return self.language.name.lower()

    def say(self, code: Code | NamedCode | Words) -> str:
        """A code, or words, in this language."""
        words = code if isinstance(code, Words) else code.words
        return say(words, self.language)


ENGLISH: Final = AccountWords(
    language=Language.EN,
    title="Account of an exchange",
    lead=(
        "This page is for reading. It proves nothing by itself: everything on it follows from the "
        "files beside it, which a verifier checks against a root certificate and a log key from a "
        "trusted place. If verification fails, do not rely on this page."
    ),
    place="The English text is in the first part of the page.",
    request="The exchange",
    request_rows=(
        "Exchange",
        "Opened with a",
        "Made by",
        "Made at, by its author's clock (UTC)",
        "To",
        "Copy for supervision",
        "Purpose",
        "Legal basis",
        "Handling",
        "Traffic Light Protocol",
        "Urgency",
        "Answer due",
        "Permitted uses",
        "May be passed on to",
        "Outcome",
    ),
    outcome_unknown="not replayed: the exporter saw single statements",
    unanswered="The hub accepted this after the due time and before any answer of {agency}: "
    "the deadline was missed.",
    not_fetched="{agency} had not even fetched the request by then.",
    timeline="What happened",
    columns=(
        "Entry",
        "Hub's time (UTC)",
        "Who",
        "What",
        "State for each recipient",
        "Rules cited",
        "Proved by",
    ),
    answers="on entry",
    given="of entry",
    signed="author's signature, log",
    recorded="log alone: the hub's record",
    parts="What was sealed, and what is disclosed",
    part_columns=("Entry", "Part", "Bytes", "SHA-256 of the sealed bytes, as signed", "Disclosed"),
    sealed="no: it stays sealed",
    no_parts="Nothing was sealed.",
    file="About this file",
    facts=(
        "Exported by",
        "Exported at",
        "Software",
        "Log",
        "Checkpoint",
        "Cosigned by (UTC, by the witness's clock)",
        "The exporter saw the exchange as",
        "Policies on the log",
    ),
    unverified="other signatures on the checkpoint, not verified",
    claim="as the exporter says",
    tree="entries; root",
    policy="published at entry",
    agencies="Agencies in the directory",
    body_columns=("Id", "Name", "Country", "Enrolled at entry"),
    proved="What is proved, and by whom",
    proved_columns=("Fact", "Proved by", "Who would have to cheat"),
    proofs=(
        (
            "An agency said exactly these words",
            "its signature over pae.bin, under a certificate that leads to the root",
            "the agency itself, a thief of its key, or the root authority",
        ),
        (
            "The statement was on the log, at this place",
            "entry, nonce and inclusion proof, which lead to the root of the signed checkpoint",
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
    witnessed=(
        "The witnesses were shown the same history of the log, and no other",
        "their signatures on the checkpoint, under keys that the verifier named",
        "the log together with all witnesses that signed",
    ),
    unproved="What is not proved",
    others="That the log showed others the same history: compare checkpoints with other agencies.",
    other_witnesses=(
        "That the log showed the same history to agencies that rely on none of these witnesses."
    ),
    limits=(
        "That the exporter was shown everything, or that a statement is true.",
        "When, but for the hub's clock; a time stamp over the checkpoint, where there is one, says "
        "by when all of it was there.",
        "What a sealed part says, unless it is disclosed here.",
    ),
    parties={
        Party.INITIATOR: "initiator: the whole exchange was replayed by the rules",
        Party.RECIPIENT: "recipient: its own leg was replayed by the rules",
        Party.APPROVER: "approver: each statement was judged as it stood",
        Party.SUPERVISOR: "supervisor: signatures were checked, the rules were not replayed",
    },
)

RUSSIAN: Final = AccountWords(
    language=Language.RU,
    title="Справка об обмене информацией",
    lead=(
        "Эта страница предназначена для чтения и сама ничего не доказывает: всё, что на ней "
        "изложено, следует из приложенных файлов. Их проверяют по корневому сертификату и ключу "
        "журнала, взятым из надёжного источника. Если проверка не пройдена, полагаться на "
        "страницу нельзя."
    ),
    place="Русский текст — во второй части страницы.",
    request="Обмен",
    request_rows=(
        "Обмен",
        "Начат заявлением",
        "Автор",
        "Составлено по часам автора (UTC)",
        "Адресаты",
        "Копия для надзора",
        "Цель",
        "Правовое основание",
        "Режим обращения",
        "Протокол «светофор» (TLP)",
        "Срочность",
        "Срок ответа",
        "Разрешённое использование",
        "Разрешена передача",
        "Итог",
    ),
    outcome_unknown="не пересчитывался: выгрузивший видел отдельные заявления",
    unanswered="Узел принял это после установленного срока и до какого-либо ответа {agency}: "
    "срок пропущен.",
    not_fetched="К тому времени {agency} даже не получил запрос.",
    timeline="Ход обмена",
    columns=(
        "Запись",
        "Время узла (UTC)",
        "Кто",
        "Что",
        "Состояние по адресатам",
        "Применённые правила",
        "Чем доказано",
    ),
    answers="по записи",
    given="по записи",
    signed="подпись автора, журнал",
    recorded="только журнал: запись узла",
    parts="Что зашифровано и что раскрыто",
    part_columns=(
        "Запись",
        "Часть",
        "Байтов",
        "SHA-256 зашифрованных данных, под подписью",
        "Раскрыто",
    ),
    sealed="нет: остаётся зашифрованным",
    no_parts="Зашифрованных частей нет.",
    file="Об этом файле",
    facts=(
        "Выгрузил",
        "Время выгрузки",
        "Программа",
        "Журнал",
        "Контрольная точка",
        "Заверена свидетелями (UTC, по часам свидетеля)",
        "Выгрузивший видел обмен как",
        "Политики в журнале",
    ),
    unverified="прочие подписи на контрольной точке, не проверены",
    claim="со слов выгрузившего",
    tree="записей; корень",
    policy="опубликована записью",
    agencies="Органы в справочнике",
    body_columns=("Код", "Наименование", "Страна", "Внесён записью"),
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
    witnessed=(
        "Свидетелям журнал показывал ту же историю и никакую другую",
        "их подписи на контрольной точке по ключам, которые назвал проверяющий",
        "журнал вместе со всеми подписавшими свидетелями",
    ),
    unproved="Что не доказано",
    others=(
        "Что журнал показывал другим ту же историю: контрольные точки сверяют с другими органами."
    ),
    other_witnesses=(
        "Что журнал показывал ту же историю органам, которые не полагаются ни на одного из этих "
        "свидетелей."
    ),
    limits=(
        "Что выгрузившему показано всё и что заявления правдивы.",
        "Время помимо часов узла; штамп времени на контрольной точке, если он есть, показывает, к "
        "какому моменту всё это существовало.",
        "Что содержит зашифрованная часть, если она здесь не раскрыта.",
    ),
    parties={
        Party.INITIATOR: "инициатор: весь обмен пересчитан по правилам",
        Party.RECIPIENT: "получатель: его линия пересчитана по правилам",
        Party.APPROVER: "одобряющий орган: каждое заявление оценено в его состоянии",
        Party.SUPERVISOR: "надзорный орган: проверены подписи, правила не пересчитаны",
    },
)

KAZAKH: Final = AccountWords(
    language=Language.KK,
    title="Ақпарат алмасу туралы анықтама",
    lead=(
        "Бұл бет оқуға арналған және өздігінен ештеңені дәлелдемейді: ондағының бәрі қоса берілген "
        "файлдардан шығады. Оларды сенімді жерден алынған түбірлік сертификат пен журнал кілті "
        "арқылы тексереді. Тексеру сәтсіз болса, бұл бетке сенуге болмайды."
    ),
    place="Қазақша мәтін — беттің үшінші бөлігінде.",
    request="Алмасу",
    request_rows=(
        "Алмасу",
        "Бастаған мәлімдеме",
        "Авторы",
        "Автордың сағаты бойынша жасалған уақыты (UTC)",
        "Алушылар",
        "Қадағалауға көшірме",
        "Мақсаты",
        "Құқықтық негізі",
        "Пайдалану режимі",
        "«Бағдаршам» хаттамасы (TLP)",
        "Шұғылдығы",
        "Жауап мерзімі",
        "Рұқсат етілген пайдалану",
        "Беруге рұқсат етілген",
        "Нәтижесі",
    ),
    outcome_unknown="қайта есептелмеген: шығарушы жекелеген мәлімдемелерді ғана көрген",
    unanswered="Торап мұны белгіленген мерзімнен кейін және {agency} жауабына дейін қабылдады: "
    "мерзім өткізіп алынды.",
    not_fetched="Ол уақытқа дейін {agency} сұрау салуды тіпті алмаған.",
    timeline="Алмасу барысы",
    columns=(
        "Жазба",
        "Тораптың уақыты (UTC)",
        "Кім",
        "Не",
        "Алушылар бойынша күйі",
        "Қолданылған ережелер",
        "Немен дәлелденген",
    ),
    answers="жазба бойынша",
    given="жазба бойынша",
    signed="автордың қолы, журнал",
    recorded="журналдың өзі: тораптың жазбасы",
    parts="Не шифрланған және не ашылған",
    part_columns=(
        "Жазба",
        "Бөлік",
        "Байт",
        "Қол қойылған шифрланған деректердің SHA-256 мәні",
        "Ашылған",
    ),
    sealed="жоқ: шифрланған күйінде қалады",
    no_parts="Шифрланған бөлік жоқ.",
    file="Осы файл туралы",
    facts=(
        "Шығарған",
        "Шығарылған уақыты",
        "Бағдарлама",
        "Журнал",
        "Бақылау нүктесі",
        "Куәлар растаған (UTC, куәнің сағаты бойынша)",
        "Шығарушының алмасудағы рөлі",
        "Журналдағы саясаттар",
    ),
    unverified="бақылау нүктесіндегі тексерілмеген өзге қолдар",
    claim="шығарушының айтуынша",
    tree="жазба; түбірі",
    policy="жарияланған жазба",
    agencies="Анықтамалықтағы органдар",
    body_columns=("Коды", "Атауы", "Елі", "Енгізілген жазба"),
    proved="Не дәлелденген және кім дәлелдеген",
    proved_columns=("Факт", "Немен дәлелденген", "Кім алдауы керек болар еді"),
    proofs=(
        (
            "Орган дәл осыны мәлімдеген",
            "оның pae.bin файлындағы қолы және түбірлік сертификатқа апаратын сертификаты",
            "органның өзі, оның кілтін ұрлаушы немесе түбірлік орталық",
        ),
        (
            "Мәлімдеме журналға дәл осы жерге енгізілген",
            "жазба, кездейсоқ сан және қол қойылған бақылау нүктесінің түбіріне апаратын хештер",
            "ешкім: журнал кілтімен қол қойылған басқа бақылау нүктесі керек болар еді",
        ),
        (
            "Қашан",
            "жазбадағы тораптың уақыты; алдыңғы және кейінгі жазбалар ретімен тұрады",
            "сағатты жүргізетін торап; автордың өз уақыты мәлімдемеде көрсетілген",
        ),
        (
            "Трансшекаралық сұрау салуға рұқсат берілген",
            "үйлестірушінің сұрау салу хеші көрсетілген шешімдегі өз қолы",
            "үйлестіруші немесе оның кілтін ұрлаушы",
        ),
        (
            "Қандай ережелер бойынша",
            "жазбадағы саясаттың хеші және оның мәтініндегі оператордың қолы",
            "оператор, бәрінің көзінше",
        ),
        (
            "Кімге не берілді",
            "деректер жіберілгенге дейін жасалған беру туралы жазба",
            "торап: беру — оның жазбасы, алушының қолы емес",
        ),
        (
            "Ашылған бөлікте не болды",
            "қол қойылған мәлімдемедегі SHA-256 мәні және оған байланған мазмұн кілті",
            "тек авторы",
        ),
    ),
    witnessed=(
        "Журнал куәларға сол бір тарихты көрсетті, басқасын емес",
        "тексеруші атаған кілттер бойынша бақылау нүктесіндегі олардың қолдары",
        "журнал қол қойған барлық куәмен бірге",
    ),
    unproved="Не дәлелденбеген",
    others=(
        "Журналдың басқаларға сол бір тарихты көрсеткені: бақылау нүктелерін басқа органдармен "
        "салыстырады."
    ),
    other_witnesses=(
        "Журналдың осы куәлардың ешқайсысына сенбейтін органдарға сол бір тарихты көрсеткені."
    ),
    limits=(
        "Шығарушыға бәрі көрсетілгені және мәлімдемелердің шындығы.",
        "Тораптың сағатынан бөлек уақыт; бақылау нүктесіндегі уақыт белгісі, егер бар болса, "
        "мұның бәрі қай уақытқа дейін болғанын көрсетеді.",
        "Осында ашылмаған шифрланған бөлікте не бары.",
    ),
    parties={
        Party.INITIATOR: "бастамашы: бүкіл алмасу ережелер бойынша қайта есептелген",
        Party.RECIPIENT: "алушы: оның желісі ережелер бойынша қайта есептелген",
        Party.APPROVER: "мақұлдаушы орган: әр мәлімдеме сол сәттегі күйінде бағаланған",
        Party.SUPERVISOR: "қадағалаушы орган: қолдар тексерілген, ережелер қайта есептелмеген",
    },
)
