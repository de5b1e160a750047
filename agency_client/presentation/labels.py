"""Words of the presentation itself: headings, names of facts, phrases with places for values.

Words for codes stand with the codes (`exchange_protocol.words`); those for fields of documents in
`documents`, those for schemata in `schemata`. A test checks that no language lacks a word, and that
a phrase has the same places in all of them.
"""

from __future__ import annotations

from enum import Enum

from exchange_protocol.words import Words


class Label(Enum):
    """A word or a phrase; `Locale.say` gives it in one language."""

    _value_: Words
    value: Words

    # --- Single words --------------------------------------------------------------------------

    YES = Words("yes", "да", "иә")
    NO = Words("no", "нет", "жоқ")
    NONE = Words("none", "нет", "жоқ")
    AND = Words("and", "и", "және")
    LATIN = Words("Latin", "латинские", "латын")
    CYRILLIC = Words("Cyrillic", "кириллические", "кирилл")
    GREEK = Words("Greek", "греческие", "грек")
    ARMENIAN = Words("Armenian", "армянские", "армян")
    CHEROKEE = Words("Cherokee", "буквы чероки", "чероки")
    MIXED_LETTERS = Words(
        "{scripts} letters in one word: {letters}",
        "{scripts} буквы в одном слове: {letters}",
        "бір сөзде {scripts} әріптері: {letters}",
    )

    # --- Times ---------------------------------------------------------------------------------

    MINUTES = Words("{number} min", "{number} мин", "{number} мин")
    HOURS = Words("{number} h", "{number} ч", "{number} сағ")
    DAYS = Words("{number} {number:day|days}", "{number} {number:день|дня|дней}", "{number} күн")
    DUE_IN = Words("due in {span}", "осталось {span}", "{span} қалды")
    OVERDUE_BY = Words("overdue by {span}", "просрочено на {span}", "мерзімі өтті: {span}")
    ENDS_IN = Words("ends in {span}", "до конца {span}", "аяқталуына {span}")
    ENDED_BY = Words("ended {span} ago", "закончилось {span} назад", "{span} бұрын аяқталды")
    PERIOD = Words("{start} to {end}", "с {start} по {end}", "{start} бастап {end} дейін")

    # --- Columns and names of facts ------------------------------------------------------------

    EXCHANGE = Words("exchange", "обмен", "алмасу")
    STATEMENT = Words("statement", "заявление", "мәлімдеме")
    LOG_ENTRY = Words("log entry", "запись журнала", "журнал жазбасы")
    ENTRY = Words("entry", "запись", "жазба")
    KIND = Words("kind", "вид", "түрі")
    WHAT = Words("what", "что", "не")
    WHEN = Words("when", "когда", "қашан")
    WHO = Words("who", "кто", "кім")
    FROM = Words("from", "от кого", "кімнен")
    TO = Words("to", "кому", "кімге")
    AGENCY = Words("agency", "орган", "орган")
    COUNTRY = Words("country", "страна", "ел")
    TIME_ZONE = Words("time zone", "часовой пояс", "уақыт белдеуі")
    SEALING_KEY = Words("sealing key", "ключ шифрования", "шифрлау кілті")
    STATE = Words("state", "состояние", "күйі")
    LEGS = Words("legs", "линии", "желілер")
    APPROVALS = Words("approvals", "одобрения", "мақұлдаулар")
    HANDLING = Words("handling", "режим", "режим")
    DUE = Words("due", "срок", "мерзімі")
    UPDATED = Words("updated", "обновлено", "жаңартылды")
    MADE = Words("made", "составлено", "жасалды")
    REFERENCE = Words("reference", "номер дела", "іс нөмірі")
    ABOUT = Words("about", "суть", "мазмұны")
    NEXT = Words("next", "что делать", "не істеу керек")
    URGENCY = Words("urgency", "срочность", "шұғылдығы")
    DIGEST = Words("digest", "дайджест", "дайджест")
    RESTRICTIONS = Words("restrictions", "ограничения", "шектеулер")
    TLP = Words("traffic light", "светофор", "бағдаршам")
    FOR_READER = Words("for this reader alone", "только для этого лица", "осы тұлғаға ғана")
    PURPOSE = Words("purpose", "цель", "мақсаты")
    LEGAL_BASIS = Words("legal basis", "правовое основание", "құқықтық негізі")
    PERMITTED_USES = Words(
        "permitted uses", "разрешённое использование", "рұқсат етілген пайдалану"
    )
    ONWARD_AUTHORITIES = Words("may be passed on to", "можно передать", "беруге болатын органдар")
    SUBJECTS = Words("subjects", "проверяемые лица", "тексерілетін тұлғалар")
    COPY_WITHHELD = Words("copy withheld", "копия не направлена", "көшірме берілмеді")
    SUPERVISORS = Words("supervisors", "надзирающие органы", "қадағалаушы органдар")
    YOU_ARE = Words("you are", "ваша роль", "сіздің рөліңіз")
    VERIFIED = Words("verified", "проверено", "тексерілді")
    AGAINST_LOG = Words(
        "against the signed log of {size} {size:entry|entries}",
        "по подписанному журналу из {size} {size:записи|записей|записей}",
        "{size} жазбадан тұратын қол қойылған журнал бойынша",
    )
    TIMELINE = Words("timeline", "ход обмена", "алмасу барысы")
    FILES = Words("files", "файлы", "файлдар")
    ROUTE = Words("route", "маршрут", "бағыты")
    HUB_LISTS = Words("listed by the hub", "по списку узла", "тораптың тізімі бойынша")
    AS_OF_ENTRY = Words(
        "{state}, as of entry {entry}",
        "{state}, на запись {entry}",
        "{state}, {entry}-жазбадағы күйі",
    )

    # --- Entities ------------------------------------------------------------------------------

    PAYMENTS = Words("payments", "платежи", "төлемдер")
    ENTITIES = Words(
        "persons, accounts, objects", "лица, счета, объекты", "тұлғалар, шоттар, объектілер"
    )
    LINKS = Words("links", "связи", "байланыстар")
    DATE = Words("date", "дата", "күні")
    AMOUNT = Words("amount", "сумма", "сома")
    CURRENCY = Words("currency", "валюта", "валюта")
    PAYER = Words("payer", "плательщик", "төлеуші")
    PAYEE = Words("payee", "получатель", "алушы")
    FOR_WHAT = Words("purpose", "назначение", "мақсаты")
    SORT = Words("sort", "вид", "түрі")
    NAME = Words("name", "имя или название", "аты немесе атауы")
    DETAILS = Words("details", "сведения", "мәліметтер")
    TO_WHOM = Words("whom or what", "кого или что", "кімді немесе нені")
    IN_ALL = Words("in all", "всего", "барлығы")
    AND_MORE = Words(
        "... and {number} more; --out DIR writes all of them",
        "... и ещё {number}; --out DIR запишет все",
        "... тағы {number}; --out DIR барлығын жазады",
    )

    # --- One exchange --------------------------------------------------------------------------

    OF_AT = Words(
        "{what} of {agency}, {time}", "{what}, {agency}, {time}", "{what}, {agency}, {time}"
    )
    WHAT_BY = Words("{what} by {who}", "{what}, {who}", "{what}, {who}")
    RECEIVED = Words("received: {what}", "получено: {what}", "алынды: {what}")
    NO_CURRENCY = Words("(no currency named)", "(валюта не указана)", "(валютасы көрсетілмеген)")
    NO_APPROVAL_NEEDED = Words("none needed", "не нужны", "қажет емес")
    APPROVALS_GIVEN = Words(
        "{given} of {required}", "{given} из {required}", "{required} ішінен {given}"
    )
    APPROVALS_BY = Words(
        "{given} of {required}; {whom} decides",
        "{given} из {required}; решает {whom}",
        "{required} ішінен {given}; шешетін {whom}",
    )
    OR = Words("or", "или", "немесе")
    ERASED = Words(
        "The content was erased: the initiator or its author asked for it, or its time was over.",
        "Содержание уничтожено: этого потребовал инициатор или автор, либо истёк срок хранения.",
        "Мазмұны жойылды: бастамашы не авторы талап етті немесе сақтау мерзімі өтті.",
    )
    SUPERSEDED = Words(
        "Its author corrected this. Read the correction: {digest}…",
        "Автор это исправил. Прочтите исправление: {digest}…",
        "Авторы мұны түзетті. Түзетуді оқыңыз: {digest}…",
    )
    PASSED_ON = Words("Passed on by you", "Передано вами далее", "Сіз одан әрі бергеніңіз")
    WARN_READERS = Words(
        "You passed {digest}… on to {whom}, in exchange {exchange}. Its author has corrected it, "
        "called it back or erased it since. Warn them: agency announce-correction {exchange}. If "
        "it is answered already, send another referral.",
        "Вы передали {digest}… далее: {whom}, обмен {exchange}. С тех пор автор это исправил, "
        "отозвал или уничтожил. Предупредите их: agency announce-correction {exchange}. Если ответ "
        "уже дан, направьте новую передачу материалов.",
        "Сіз {digest}… одан әрі бердіңіз: {whom}, алмасу {exchange}. Содан бері авторы мұны "
        "түзетті, кері қайтарды немесе жойды. Оларға ескертіңіз: agency announce-correction "
        "{exchange}. Жауап берілген болса, материалдарды жаңадан беріңіз.",
    )
    CORRECT_FOR_READERS = Words(
        "You passed {digest}… on to {whom}, in exchange {exchange}. Its author has corrected it, "
        "called it back or erased it since. Correct what you said there: agency correct "
        "{exchange}.",
        "Вы передали {digest}… далее: {whom}, обмен {exchange}. С тех пор автор это исправил, "
        "отозвал или уничтожил. Исправьте сказанное там: agency correct {exchange}.",
        "Сіз {digest}… одан әрі бердіңіз: {whom}, алмасу {exchange}. Содан бері авторы мұны "
        "түзетті, кері қайтарды немесе жойды. Онда айтқаныңызды түзетіңіз: agency correct "
        "{exchange}.",
    )
    SEALED_TO_OTHERS = Words(
        "sealed to others", "зашифровано для других", "басқалар үшін шифрланған"
    )
    PART_FAULT = Words(
        "{part} cannot be read: {error}. Ask {whom}.",
        "{part} прочитать нельзя: {error}. Обратитесь в {whom}.",
        "{part} оқылмайды: {error}. Хабарласыңыз: {whom}.",
    )
    MISSING_SUBJECTS = Words(
        "declared: {declared} subjects; the content holds {found}",
        "заявлено лиц: {declared}; в содержании: {found}",
        "мәлімделген тұлғалар: {declared}; мазмұнында: {found}",
    )
    ATTACHMENT = Words(
        "attachment: {name}, {size} {size:byte|bytes}",
        "вложение: {name}, {size} {size:байт|байта|байт}",
        "қосымша: {name}, {size} байт",
    )
    SUPERVISOR_SEES = Words(
        "You see the statements that name your agency as a supervisor, and what each did to the "
        "legs. Approvals, deliveries and statements of other states' agencies are shown to the "
        "parties alone, so what is proven of a leg ends at the entry named; what the hub lists now "
        "is its word. An auditor of your state, or a party's `agency evidence export`, proves the "
        "rest.",
        "Вы видите заявления, в которых ваш орган указан надзирающим, и что каждое изменило на "
        "линиях. Одобрения, выдачи и заявления органов других государств показывают только "
        "сторонам, поэтому состояние линии доказано лишь на указанную запись; нынешнее состояние "
        "известно со слов узла. Остальное доказывает аудитор вашего государства или "
        "`agency evidence export` одной из сторон.",
        "Сіз органыңыз қадағалаушы ретінде көрсетілген мәлімдемелерді және олардың желілерде нені "
        "өзгерткенін көресіз. Мақұлдаулар, берулер және басқа мемлекеттер органдарының "
        "мәлімдемелері тараптарға ғана көрсетіледі, сондықтан желінің күйі көрсетілген жазбаға "
        "дейін ғана дәлелденген; қазіргі күйі тораптың айтуынша. Қалғанын мемлекетіңіздің аудиторы "
        "немесе тараптың `agency evidence export` файлы дәлелдейді.",
    )

    # --- Whose turn it is ----------------------------------------------------------------------

    DECIDE = Words("decide", "решите", "шешім қабылдаңыз")
    SUPPLEMENT = Words(
        "give what was asked, or the correction that you announced",
        "дайте уточнение или объявленное исправление",
        "нақтылап беріңіз немесе жарияланған түзетуді беріңіз",
    )
    READ_WHY = Words("read why, then close", "прочтите причину и закройте", "себебін оқып, жабыңыз")
    READ_WHY_OF_MEMBER = Words(
        "read why, then invite again or close this leg",
        "прочтите причину; пригласите снова или закройте эту линию",
        "себебін оқып, қайта шақырыңыз не осы желіні жабыңыз",
    )
    DECIDE_ON_CONSENT = Words(
        "decide on the request for consent",
        "решите по запросу согласия",
        "келісім сұрауы бойынша шешім қабылдаңыз",
    )
    CONSENT_WANTED = Words(
        "{who} asks to pass on to {authority}: {purpose}",
        "{who} просит передать в {authority}: {purpose}",
        "{who} {authority} органына беруді сұрайды: {purpose}",
    )
    OPEN_IT = Words("open it", "откройте", "ашыңыз")
    ANSWER = Words("answer", "ответьте", "жауап беріңіз")
    MIND_THE_FREEZE = Words(
        "extend, convert or lift the freeze before it ends",
        "продлите, преобразуйте или снимите замораживание до его конца",
        "қатыруды біткенге дейін ұзартыңыз, түрлендіріңіз немесе алып тастаңыз",
    )
    RECORD_EXPIRY = Words(
        "the freeze has ended: put that on record, or what took its place",
        "замораживание закончилось: внесите запись об этом или о том, что его заменило",
        "қатыру аяқталды: оны немесе орнына келген шараны тіркеңіз",
    )
    NO_ANSWER_CAME = Words(
        "no answer came in time: say so",
        "ответа в срок нет: сообщите об этом",
        "мерзімінде жауап келмеді: бұл туралы хабарлаңыз",
    )
    DO_THE_TASK = Words("do your task", "выполните задание", "тапсырманы орындаңыз")
    TASK_NOT_DONE = Words(
        "a task is not done in time: say so",
        "задание в срок не выполнено: сообщите об этом",
        "тапсырма мерзімінде орындалмады: бұл туралы хабарлаңыз",
    )
    TAKE_PART = Words("take part in the case", "участвуйте в деле", "іске қатысыңыз")
    READ_ANSWER = Words(
        "read the answer, give feedback, close",
        "прочтите ответ, дайте отзыв, закройте",
        "жауапты оқып, пікір беріп, жабыңыз",
    )
    CLOSE = Words("close", "закройте", "жабыңыз")
    YOUR_TURN = Words("your turn: {step}", "ваша очередь: {step}", "сіздің кезегіңіз: {step}")
    WAITS_FOR = Words("waits for {whom}", "ожидается: {whom}", "күтілуде: {whom}")
    POSSIBLE_NOW = Words(
        "possible now: {commands}", "сейчас возможно: {commands}", "қазір мүмкін: {commands}"
    )
    FOR_OTHERS_OF_YOURS = Words(
        "{step} (for others of your agency: your role may not)",
        "{step} (для других в вашем органе: ваша роль этого не может)",
        "{step} (органыңыздағы басқаларға: рөліңіз рұқсат бермейді)",
    )
    AN_APPROVER = Words("an approver", "одобряющий орган", "мақұлдаушы орган")

    # --- Lists ---------------------------------------------------------------------------------

    NOTHING_ADDRESSED = Words(
        "Nothing is addressed to your agency.",
        "Вашему органу ничего не адресовано.",
        "Органыңызға ештеңе жолданбаған.",
    )
    NOTHING_OPENED = Words(
        "Your agency has opened nothing.",
        "Ваш орган ничего не начинал.",
        "Органыңыз ештеңе бастаған жоқ.",
    )
    NOTHING_PENDING = Words(
        "Nothing waits for your approval.",
        "Вашего одобрения ничего не ожидает.",
        "Мақұлдауыңызды ештеңе күтіп тұрған жоқ.",
    )
    NOTHING_SUPERVISED = Words(
        "Nothing is supervised by you.",
        "Под вашим надзором ничего нет.",
        "Қадағалауыңызда ештеңе жоқ.",
    )
    NOTHING_DUE = Words(
        "No time runs that concerns your agency.",
        "Нет сроков, которые касаются вашего органа.",
        "Органыңызға қатысты мерзім жоқ.",
    )
    MINE_TO_DO = Words(
        "Your agency is to act:", "Должен действовать ваш орган:", "Сіздің орган әрекет етуі тиіс:"
    )
    OWED_TO_YOU = Words(
        "Others owe your agency:", "Должны вашему органу:", "Сіздің органға тиесілі:"
    )
    TIME_USED = Words("time used", "использовано", "пайдаланылды")
    SIMILAR_BY = Words(
        "similar, differs by letters: {number}",
        "похоже, отличается букв: {number}",
        "ұқсас, айырмашылық әріп: {number}",
    )
    TIMES = Words("times that run", "текущие сроки", "ағымдағы мерзімдер")
    CLOCK = Words("time", "срок", "мерзім")
    FREEZE_ENDS_WITHIN = Words(
        "the freeze ends within {hours} h",
        "замораживание закончится менее чем через {hours} ч",
        "қатыру {hours} сағаттан кем уақытта аяқталады",
    )
    JUDGE_AWAITED = Words(
        "a judge is awaited since {time}",
        "разрешение суда ожидается с {time}",
        "сот рұқсаты {time} бастап күтілуде",
    )
    CALENDAR_MISSING = Words(
        "calendar of {years} not published: only Saturdays and Sundays left out",
        "календарь на {years} не опубликован: исключены только субботы и воскресенья",
        "{years} күнтізбесі жарияланбаған: тек сенбі мен жексенбі алынып тасталды",
    )
    YEAR = Words("year", "год", "жыл")
    DAYS_OFF = Words("days off", "нерабочие дни", "демалыс күндері")
    NO_CALENDAR = Words(
        "No calendar is published.", "Календари не опубликованы.", "Күнтізбе жарияланбаған."
    )
    OTHER_STATES = Words(
        "all states without one of their own",
        "все государства без собственного",
        "өз мерзімі жоқ барлық мемлекет",
    )
    NO_STATE = Words("agencies of no state", "органы вне государств", "мемлекетсіз органдар")
    LIMITS_STAND = Words(
        "All of it stands already.", "Всё это уже действует.", "Мұның бәрі қолданыста."
    )
    NOTHING_TO_DO = Words(
        "Nothing waits for your agency.",
        "Вашего органа ничего не ожидает.",
        "Органыңызды ештеңе күтіп тұрған жоқ.",
    )
    NOTHING_OVERDUE = Words("Nothing is overdue.", "Просроченного нет.", "Мерзімі өткені жоқ.")
    NOTHING_IN_STATE = Words(
        "Nothing is in this state.", "В этом состоянии ничего нет.", "Бұл күйде ештеңе жоқ."
    )
    NOTHING_FOUND = Words(
        "This profile knows of no exchange with these words.",
        "Этому профилю обмен с такими словами не известен.",
        "Бұл профильге мұндай сөздері бар алмасу белгісіз.",
    )
    NOTHING = Words("Nothing.", "Ничего.", "Ештеңе жоқ.")

    # --- What came of a statement --------------------------------------------------------------

    RECEIPT_KEPT = Words(
        "{done}. The hub's receipt is verified and kept.",
        "{done}. Квитанция узла проверена и сохранена.",
        "{done}. Тораптың түбіртегі тексерілді және сақталды.",
    )
    SENT = Words("{what}: sent", "{what}: отправлено", "{what}: жіберілді")
    NOT_SENT_YET = Words(
        "Not sent yet: {why}. Your statement is kept in the outbox; `agency outbox flush` sends it "
        "once the hub takes it, `agency outbox withdraw {id}` takes it back.",
        "Ещё не отправлено: {why}. Заявление сохранено в исходящих; `agency outbox flush` отправит "
        "его, когда узел его примет, `agency outbox withdraw {id}` отзовёт его.",
        "Әлі жіберілген жоқ: {why}. Мәлімдеме шығыс қалтасында сақталды; торап қабылдағанда "
        "`agency outbox flush` оны жібереді, `agency outbox withdraw {id}` кері алады.",
    )
    HELD_NEEDS_ONE = Words(
        "needs 1 approval by {whom}",
        "нужно одно одобрение, даёт {whom}",
        "бір мақұлдау қажет, беретін {whom}",
    )
    HELD_NEEDS = Words(
        "needs {number} {number:approval|approvals} by {whom}",
        "нужно одобрений: {number}, даёт {whom}",
        "қажет мақұлдау саны: {number}, беретін {whom}",
    )
    HELD_NEEDS_FURTHER = Words(
        "needs a further approval, by another person; {number} in all",
        "нужно ещё одно одобрение, даёт другое лицо; всего {number}",
        "тағы бір мақұлдау қажет, оны басқа тұлға береді; барлығы {number}",
    )
    FLOWS_AT_ONCE = Words("flows at once", "передано сразу", "бірден берілді")
    COPIES = Words(
        "Copies of the brief by rule: {whom}",
        "Копии краткого изложения по правилу: {whom}",
        "Қысқаша мазмұнның көшірмелері ереже бойынша: {whom}",
    )

    # --- The outbox ----------------------------------------------------------------------------

    OUTBOX_EMPTY = Words("The outbox is empty.", "Исходящих нет.", "Шығыс қалтасы бос.")
    WAITS = Words("waits", "ожидает отправки", "жіберуді күтуде")
    WAITS_BECAUSE = Words("waits: {why}", "ожидает: {why}", "күтуде: {why}")
    SENT_ENTRY = Words(
        "sent, log entry {entry}",
        "отправлено, запись журнала {entry}",
        "жіберілді, журнал жазбасы {entry}",
    )
    REFUSED_BECAUSE = Words("refused, {why}", "отклонено, {why}", "қабылданбады, {why}")
    WITHDRAWN = Words(
        "Withdrawn: statement {id} was removed from the outbox and will not be sent.",
        "Отозвано: заявление {id} удалено из исходящих и отправлено не будет.",
        "Кері алынды: {id} мәлімдемесі шығыс қалтасынан алынды, жіберілмейді.",
    )
    DISMISSED = Words(
        "Removed: the hub refused statement {id}, and it stands in the outbox no more.",
        "Убрано: узел отклонил заявление {id}, в исходящих его больше нет.",
        "Алынды: торап {id} мәлімдемесін қабылдамаған, ол шығыс қалтасында енді жоқ.",
    )
    REPEATS = Words(
        "The same was sent {span} ago ({where} {id}). Send it again?",
        "То же самое отправлено {span} назад ({where} {id}). Отправить ещё раз?",
        "Дәл осы {span} бұрын жіберілген ({where} {id}). Қайта жіберу керек пе?",
    )
    REPEATED = Words(
        "warning: the same was sent {span} ago ({where} {id})",
        "внимание: то же самое отправлено {span} назад ({where} {id})",
        "назар аударыңыз: дәл осы {span} бұрын жіберілген ({where} {id})",
    )

    # --- Cases and finding ---------------------------------------------------------------------

    CASE = Words("case", "дело", "іс")
    TITLE = Words("title", "название", "атауы")
    EXCHANGES = Words("exchanges", "обмены", "алмасулар")
    NO_CASES = Words(
        "No exchange is linked to a case: `agency case link` does it.",
        "Ни один обмен не связан с делом: это делает `agency case link`.",
        "Ешбір алмасу іске байланыстырылмаған: оны `agency case link` жасайды.",
    )
    LINKED = Words(
        "Linked to case {case}: {number} of its exchanges.",
        "Связано с делом {case}; его обменов: {number}.",
        "{case} ісіне байланыстырылды; оның алмасулары: {number}.",
    )
    UNLINKED = Words(
        "Taken out of case {case}: {number} of its exchanges are left.",
        "Исключено из дела {case}; осталось обменов: {number}.",
        "{case} ісінен шығарылды; қалған алмасулар: {number}.",
    )
    CASE_CLOSED = Words(
        "Taken out of case {case}: no exchange is left, so it is listed no more.",
        "Исключено из дела {case}: обменов не осталось, в списке его больше нет.",
        "{case} ісінен шығарылды: алмасу қалмады, тізімде ол енді жоқ.",
    )
    NOT_SHOWN = Words("not shown: {why}", "не показано: {why}", "көрсетілмеді: {why}")
    FOUND_IN = Words("found in", "найдено в", "қайдан табылды")
    IN_REFERENCE = Words("reference", "номер", "нөмір")
    IN_SUMMARY = Words("summary", "суть", "мазмұны")
    IN_NAME = Words("name", "имя", "аты")
    IN_ACCOUNT = Words("account", "счёт", "шот")
    IN_IDENTIFIER = Words("identifier", "идентификатор", "сәйкестендіргіш")
    IN_CONTACT = Words("contact", "контакт", "байланыс")
    IN_FILE = Words("file", "файл", "файл")
    SEARCHED = Words(
        "Searched: {number} {number:exchange|exchanges} that this profile opened or sent. "
        "`agency search --unopened` lists the others: nothing of them is known here.",
        "Просмотрено обменов, которые этот профиль открыл или отправил: {number}. Остальные "
        "перечислит `agency search --unopened`: об их содержании здесь ничего не известно.",
        "Осы профиль ашқан не жіберген алмасулардан іздестірілді: {number}. Қалғанын "
        "`agency search --unopened` тізеді: олардың мазмұны мұнда белгісіз.",
    )
    NOT_ALL_TERMS = Words(
        "NOT ALL: only the first {most} names and numbers are known of {ids}",
        "НЕ ВСЁ: известны только первые {most} имён и номеров обменов {ids}",
        "БӘРІ ЕМЕС: {ids} алмасуларының алғашқы {most} аты мен нөмірі ғана белгілі",
    )
    ADD_A_WORD = Words(
        "and {number} older {number:one|ones}: add a word",
        "и более старых: {number}; добавьте слово",
        "және бұдан ескілері: {number}; сөз қосыңыз",
    )
    NOTHING_UNOPENED = Words(
        "This profile opened or sent every exchange that you see.",
        "Этот профиль открыл или отправил все обмены, которые вы видите.",
        "Осы профиль сіз көретін алмасулардың бәрін ашқан не жіберген.",
    )

    NOT_OPENED = Words(
        "Entries that this auditor may not open, and that are not listed: {number}.",
        "Записей, которые этот аудитор не вправе открыть; в списке их нет: {number}.",
        "Осы аудитор аша алмайтын, тізімде жоқ жазбалар: {number}.",
    )

    UNREAD_SAID = Words("new: {what}", "новое: {what}", "жаңа: {what}")
    LAST_SAID = Words("last said: {what}", "последнее: {what}", "соңғысы: {what}")
    READ_WHAT_CAME = Words("read what came", "прочтите новое", "жаңасын оқыңыз")
    IN_HAND = Words(
        "in hand of {who} since {time}", "у {who} с {time}", "{who} қолында, {time} бастап"
    )

    # --- Own holdings --------------------------------------------------------------------------

    HOLDING = Words("set", "набор", "жинақ")
    IMPORTED_AT = Words("imported", "загружено", "жүктелді")
    NO_HOLDINGS = Words(
        "No records were imported: `agency holdings import` does it.",
        "Сведения не загружены: это делает `agency holdings import`.",
        "Мәліметтер жүктелмеген: оны `agency holdings import` жасайды.",
    )
    IMPORTED = Words(
        "Imported into {name}: {number} {number:entity|entities}.",
        "Загружено в {name}: {number} {number:объект|объекта|объектов}.",
        "{name} жинағына {number} нысан жүктелді.",
    )
    FORGOTTEN = Words(
        "Removed from this machine: {name}.",
        "Удалено с этой машины: {name}.",
        "Осы машинадан жойылды: {name}.",
    )
    SUBJECT = Words("subject", "объект запроса", "сұрау нысаны")
    MATCH = Words("match", "совпадение", "сәйкестік")
    OWN_RECORD = Words("own record", "собственная запись", "өз жазбасы")
    WHY = Words("why", "почему", "неге")
    EXACT = Words("exact", "точное", "дәл")
    STRONG = Words("strong", "сильное", "күшті")
    POSSIBLE = Words("possible", "возможное", "ықтимал")
    NO_MATCH = Words(
        "Nothing matches your own records.",
        "Совпадений с собственными сведениями нет.",
        "Өз мәліметтеріңізбен сәйкестік жоқ.",
    )
    COMPARED = Words(
        "Exchanges compared, on this machine alone: {number}.",
        "Обменов сверено, только на этой машине: {number}.",
        "Салыстырылған алмасулар, тек осы машинада: {number}.",
    )

    # --- The audit -----------------------------------------------------------------------------

    LOG = Words("log", "журнал", "журнал")
    CHECKPOINT = Words("checkpoint", "контрольная точка", "бақылау нүктесі")
    TREE = Words(
        "{size} {size:entry|entries}, root {root}",
        "{size} {size:запись|записи|записей}, корень {root}",
        "{size} жазба, түбірі {root}",
    )
    THIS_RUN = Words("this run", "эта проверка", "осы тексеру")
    EVERY_ENTRY = Words(
        "every entry, from the first on",
        "все записи, с первой",
        "барлық жазба, біріншісінен бастап",
    )
    NOTHING_NEW = Words(
        "nothing new; every entry was checked before",
        "нового нет; все записи проверены раньше",
        "жаңасы жоқ; барлық жазба бұрын тексерілген",
    )
    ENTRIES_FROM = Words(
        "entries from {first} on; those before were checked before",
        "записи с {first}; прежние проверены раньше",
        "{first}-жазбадан бастап; бұрынғылары бұрын тексерілген",
    )
    OPENED = Words("opened", "открыто", "ашылды")
    OPENED_OF = Words(
        "{opened} of {size} {size:entry|entries}",
        "{opened} из {size} {size:записи|записей|записей}",
        "{size} жазбадан {opened}",
    )
    OPENED_PARTLY = Words(
        "{opened} (what this auditor may open; the tree was checked as a whole)",
        "{opened} (что вправе открыть этот аудитор; дерево проверено целиком)",
        "{opened} (осы аудитор аша алатыны; ағаш тұтас тексерілді)",
    )
    REPLAYED = Words("replayed", "пересчитано", "қайта есептелді")
    EXCHANGES_AGENCIES = Words(
        "{exchanges} {exchanges:exchange|exchanges}, {agencies} {agencies:agency|agencies}",
        "{exchanges} {exchanges:обмен|обмена|обменов}, {agencies} {agencies:орган|органа|органов}",
        "{exchanges} алмасу, {agencies} орган",
    )
    LAST_ENTRY = Words("last entry", "последняя запись", "соңғы жазба")
    OVERDUE = Words("overdue", "просрочено", "мерзімі өткен")
    ANSWERED_LATE = Words("answered late", "отвечено с опозданием", "кешігіп жауап берілген")
    TOOK = Words("took", "заняло", "уақыты")
    RATE = Words(
        "{seconds} s, {rate} entries a second",
        "{seconds} с, записей в секунду: {rate}",
        "{seconds} с, секундына жазба: {rate}",
    )
    ENTRIES = Words("entries", "записи", "жазбалар")
    EVENT = Words("event", "событие", "оқиға")
    COUNT = Words("count", "число", "саны")
    READINGS = Words("what auditors read", "что прочли аудиторы", "аудиторлар не оқыды")
    AUDITORS_OF = Words("auditors of", "аудиторы", "аудиторлары")
    ENTRIES_READ = Words("entries read", "прочитанные записи", "оқылған жазбалар")
    CLEAN = Words(
        "Clean: the log is whole and signed, and every rule was kept.",
        "Нарушений нет: журнал цел и подписан, все правила соблюдены.",
        "Бұзушылық жоқ: журнал бүтін, қол қойылған, барлық ереже сақталған.",
    )
    CLEAN_PARTLY = Words(
        "Clean: the log is whole and signed, and every rule was kept on the entries that were "
        "opened.",
        "Нарушений нет: журнал цел и подписан, на открытых записях все правила соблюдены.",
        "Бұзушылық жоқ: журнал бүтін, қол қойылған, ашылған жазбаларда барлық ереже сақталған.",
    )
    VIOLATIONS = Words("violations", "нарушения", "бұзушылықтар")
    WHAT_CONVICTS = Words(
        "The proof: the hub's signature over the checkpoint of {size} {size:entry|entries} with "
        "the root {root}, and the entries named above in its tree.",
        "Чем это доказано: подписью узла под контрольной точкой из {size} "
        "{size:записи|записей|записей} с корнем {root} и названными выше записями в её дереве.",
        "Дәлелі: {size} жазбадан тұратын, түбірі {root} бақылау нүктесіндегі тораптың қолы және "
        "оның ағашындағы жоғарыда аталған жазбалар.",
    )
    TO_DO_WITH_VIOLATIONS = Words(
        "Keep this output, the profile's folder and the copy, if it is one: they are evidence. "
        "Send this output to the centre's auditor, and ask the hub's operator. What the reason "
        "means, docs/auditing.md says.",
        "Сохраните этот вывод, папку профиля и копию, если проверялась она: это доказательства. "
        "Отправьте вывод аудитору центра и спросите оператора узла. Что значит причина, сказано в "
        "docs/auditing.md.",
        "Осы шығысты, профиль қалтасын және көшірме тексерілсе, оны сақтаңыз: бұлар айғақ. "
        "Шығысты орталықтың аудиторына жіберіп, торап операторынан сұраңыз. Себептің мәнін "
        "docs/auditing.md айтады.",
    )
    FAULTS_OF_COPY = Words("Faults of the copy", "Изъяны копии", "Көшірменің ақаулары")
    TORN_COPY = Words(
        "Torn copy: it does not fit together and cannot be checked. This says nothing of the hub: "
        "no signature covers the faults above.",
        "Копия разорвана: её части не подходят друг к другу, и проверить её нельзя. Об узле это "
        "ничего не говорит: подпись не охватывает названные изъяны.",
        "Көшірме бүлінген: бөліктері бір-біріне сәйкес емес, оны тексеру мүмкін емес. Бұл торап "
        "туралы ештеңе айтпайды: аталған ақауларды ешқандай қолтаңба қамтымайды.",
    )
    INCOMPLETE = Words(
        "Incomplete: the copy holds {size} {size:entry|entries} in good order, and the log is "
        "known to have {known} or more.",
        "Неполная копия: в ней {size} {size:запись|записи|записей} в исправном виде; известно, что "
        "в журнале их не менее {known}.",
        "Толық емес: көшірмеде {size} жазба бар, олар дұрыс; журналда кемінде {known} жазба "
        "екені белгілі.",
    )
    TAKE_AGAIN = Words(
        "Take the copy again, with `exchange-server backup`, or from a hub that is stopped.",
        "Снимите копию заново: командой `exchange-server backup` или с остановленного узла.",
        "Көшірмені қайта жасаңыз: `exchange-server backup` командасымен немесе тоқтатылған "
        "тораптан.",
    )
    SIZE_UNKNOWN = Words(
        "Whether the log has more entries than this copy is not known here: a checkpoint of the "
        "hub or of a witness says it (--checkpoint).",
        "Есть ли в журнале записи сверх этой копии, здесь неизвестно: об этом говорит "
        "контрольная точка узла или свидетеля (--checkpoint).",
        "Журналда осы көшірмеден тыс жазбалар бар-жоғы белгісіз: оны тораптың немесе куәгердің "
        "бақылау нүктесі айтады (--checkpoint).",
    )
    CLOCK_BEHIND = Words(
        "The clock of this computer says {now}, but the last entry was made at {at}: one of two "
        "clocks is wrong. Set this one; if it is right, tell the hub's operator.",
        "Часы этого компьютера показывают {now}, а последняя запись сделана {at}: одни из двух "
        "часов неверны. Поставьте эти; если они верны, сообщите оператору узла.",
        "Осы компьютердің сағаты {now} көрсетеді, ал соңғы жазба {at} жасалған: екі сағаттың бірі "
        "қате. Осы сағатты түзетіңіз; ол дұрыс болса, тораптың операторына хабарлаңыз.",
    )
    CLOCK_AHEAD = Words(
        "The clock of this computer says {now}, but an entry that came since the look before was "
        "made at {at}: one of two clocks is wrong. Set this one; if it is right, tell the hub's "
        "operator.",
        "Часы этого компьютера показывают {now}, а запись, появившаяся после прошлой проверки, "
        "сделана {at}: одни из двух часов неверны. Поставьте эти; если они верны, сообщите "
        "оператору узла.",
        "Осы компьютердің сағаты {now} көрсетеді, ал алдыңғы тексеруден кейін пайда болған жазба "
        "{at} жасалған: екі сағаттың бірі қате. Осы сағатты түзетіңіз; ол дұрыс болса, тораптың "
        "операторына хабарлаңыз.",
    )
    CLOCK_QUIET = Words(
        "The clock of this computer says {now}, and the last entry was made at {at}: nobody wrote "
        "for a month, or this clock is ahead, or the hub shows an old state of the log.",
        "Часы этого компьютера показывают {now}, а последняя запись сделана {at}: месяц никто не "
        "писал, или эти часы спешат, или узел показывает старое состояние журнала.",
        "Осы компьютердің сағаты {now} көрсетеді, ал соңғы жазба {at} жасалған: бір ай ешкім "
        "жазбаған, не осы сағат озып тұр, не торап журналдың ескі күйін көрсетеді.",
    )
    ROUND = Words(
        "entries {first} to {size}: clean; {overdue} {overdue:leg|legs} overdue, {late} answered "
        "late",
        "записи с {first} по {size}: нарушений нет; просрочено линий: {overdue}, отвечено с "
        "опозданием: {late}",
        "{first}–{size} жазбалар: бұзушылық жоқ; мерзімі өткен желілер: {overdue}, кешігіп жауап "
        "берілген: {late}",
    )
    RECEIPTS_NONE = Words("No receipts.", "Квитанций нет.", "Түбіртектер жоқ.")
    WITNESSED = Words("witnessed", "заверено свидетелями", "куәлар растаған")
    COSIGNED = Words(
        "cosigned the tree of {size} {size:entry|entries}",
        "подписано дерево из {size} {size:записи|записей|записей}",
        "{size} жазбадан тұратын ағашқа қол қойылды",
    )
    WITNESSED_BY = Words(
        "Witnessed: the first {size} {size:entry|entries}, by {names}",
        "Заверено свидетелями: первые записи, числом {size}; {names}",
        "Куәлар растаған: алғашқы {size} жазба; {names}",
    )
    NOT_WITNESSED = Words(
        "Not witnessed yet: too few of the profile's witnesses have cosigned.",
        "Ещё не заверено: подписей свидетелей из профиля недостаточно.",
        "Әлі расталмаған: профильдегі куәлардың қолдары жеткіліксіз.",
    )
    VALID = Words(
        "valid {start} to {end}", "действует с {start} по {end}", "{start} – {end} жарамды"
    )
    NOT_VALID_NOW = Words("not valid now", "сейчас недействителен", "қазір жарамсыз")
    REVOKED_SINCE = Words("revoked since {time}", "отозван {time}", "{time} кері қайтарылған")
    NOT_YET = Words("not yet", "ещё нет", "әлі жоқ")

    # --- The directory -------------------------------------------------------------------------

    OF_NO_STATE = Words("international", "международный орган", "халықаралық орган")
    KINDS_TAKEN = Words("takes", "принимает", "қабылдайды")
    EVERY_KIND = Words("every kind", "все виды", "барлық түрі")
    LANGUAGES_TAKEN = Words("languages", "языки", "тілдер")
    ANY = Words("any", "любые", "кез келген")
    LARGEST_PART = Words("largest part", "наибольшая часть", "ең үлкен бөлік")
    UP_TO = Words("up to {most}", "до {most}", "{most} дейін")
    NUMBER_BYTES = Words(
        "{number} {number:byte|bytes}", "{number} {number:байт|байта|байт}", "{number} байт"
    )
    AS_THE_HUB_TAKES = Words("what the hub takes", "сколько примет узел", "торап қабылдағанша")
    WORKING_HOURS = Words("working hours", "часы работы", "жұмыс уақыты")
    DUTY_CONTACT = Words("duty contact", "дежурный", "кезекші")
    NOT_PUBLISHED = Words("not published", "не опубликовано", "жарияланбаған")
    SIGNATURES = Words("signatures", "подписи", "қолтаңбалар")
    BOTH_SIGNATURES = Words(
        "each statement needs a post-quantum signature too",
        "каждому заявлению нужна и постквантовая подпись",
        "әр мәлімдемеге постквантты қолтаңба да керек",
    )
    RETIRED = Words(
        "retired: takes part in no new exchange",
        "выведен: в новых обменах не участвует",
        "шығарылған: жаңа алмасуларға қатыспайды",
    )
    WITHOUT_SEALING_KEY = Words(
        "no sealing key: nothing can be encrypted for it",
        "нет ключа шифрования: для него нельзя зашифровать",
        "шифрлау кілті жоқ: оған арнап шифрлауға болмайды",
    )

    # --- Evidence ------------------------------------------------------------------------------

    WRITTEN_TO = Words("Written to {file}.", "Записано в {file}.", "{file} файлына жазылды.")
    KEPT_SEALED = Words(
        "its words stay sealed: their handling keeps them out of court, and an approver or a "
        "supervisor is not asked for consent. Its decision is proved all the same.",
        "текст остаётся зашифрованным: режим не допускает его в суд, а у одобряющего или "
        "надзирающего органа согласия не просят. Само решение всё равно доказано.",
        "мәтіні шифрланған күйінде қалады: режимі оны сотқа жібермейді, ал мақұлдаушы не "
        "қадағалаушы органнан келісім сұралмайды. Шешімнің өзі бәрібір дәлелденген.",
    )
    ROOT_BY_ANOTHER_WAY = Words(
        "Give the root certificate and the log key by another way.",
        "Корневой сертификат и ключ журнала передайте другим путём.",
        "Түбірлік сертификат пен журнал кілтін басқа жолмен беріңіз.",
    )
    WITNESSES_BY_ANOTHER_WAY = Words(
        "Give the root certificate, the log key and the witnesses' keys by another way.",
        "Корневой сертификат, ключ журнала и ключи свидетелей передайте другим путём.",
        "Түбірлік сертификатты, журнал кілтін және куәлардың кілттерін басқа жолмен беріңіз.",
    )
    VERIFIED_ALL = Words(
        "Verified: all of it, account.html too.",
        "Проверено всё, включая account.html.",
        "Бәрі тексерілді, account.html де.",
    )
    ACCOUNT_DIFFERS = Words(
        "Everything above is verified, but account.html in the file does not say the same (it is "
        "altered, or of another version): do not read it; --account writes one.",
        "Всё выше проверено, но account.html в файле говорит иное (изменён или другой версии): не "
        "читайте его; --account запишет новый.",
        "Жоғарыдағының бәрі тексерілді, бірақ файлдағы account.html басқаны айтады (өзгертілген "
        "немесе басқа нұсқадағы): оны оқымаңыз; --account жаңасын жазады.",
    )
    EXPORTED_BY = Words("exported by", "выгрузил", "шығарған")
    FILES_WORD = Words(
        "{who}, {time} (the file's word)",
        "{who}, {time} (со слов файла)",
        "{who}, {time} (файлдың айтуынша)",
    )
    SEEN_AS = Words("seen as", "роль выгрузившего", "шығарушының рөлі")
    DIRECTORY = Words("directory", "справочник", "анықтамалық")
    NUMBER_ENTRIES = Words(
        "{number} {number:entry|entries}",
        "{number} {number:запись|записи|записей}",
        "{number} жазба",
    )
    WITNESSES = Words("witnesses", "свидетели", "куәлар")
    TIME_STAMP = Words("time stamp", "штамп времени", "уақыт белгісі")
    UNVERIFIED_SIGNATURES = Words(
        "NOT VERIFIED: {number} other {number:signature|signatures} on the checkpoint; --witness "
        "with {number:its key would verify it|their keys would verify them}",
        "НЕ ПРОВЕРЕНО: прочих подписей на контрольной точке {number}; их проверит --witness с их "
        "ключами",
        "ТЕКСЕРІЛМЕГЕН: бақылау нүктесіндегі өзге қолдар саны {number}; оларды кілттерімен "
        "--witness тексереді",
    )
    STAMPED = Words(
        "the checkpoint was there {time}, says {authority}",
        "контрольная точка существовала {time}, свидетельствует {authority}",
        "бақылау нүктесі {time} бар болған, растаушы {authority}",
    )
    UNVERIFIED_STAMP = Words(
        "NOT VERIFIED: --tsa-root with its authority's root would verify it",
        "НЕ ПРОВЕРЕНО: его проверит --tsa-root с корнем его центра",
        "ТЕКСЕРІЛМЕГЕН: оны орталығының түбірімен --tsa-root тексереді",
    )
    PROVED = Words("proved", "доказано", "дәлелденді")
    RULES = Words("rules", "правила", "ережелер")
    DISCLOSED = Words("disclosed", "раскрыто", "ашылған")
