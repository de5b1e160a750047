"""The purpose of each page, in a few sentences and three languages: the guides in short."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exchange_protocol.words import Words

HELP: Final[Mapping[str, Words]] = {
    "queue.html": Words(
        "What waits for your decision stands here, the most pressing first. Read why it is held "
        "and what was verified, then choose an act. Nothing is signed on this page. Take an item "
        "in hand, so that your colleagues see it.",
        "Здесь то, что ждёт вашего решения; самое срочное сверху. Прочтите, почему это задержано "
        "и что проверено, затем выберите действие. На этой странице ничего не подписывается. "
        "Возьмите пункт в работу, чтобы это видели коллеги.",
        "Мұнда шешіміңізді күтетін істер тұр, ең шұғылы жоғарыда. Неге кідіртілгенін және не "
        "тексерілгенін оқып, әрекетті таңдаңыз. Бұл бетте ештеңеге қол қойылмайды. Әріптестеріңіз "
        "көруі үшін істі жұмысқа алыңыз.",
    ),
    "decide.html": Words(
        "Your signature is over the digest that stands here, and over nothing else. If another "
        "person decides meanwhile, or the text changes, nothing is signed and you are shown it.",
        "Ваша подпись относится к указанному здесь хешу и ни к чему другому. Если тем временем "
        "решит другой или изменится текст, ничего не подписывается, и вам это покажут.",
        "Қолыңыз осында тұрған хешке ғана қойылады. Осы арада басқа адам шешсе немесе мәтін "
        "өзгерсе, ештеңеге қол қойылмайды және сізге ол көрсетіледі.",
    ),
    "due.html": Words(
        "Every time that runs on your exchanges: decisions, answers, freezes, feedback. The one "
        "that ends first stands first. Times count by the calendars that were published.",
        "Все сроки по вашим обменам: решения, ответы, замораживания, отзывы. Первым стоит "
        "ближайший. Сроки считаются по опубликованным календарям.",
        "Алмасуларыңыздағы барлық мерзімдер: шешімдер, жауаптар, қатырулар, пікірлер. Ең жақыны "
        "бірінші тұр. Мерзімдер жарияланған күнтізбелер бойынша есептеледі.",
    ),
    "cases.html": Words(
        "Cases of your own, each with its exchanges. They are kept encrypted on this computer; the "
        "hub learns nothing of them.",
        "Ваши собственные дела с их обменами. Они хранятся зашифрованными на этом компьютере; "
        "узел о них не узнаёт.",
        "Алмасулары бар өз істеріңіз. Олар осы компьютерде шифрланған күйде сақталады; торап "
        "олар туралы білмейді.",
    ),
    "case.html": Words(
        "Everything that happened in the exchanges of one case, by time. Opening it is no "
        "delivery.",
        "Всё, что произошло в обменах одного дела, по времени. Открытие этой страницы не считается "
        "выдачей.",
        "Бір істің алмасуларында болғанның бәрі, уақыт бойынша. Бұл бетті ашу беру болып "
        "саналмайды.",
    ),
    "found.html": Words(
        "What this computer knows is searched; the hub is not asked. Each word must be found.",
        "Поиск идёт по тому, что известно этому компьютеру; узел не запрашивается. Должно найтись "
        "каждое слово.",
        "Іздеу осы компьютерге белгілі мәліметтер бойынша жүреді; тораптан сұралмайды. Әр сөз "
        "табылуы керек.",
    ),
    "work.html": Words(
        "What waits for your agency over all exchanges, with the next step of each. Search finds "
        "references and summaries of what you have opened.",
        "То, что ждёт вашего органа по всем обменам, и следующий шаг каждого. Поиск идёт по "
        "номерам и сути того, что вы открывали.",
        "Барлық алмасу бойынша органыңызды күтетін істер және әрқайсысының келесі қадамы. Іздеу "
        "сіз ашқандардың нөмірі мен мазмұны бойынша жүреді.",
    ),
    "list.html": Words(
        "A list is what the hub says; opening an exchange verifies it. Filters stand in the "
        "address, so that you can keep the list or send it to a colleague.",
        "Список — это слова узла; открытие обмена его проверяет. Отбор виден в адресе, поэтому "
        "список можно сохранить или отправить коллеге.",
        "Тізім — тораптың сөзі; алмасуды ашқанда ол тексеріледі. Сүзгі мекенжайда тұрады, "
        "сондықтан тізімді сақтауға немесе әріптеске жіберуге болады.",
    ),
    "exchange.html": Words(
        "Everything that was said in one exchange, each change of its state, and each check that "
        "was made. Opening what was sent to you is a delivery and stands on the log. Files are "
        "saved and never shown: have them checked before you open them.",
        "Всё, что сказано в обмене, каждая смена состояния и каждая проверка. Открытие "
        "адресованного вам считается выдачей и записано в журнале. Файлы сохраняются и не "
        "показываются: проверьте их, прежде чем открыть.",
        "Бір алмасуда айтылғанның бәрі, күйінің әр өзгерісі және әр тексеріс. Сізге жіберілгенді "
        "ашу беру болып саналады және журналда тұрады. Файлдар сақталады, көрсетілмейді: ашпас "
        "бұрын тексертіңіз.",
    ),
    "compose.html": Words(
        "Continue keeps a draft and shows what will happen; nothing is sent until you sign. Drafts "
        "are encrypted under your agency's key. Persons are typed in, or come from a file or a "
        "table with its mapping.",
        "«Продолжить» сохраняет черновик и показывает, что произойдёт; до подписи ничего не "
        "отправляется. Черновики зашифрованы ключом вашего органа. Лица вводятся вручную, из файла "
        "или из таблицы с разметкой.",
        "«Жалғастыру» жобаны сақтап, не болатынын көрсетеді; қол қойғанша ештеңе жіберілмейді. "
        "Жобалар органыңыздың кілтімен шифрланған. Тұлғалар қолмен, файлдан немесе сәйкестігі бар "
        "кестеден енгізіледі.",
    ),
    "send.html": Words(
        "This is what the library would send: to whom, held or at once, who approves and who gets "
        "a copy. Signing sends it. If the hub is away, it waits in the outbox.",
        "Здесь показано, что будет отправлено: кому, сразу или с задержкой, кто одобряет и кто "
        "получит копию. Подпись отправляет. Если узел недоступен, заявление ждёт в исходящих.",
        "Мұнда не жіберілетіні көрсетілген: кімге, бірден бе әлде кідіріспен бе, кім мақұлдайды, "
        "кім көшірме алады. Қол қойылған соң жіберіледі. Торап қолжетімсіз болса, шығыста күтеді.",
    ),
    "drafts.html": Words(
        "What you began and have not sent. A draft outlives errors, the lock and a restart, and "
        "can be read on this machine alone.",
        "То, что начато и не отправлено. Черновик переживает ошибки, блокировку и перезапуск; "
        "прочитать его можно только на этой машине.",
        "Бастап, әлі жібермегендеріңіз. Жоба қателерден, құлыптаудан және қайта іске қосудан кейін "
        "де сақталады; оны тек осы машинада оқуға болады.",
    ),
    "outbox.html": Words(
        "What was signed and waits for the hub, and what the hub refused, with its reason. A "
        "refused statement is not on the log; write it anew, and remove this one once you read "
        "why. What waits can be withdrawn, so that it is never sent.",
        "Подписанное, которое ждёт узла, и то, в чём узел отказал, с причиной. Отклонённого нет в "
        "журнале; составьте его заново, а это уберите, прочитав причину. То, что ждёт, можно "
        "отозвать, и оно не будет отправлено.",
        "Қол қойылып, торапты күтіп тұрғандар және торап бас тартқандар, себебімен. Бас тартылғаны "
        "журналда жоқ; оны қайта жазыңыз, ал мұны себебін оқып, алып тастаңыз. Күтіп тұрғанын кері "
        "алуға болады, сонда ол жіберілмейді.",
    ),
    "withdraw.html": Words(
        "A statement that was withdrawn is never sent. The hub is asked first, for a call that "
        "broke off may have brought the statement there; what the hub has can only be recalled.",
        "Отозванное заявление не отправляется никогда. Сначала спрашивается узел: прерванный вызов "
        "мог доставить заявление; то, что уже у узла, отзывается только на странице обмена.",
        "Кері алынған мәлімдеме ешқашан жіберілмейді. Алдымен тораптан сұралады: үзілген шақыру "
        "мәлімдемені жеткізген болуы мүмкін; торапта бары тек алмасу бетінде кері алынады.",
    ),
    "directory.html": Words(
        "Every enrolled agency, and what it says that it takes: kinds, languages, the largest "
        "part. What an agency does not take the hub refuses. Hours and contacts are the agency's "
        "own words, for people.",
        "Все зарегистрированные органы и то, что они принимают: виды, языки, наибольшая часть. "
        "Того, что орган не принимает, не примет и узел. Часы и контакты — слова самого органа, "
        "для людей.",
        "Барлық тіркелген органдар және олар не қабылдайтыны: түрлері, тілдері, ең үлкен бөлік. "
        "Орган қабылдамайтынды торап та қабылдамайды. Уақыт пен байланыс — органның өз сөзі, "
        "адамдарға арналған.",
    ),
    "agency.html": Words(
        "What the log says of one agency: what it takes, and who may sign for it. Compare a "
        "certificate's digest by another way before you rely on a new one.",
        "Что журнал говорит об органе: что он принимает и кто может за него подписывать. Прежде "
        "чем полагаться на новый сертификат, сверьте его хеш иным путём.",
        "Журналда орган туралы жазылғаны: ол не қабылдайды және оның атынан кім қол қоя алады. "
        "Жаңа сертификатқа сенбес бұрын оның хешін басқа жолмен салыстырыңыз.",
    ),
    "holdings.html": Words(
        "Sets of your agency's own records. They are kept encrypted on this computer, only as far "
        "as values are compared: names, dates, numbers, contacts. The hub learns nothing of them.",
        "Наборы собственных записей вашего органа. Они хранятся зашифрованными на этом компьютере, "
        "и только то, что сравнивается: имена, даты, номера, контакты. Узел о них не узнаёт.",
        "Органыңыздың өз жазбаларының жинақтары. Олар осы компьютерде шифрланған күйде, тек "
        "салыстырылатын мәндер ғана сақталады: аттар, күндер, нөмірлер, байланыстар. Торап олар "
        "туралы білмейді.",
    ),
    "matches.html": Words(
        "Exact: the same number or account. Strong: the same name with the full date, or the same "
        "contact. Possible: look at it yourself. A match is a lead, and no proof.",
        "Точное: тот же номер или счёт. Сильное: то же имя с полной датой или тот же контакт. "
        "Возможное: посмотрите сами. Совпадение — это зацепка, а не доказательство.",
        "Дәл: сол нөмір немесе шот. Күшті: толық күнімен бірге сол ат немесе сол байланыс. "
        "Ықтимал: өзіңіз қараңыз. Сәйкестік — бағыт қана, дәлел емес.",
    ),
    "audit.html": Words(
        "A verification judges every entry that you may open anew, and checks the tree as a whole. "
        "A finding names its entry and the rule. Keep it, and ask the operator before you accuse.",
        "Проверка заново судит каждую доступную вам запись и проверяет дерево целиком. Нарушение "
        "указывает запись и правило. Сохраните его и спросите оператора, прежде чем обвинять.",
        "Тексеру сізге ашық әр жазбаны қайта бағалап, ағашты тұтас тексереді. Бұзушылық жазбасы "
        "мен ережесін атайды. Оны сақтаңыз, айыптамас бұрын оператордан сұраңыз.",
    ),
    "log.html": Words(
        "The entries that this session verified, the newest first. Each names who acted, what "
        "changed, the rules and the digest.",
        "Записи, проверенные в этом сеансе, сначала новые. У каждой указано, кто действовал, что "
        "изменилось, правила и хеш.",
        "Осы сеанста тексерілген жазбалар, алдымен жаңалары. Әрқайсысында кім әрекет еткені, не "
        "өзгергені, ережелер мен хеш көрсетілген.",
    ),
    "entry.html": Words(
        "One entry, with the proof that it stands under the root that was verified. The tile is "
        "the file of the published log in which its leaf stands.",
        "Одна запись и доказательство, что она стоит под проверенным корнем. Плитка — файл "
        "опубликованного журнала, в котором стоит её лист.",
        "Бір жазба және оның тексерілген түбірдің астында тұрғанының дәлелі. Тақташа — жапырағы "
        "тұрған жарияланған журнал файлы.",
    ),
    "rules.html": Words(
        "The rules that the operator published on the log. Each ruling on the log cites those "
        "that decided.",
        "Правила, которые оператор опубликовал в журнале. Каждое решение в журнале указывает "
        "применённые.",
        "Оператор журналда жариялаған ережелер. Журналдағы әр шешім қолданылғандарын көрсетеді.",
    ),
    "table.html": Words(
        "All rows of one table, as their author gave them. Nothing is left out and nothing is "
        "corrected; unseen characters are shown.",
        "Все строки таблицы, как их дал автор. Ничего не пропущено и не исправлено; невидимые "
        "знаки показаны.",
        "Кестенің барлық жолы, авторы бергендей. Ештеңе қалдырылмаған және түзетілмеген; "
        "көрінбейтін таңбалар көрсетілген.",
    ),
    "flows.html": Words(
        "Payments are added up by who paid whom and by currency; the picture shows the largest. An "
        "amount that is no clear number is left out of sums: look for it in the table.",
        "Платежи сложены по плательщику, получателю и валюте; на схеме крупнейшие. Сумма, которая "
        "не является ясным числом, не учтена: ищите её в таблице.",
        "Төлемдер төлеуші, алушы және валюта бойынша қосылған; сызбада ең ірілері. Анық сан емес "
        "сома қосылмаған: оны кестеден іздеңіз.",
    ),
    "home.html": Words(
        "Who you are here, until when your certificate is good, and how far this profile verified "
        "the log.",
        "Кто вы здесь, до какого времени действует сертификат и до какой записи этот профиль "
        "проверил журнал.",
        "Мұнда кім екеніңіз, сертификатыңыздың мерзімі және осы профиль журналды қай жазбаға дейін "
        "тексергені.",
    ),
}
"""The help of a page, by its template; a page that is not here says all itself."""
