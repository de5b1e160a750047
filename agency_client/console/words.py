"""The console's own words, in English, Russian and Kazakh.

Words for codes stand with the codes, words for facts in `agency_client.presentation`; none of them
stands here again. A test checks that, that no language lacks a word, that a phrase has the same
places in all, and that templates hold no text of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from agency_client.presentation.labels import Label
from agency_client.presentation.words import say
from exchange_protocol.kinds.acts import Act
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Language
from exchange_protocol.words import Words


class Word(Enum):
    """A word or a phrase of a page."""

    _value_: Words
    value: Words

    # --- Every page ----------------------------------------------------------------------------

    CONSOLE = Words("Exchange console", "Консоль обмена", "Алмасу консолі")
    SKIP = Words("Skip to the content", "Перейти к содержанию", "Мазмұнына өту")
    LANGUAGE = Words("Language", "Язык", "Тіл")
    ENGLISH = Words("English", "English", "English")
    RUSSIAN = Words("Русский", "Русский", "Русский")
    KAZAKH = Words("Қазақша", "Қазақша", "Қазақша")
    THEME = Words("Colours", "Цвета", "Түстер")
    THEME_LIGHT = Words("Light", "Светлые", "Ашық")
    THEME_DARK = Words("Dark", "Тёмные", "Күңгірт")
    THEME_SYSTEM = Words("As the system", "Как в системе", "Жүйедегідей")
    LOCK = Words("Lock", "Заблокировать", "Құлыптау")
    SIGNED_IN_AS = Words("You act as", "Вы действуете как", "Сіз мына атынан әрекет етесіз")
    MENU = Words("Sections", "Разделы", "Бөлімдер")

    HELP = Words("Help for this page", "Справка по странице", "Бет бойынша анықтама")
    KEYS = Words("Keys", "Клавиши", "Пернелер")
    KEYS_SHEET = Words("Keyboard", "Клавиатура", "Пернетақта")
    KEY_HELP = Words("this sheet", "эта справка", "осы анықтама")
    KEYS_ON = Words("Keys on", "Включить клавиши", "Пернелерді қосу")
    KEYS_OFF = Words("Keys off", "Выключить клавиши", "Пернелерді өшіру")
    CLOSE_SHEET = Words("Close", "Закрыть", "Жабу")

    # --- The entrance --------------------------------------------------------------------------

    ENTER_TITLE = Words("Enter the console", "Вход в консоль", "Консольге кіру")
    ENTER_WHY = Words(
        "Open the link that the terminal shows, or type its code here. A code works once.",
        "Откройте ссылку, показанную в терминале, или введите её код. Код действует один раз.",
        "Терминалда көрсетілген сілтемені ашыңыз немесе кодын теріңіз. Код бір рет қана жарамды.",
    )
    CODE = Words("Code", "Код", "Код")
    ENTER = Words("Enter", "Войти", "Кіру")
    CODE_WRONG = Words(
        "This code is wrong, or it was used before. If you did not use it, someone else on this "
        "computer did: stop the console in its terminal, start it again, and tell your "
        "administrator.",
        "Код неверен или уже использован. Если это были не вы, его использовал кто-то другой на "
        "этом компьютере: остановите консоль в терминале, запустите снова и сообщите "
        "администратору.",
        "Код қате немесе бұрын пайдаланылған. Егер оны сіз пайдаланбасаңыз, осы компьютердегі "
        "басқа біреу пайдаланған: консольді терминалда тоқтатып, қайта іске қосыңыз және "
        "әкімшіге хабарлаңыз.",
    )

    # --- Faults --------------------------------------------------------------------------------

    FAULT_TITLE = Words("This could not be done", "Это не удалось сделать", "Бұл орындалмады")
    FAULT_DISHONEST = Words(
        "The hub's answer does not verify",
        "Ответ узла не прошёл проверку",
        "Тораптың жауабы тексеруден өтпеді",
    )
    FAULT_DISHONEST_DO = Words(
        "Nothing of the answer is shown and nothing can be decided on it. Do not try again and "
        "again: keep what stands below, and tell your administrator and the auditors.",
        "Ничего из ответа не показано, и решать по нему нельзя. Не повторяйте попытки: сохраните "
        "написанное ниже и сообщите администратору и аудиторам.",
        "Жауаптан ештеңе көрсетілмейді және ол бойынша шешім қабылдауға болмайды. Қайта-қайта "
        "әрекет жасамаңыз: төмендегіні сақтап, әкімші мен аудиторларға хабарлаңыз.",
    )
    FAULT_DATA = Words(
        "Another agency's data does not verify",
        "Данные другого органа не прошли проверку",
        "Басқа органның деректері тексеруден өтпеді",
    )
    FAULT_DETAIL = Words(
        "Technical detail, in English",
        "Техническая подробность (на английском)",
        "Техникалық мәлімет (ағылшынша)",
    )
    PART_UNREAD = Words(
        "{part} cannot be read. Ask {whom}.",
        "Не удаётся прочитать: {part}. Обратитесь в {whom}.",
        "Оқылмайды: {part}. Хабарласыңыз: {whom}.",
    )
    FAULT_FIELD = Words("Field", "Поле", "Өріс")
    FAULT_UNKNOWN = Words(
        "The console failed. Its terminal says where; the content of your work is not written "
        "there.",
        "Сбой консоли. Место сбоя указано в терминале; содержание вашей работы туда не пишется.",
        "Консоль істен шықты. Терминалда қай жерде екені жазылған; жұмысыңыздың мазмұны онда "
        "жазылмайды.",
    )
    LOCKED = Words(
        "The console is locked. Nothing was sent. Enter it again with the new link of the "
        "terminal. What you wrote is among the drafts, as it was kept last.",
        "Консоль заблокирована. Ничего не отправлено. Войдите снова по новой ссылке из терминала. "
        "Написанное вами лежит в черновиках в последнем сохранённом виде.",
        "Консоль құлыпталды. Ештеңе жіберілмеді. Терминалдағы жаңа сілтемемен қайта кіріңіз. "
        "Жазғаныңыз соңғы сақталған күйінде жобаларда тұр.",
    )
    LOCKED_HERE = Words(
        "The console is locked. Nothing was sent, and what you wrote still stands here. Enter with "
        "the new link of the terminal in another tab, then press the button here again.",
        "Консоль заблокирована. Ничего не отправлено, написанное осталось здесь. Войдите по новой "
        "ссылке из терминала в другой вкладке и снова нажмите кнопку здесь.",
        "Консоль құлыпталды. Ештеңе жіберілмеді, жазғаныңыз осында тұр. Терминалдағы жаңа "
        "сілтемемен басқа қойындыда кіріңіз де, осындағы түймені қайта басыңыз.",
    )
    FORM_TOO_LARGE = Words(
        "The files of a form may have 64 MB together. Nothing was sent. Go back and send fewer at "
        "once.",
        "Файлы одной формы могут занимать вместе до 64 МБ. Ничего не отправлено. Вернитесь и "
        "отправьте меньше за раз.",
        "Бір пішіннің файлдары бірге 64 МБ-тан аспауы керек. Ештеңе жіберілмеді. Артқа қайтып, бір "
        "жолы азырақ жіберіңіз.",
    )
    FORM_STALLED = Words(
        "The form did not arrive in time. Nothing was sent. Go back and send it again.",
        "Форма не поступила вовремя. Ничего не отправлено. Вернитесь и отправьте её снова.",
        "Пішін уақытында келмеді. Ештеңе жіберілмеді. Артқа қайтып, оны қайта жіберіңіз.",
    )
    UPLOADING = Words("Being taken over", "Передаётся", "Беріліп жатыр")
    UPLOADED = Words(
        "Taken over. It is read now.",
        "Передано. Идёт чтение.",
        "Берілді. Оқылып жатыр.",
    )
    CONSOLE_AWAY = Words(
        "The console does not answer. What you wrote still stands here: look into its terminal, "
        "and try again.",
        "Консоль не отвечает. Написанное осталось здесь: посмотрите в её терминал и повторите.",
        "Консоль жауап бермейді. Жазғаныңыз осында тұр: терминалын қарап, қайталаңыз.",
    )
    AUTO_KEPT = Words("The draft is kept", "Черновик сохранён", "Жоба сақталды")
    AUTO_NOT_KEPT = Words(
        "The draft could not be kept. Copy what you wrote, and keep the draft by its button.",
        "Черновик не сохранён. Скопируйте написанное и сохраните черновик кнопкой.",
        "Жоба сақталмады. Жазғаныңызды көшіріп алыңыз да, жобаны түймемен сақтаңыз.",
    )
    NOT_FOUND = Words("There is no such page.", "Такой страницы нет.", "Мұндай бет жоқ.")
    NOT_FOUND_DO = Words(
        "The address may be old or mistyped. Begin again from the start page.",
        "Адрес мог устареть или содержать ошибку. Начните с начальной страницы.",
        "Мекенжай ескірген не қате терілген болуы мүмкін. Бастапқы беттен бастаңыз.",
    )
    FIELD_EMPTY = Words("This is required.", "Это нужно указать.", "Мұны көрсету қажет.")
    DAY_UNKNOWN = Words(
        "The calendar has no such day.", "Такого дня в календаре нет.", "Күнтізбеде мұндай күн жоқ."
    )
    STANDS = Words(
        "Where it stands with each recipient",
        "Состояние у каждого получателя",
        "Әр алушыдағы күйі",
    )
    START = Words("Start page", "Начальная страница", "Бастапқы бет")
    TRY_AGAIN = Words("Try again", "Повторить", "Қайталау")
    BACK_TO_EXCHANGE = Words("Back to the exchange", "Назад к обмену", "Алмасуға оралу")
    WAY_BACK = Words(
        "Back to the page before", "Назад к предыдущей странице", "Алдыңғы бетке оралу"
    )
    FORM_OLD = Words(
        "This form is from another session. Go back, load the page again and repeat.",
        "Эта форма из другого сеанса. Вернитесь, обновите страницу и повторите.",
        "Бұл пішін басқа сеанстан. Артқа қайтып, бетті жаңартып, қайталаңыз.",
    )

    # --- Who is here ---------------------------------------------------------------------------

    HOME = Words("Overview", "Обзор", "Шолу")
    ROLE_FACT = Words("Role", "Роль", "Рөл")
    CERTIFICATE_UNTIL = Words(
        "Certificate valid until",
        "Сертификат действует до",
        "Сертификат мына уақытқа дейін жарамды",
    )
    LOG_FACT = Words("Log verified", "Проверенный журнал", "Тексерілген журнал")

    # --- Lists ---------------------------------------------------------------------------------

    PAGE_OF = Words(
        "Page {page} of {pages}", "Страница {page} из {pages}", "{pages} беттің {page}-беті"
    )
    NEXT_PAGE = Words("Next page", "Следующая страница", "Келесі бет")
    PREVIOUS_PAGE = Words("Previous page", "Предыдущая страница", "Алдыңғы бет")
    URGENT = Words("urgent", "срочно", "шұғыл")

    # --- The queue -----------------------------------------------------------------------------

    QUEUE = Words("To decide", "На решение", "Шешім күтетіндер")
    QUEUE_COUNT = Words(
        "{number} to decide, by the time that is left; unread on this page: {unread}",
        "На решение: {number}, по оставшемуся времени; не прочитано на странице: {unread}",
        "Шешім күтетіні: {number}, қалған уақыт бойынша; бетте оқылмағаны: {unread}",
    )
    QUEUE_EMPTY = Words(
        "Nothing waits for your decision.",
        "Ничто не ждёт вашего решения.",
        "Шешіміңізді ештеңе күтіп тұрған жоқ.",
    )
    QUEUE_EMPTY_DO = Words(
        "A new item is announced here by itself. You need not load the page again.",
        "О новом запросе здесь сообщится само. Обновлять страницу не нужно.",
        "Жаңа сұрау туралы мұнда өздігінен хабарланады. Бетті жаңарту қажет емес.",
    )
    ROW_UNVERIFIED = Words(
        "does not verify: {reason}", "не прошло проверку: {reason}", "тексеруден өтпеді: {reason}"
    )
    TIME_LEFT = Words("Time left", "Осталось", "Қалған уақыт")
    WHAT_COLUMN = Words("What", "Что", "Атауы")
    SUBJECT_COUNT = Words("Subjects", "Лиц", "Тұлғалар")
    APPROVED = Words("Approved", "Одобрено", "Мақұлданды")
    NEXT_ITEM = Words("Next item", "Следующее", "Келесісі")
    PREVIOUS_ITEM = Words("Previous item", "Предыдущее", "Алдыңғысы")
    OWN_PAGE = Words("Whole exchange", "Весь обмен", "Алмасу толығымен")
    BACK_TO_QUEUE = Words("Back to the queue", "Назад к очереди", "Кезекке оралу")
    TAKEN_BY = Words(
        "in hand: {whom}, since {since}",
        "в работе: {whom}, с {since}",
        "жұмыста: {whom}, {since} бастап",
    )
    TAKE_IN_HAND = Words("Take in hand", "Взять в работу", "Жұмысқа алу")
    TAKE_CHOSEN = Words("Take the chosen in hand", "Взять отмеченные", "Белгіленгендерді алу")
    CHOOSE = Words("Choose", "Отметить", "Белгілеу")
    READ_CHOSEN = Words("Mark the chosen as read", "Считать прочитанными", "Оқылды деп есептеу")
    GIVE_BACK = Words("Give back", "Вернуть в очередь", "Кезекке қайтару")
    CLAIMED = Words(
        "Taken in hand: {number} of {of}. Others see it; anyone may still decide.",
        "Взято в работу: {number} из {of}. Другие это видят; решить может любой.",
        "Жұмысқа алынды: {of} ішінен {number}. Басқалар көреді; кез келгені шешім қабылдай алады.",
    )
    GIVEN_BACK = Words(
        "Given back: {number} of {of}.",
        "Возвращено: {number} из {of}.",
        "Қайтарылды: {of} ішінен {number}.",
    )
    WHY_HELD = Words("Why it is held", "Почему задержано", "Неге кідіртілді")
    RULE_TEXT = Words("The rule as published", "Текст правила", "Ереже мәтіні")
    OTHER_RULES = Words(
        "Other rules that were applied",
        "Другие применённые правила",
        "Қолданылған басқа ережелер",
    )
    RULE_OLD = Words(
        "Rule of an earlier policy, whose text is on the log alone",
        "Правило прежней политики; его текст есть только в журнале",
        "Бұрынғы саясаттың ережесі; мәтіні тек журналда бар",
    )
    RULED_IN_ENTRY = Words(
        "The hub ruled so in entry {entry} of the log. The library judged it anew and came to the "
        "same.",
        "Узел применил правила в записи журнала {entry}. Библиотека применила их заново и получила "
        "то же.",
        "Торап ережелерді журналдың {entry}-жазбасында қолданды. Кітапхана оларды қайта қолданып, "
        "сол нәтижені алды.",
    )
    CROSSES_BORDER = Words(
        "This crosses a border",
        "Сведения пересекают границу",
        "Мәлімет шекарадан өтеді",
    )
    CROSSES_BORDER_WHY = Words(
        "Once released, the recipient reads it and you cannot take it back. Your signature "
        "stands on the log, and everyone concerned can verify it.",
        "После передачи получатель это прочтёт, и вернуть прочитанное нельзя. Ваша подпись "
        "останется в журнале, её может проверить каждый участник.",
        "Берілгеннен кейін алушы оны оқиды, кері қайтаруға болмайды. Қолтаңбаңыз журналда қалады, "
        "оны әрбір қатысушы тексере алады.",
    )
    WHAT_YOU_SIGN = Words("What you sign", "Что вы подписываете", "Қол қойылатын мәлімет")
    SIGN_SENTENCE = Words(
        "You decide on the statement with this digest, and on nothing else:",
        "Ваше решение относится только к заявлению с этим хешем:",
        "Шешіміңіз тек осы хеші бар мәлімдемеге қатысты:",
    )
    ON_LEGS = Words("For the recipients", "Для получателей", "Алушылар үшін")
    FOUR_EYES = Words("Four eyes", "Принцип четырёх глаз", "Төрт көз қағидаты")
    AUTHOR = Words("Author", "Автор", "Авторы")
    APPROVED_BY = Words("Approved so far", "Уже одобрили", "Әзірге мақұлдағандар")
    NOBODY_YET = Words("nobody yet", "пока никто", "әзірге ешкім")
    YOU = Words("You", "Вы", "Сіз")
    FOUR_EYES_RULE = Words(
        "One person approves once. The author's agency and the recipient's cannot approve.",
        "Одно лицо одобряет один раз. Органы автора и получателя одобрять не могут.",
        "Бір адам бір рет мақұлдайды. Автор мен алушының органдары мақұлдай алмайды.",
    )
    LAPSED = Words(
        "Lapsed approvals: the statement was supplemented after them",
        "Утратившие силу одобрения: заявление после них дополнили",
        "Күшін жойған мақұлдаулар: мәлімдеме олардан кейін толықтырылды",
    )
    CHANGES = Words(
        "What the supplement changes", "Что меняет дополнение", "Толықтыру нені өзгертеді"
    )
    BEFORE = Words("Before", "Было", "Бұрын")
    AFTER = Words("Now", "Стало", "Қазір")
    NO_SIGNING_KEY = Words(
        "This profile has no signing key, so you can read and not decide.",
        "В этом профиле нет ключа подписи: можно читать, но не решать.",
        "Бұл профильде қол қою кілті жоқ: оқуға болады, шешім қабылдауға болмайды.",
    )
    OWN_REQUEST = Words(
        "Your own agency made this statement: someone else must decide.",
        "Это заявление вашего органа: решать должен другой.",
        "Бұл сіздің органыңыздың мәлімдемесі: басқа біреу шешуі керек.",
    )
    DECIDED_ALREADY = Words(
        "You approved this already. Someone else must be the second.",
        "Вы это уже одобрили. Вторым должен быть другой.",
        "Сіз мұны мақұлдап қойдыңыз. Екінші адам басқа болуы керек.",
    )
    DECIDE_NOW = Words("Decide", "Принять решение", "Шешім қабылдау")
    SIGN = Words("Sign: {act}", "Подписать: {act}", "Қол қою: {act}")
    # The usual word of Kazakh also means to refuse, which stands beside it.
    CANCEL = Words("Cancel", "Отмена", "Болдырмау")
    PIN = Words("Passphrase of your key", "Пароль вашего ключа", "Кілтіңіздің құпиясөзі")
    REASON_NEEDED = Words(
        "Say why: fill in every field.",
        "Укажите причину: заполните все поля.",
        "Себебін айтыңыз: барлық өрісті толтырыңыз.",
    )
    CHANGED_MEANWHILE = Words(
        "This changed since you read it. Nothing was signed; what waits now is shown below.",
        "С тех пор как вы прочли, это изменилось. Ничего не подписано; ниже то, что ждёт теперь.",
        "Сіз оқығаннан бері бұл өзгерді. Ештеңеге қол қойылған жоқ; төменде қазір күтіп тұрғаны.",
    )
    DECIDED_TITLE = Words("It was decided already", "Решение уже принято", "Шешім қабылданып қойды")
    NOTHING_TO_DECIDE = Words(
        "Nothing waits for a decision here",
        "Здесь решать нечего",
        "Мұнда шешім күтіп тұрған ештеңе жоқ",
    )
    DECIDED_KEPT = Words(
        "Your own words, which were not sent:",
        "Ваш текст, который не был отправлен:",
        "Жіберілмеген мәтініңіз:",
    )
    DECISION_SENT = Words(
        "{act}: signed and accepted, log entry {entry}. Exchange {exchange}.",
        "{act}: подписано и принято, запись журнала {entry}. Обмен {exchange}.",
        "{act}: қол қойылып, қабылданды, журнал жазбасы {entry}. Алмасу {exchange}.",
    )
    DECISION_QUEUED = Words(
        "{act}: signed. The hub is away; it is sent when the hub is back. Exchange "
        "{exchange}.{entry}",
        "{act}: подписано. Узел недоступен; отправится, когда он вернётся. Обмен "
        "{exchange}.{entry}",
        "{act}: қол қойылды. Торап қолжетімсіз; қайтқанда жіберіледі. Алмасу {exchange}.{entry}",
    )

    OPTIONAL = Words("optional", "необязательно", "міндетті емес")

    ROW_UNCHECKED = Words(
        "not verified since the console was started",
        "не проверялось с запуска консоли",
        "консоль іске қосылғаннан бері тексерілмеген",
    )
    NOT_KEPT = Words(
        "The hub is away, and this exchange was not opened since the console was started. It can "
        "be read and decided when the hub is back.",
        "Узел недоступен, а этот обмен не открывали с запуска консоли. Прочитать его и принять "
        "решение можно, когда узел ответит.",
        "Торап қолжетімсіз, ал бұл алмасу консоль іске қосылғаннан бері ашылмаған. Оны торап жауап "
        "бергенде оқып, шешім қабылдауға болады.",
    )
    DECISION_IN_OUTBOX = Words(
        "Your decision is signed and waits in the outbox. It is sent when the hub is back.",
        "Ваше решение подписано и ждёт в исходящих. Оно отправится, когда узел вернётся.",
        "Шешіміңізге қол қойылған, ол шығыс қалтасында күтуде. Торап қайтқанда жіберіледі.",
    )
    DECISION_WAITS = Words(
        "The hub is away. You decide on what was verified before {time}. Your decision is signed "
        "now, waits in the outbox, and counts from when the hub takes it. If something changed "
        "meanwhile, it is refused and nothing is decided.",
        "Узел недоступен. Вы решаете по тому, что проверено до {time}. Решение подписывается "
        "сейчас, ждёт в исходящих и действует с момента, когда узел его примет. Если за это время "
        "что-то изменилось, оно будет отклонено и ничего не решит.",
        "Торап қолжетімсіз. Сіз {time} дейін тексерілген жағдай бойынша шешесіз. Шешімге қазір қол "
        "қойылады, ол шығыс қалтасында күтеді және торап қабылдаған сәттен күшіне енеді. Осы "
        "уақытта бірдеңе өзгерсе, ол қабылданбайды және ештеңе шешілмейді.",
    )

    # --- One exchange --------------------------------------------------------------------------

    TLP_CODE = Words("TLP", "TLP", "TLP")
    # In Kazakh "не" asks what; a reader of Russian would take it for a denial.
    CHECKS = Words("What was verified", "Что проверено", "Тексеру нәтижелері")
    FAILED = Words("failed", "не прошло", "өтпеді")
    CHECK_LOG = Words(
        "The log of {size} {size:entry|entries} is signed by its key and extends what was seen "
        "before.",
        "Журнал из {size} {size:записи|записей|записей} подписан своим ключом и продолжает "
        "виденное ранее.",
        "{size} жазбадан тұратын журналға өз кілтімен қол қойылған және бұрынғысын жалғастырады.",
    )
    CHECK_ENTRIES = Words(
        "{number} {number:entry|entries} shown here: proven to be in that log.",
        "{number} {number:показанная запись|показанные записи|показанных записей}: доказано, что "
        "{number:она есть|они есть|они есть} в этом журнале.",
        "Көрсетілген {number} жазбаның осы журналда екені дәлелденді.",
    )
    CHECK_SIGNATURES = Words(
        "{number} {number:statement bears its|statements bear their} author's signature, by a "
        "certificate that was valid then.",
        "{number} {number:заявление подписано автором|заявления подписаны авторами|заявлений "
        "подписаны авторами}; сертификат тогда действовал.",
        "{number} мәлімдемеге авторы қол қойған; сертификат сол кезде жарамды болған.",
    )
    CHECK_RULES_WHOLE = Words(
        "The whole exchange was judged anew under the policy of each moment.",
        "Весь обмен проверен заново, по политике, которая действовала в каждый момент.",
        "Бүкіл алмасу әр сәттегі саясат бойынша қайта тексерілді.",
    )
    CHECK_RULES_LEG = Words(
        "Your leg was judged anew: policy, approvals and every change of state.",
        "Ваша линия проверена заново: политика, одобрения и каждое изменение состояния.",
        "Сіздің желіңіз қайта тексерілді: саясат, мақұлдаулар және күйдің әр өзгерісі.",
    )
    CHECK_RULES_SHOWN = Words(
        "Each statement that you may see was judged anew on its leg.",
        "Каждое видимое вам заявление проверено заново на своей линии.",
        "Сізге көрінетін әр мәлімдеме өз желісінде қайта тексерілді.",
    )
    CHECK_RULES_NAMED = Words(
        "Each statement names your agency as a supervisor.",
        "Каждое заявление называет ваш орган надзирающим.",
        "Әр мәлімдемеде органыңыз қадағалаушы ретінде көрсетілген.",
    )
    CHECK_APPROVALS = Words(
        "{number} {number:approval is its approver's own signature|approvals are their approvers' "
        "own signatures} over exactly what was approved.",
        "{number} {number:одобрение подписал сам одобривший|одобрения подписали сами "
        "одобрившие|одобрений подписали сами одобрившие}, под тем самым текстом.",
        "{number} мақұлдау: мақұлдаушының өзі дәл сол мәтінге қол қойған.",
    )
    CHECK_RECEIPTS = Words(
        "Everything that your agency said, and has receipts for, is shown.",
        "Показано всё, что сказал ваш орган и на что есть квитанции.",
        "Органыңыз айтқан және түбіртегі бар мәлімдеменің бәрі көрсетілген.",
    )
    CHECK_PARTS = Words(
        "{number} sealed {number:part is|parts are} as the author signed, and opened here.",
        "{number} {number:зашифрованная часть совпадает|зашифрованные части совпадают|"
        "зашифрованных частей совпадают} с тем, что подписал автор, и "
        "{number:расшифрована|расшифрованы|расшифрованы} здесь.",
        "{number} шифрланған бөлік автор қол қойғанның дәл өзі және осында ашылды.",
    )
    COPIES_SEEN = Words(
        "You see the statements that name your agency as a supervisor, and what each did to the "
        "legs. A state is proven as of the entry named; what the hub lists now is its word. An "
        "auditor of your state can prove the rest.",
        "Вы видите заявления, в которых ваш орган указан надзирающим, и что каждое изменило на "
        "линиях. Состояние доказано на указанную запись; нынешнее сообщает узел без "
        "доказательства. Остальное может доказать аудитор вашего государства.",
        "Сіз органыңыз қадағалаушы болып көрсетілген мәлімдемелерді және олардың желілерде нені "
        "өзгерткенін көресіз. Күй көрсетілген жазбаға дейін дәлелденген; қазіргісі тораптың "
        "айтуынша. Қалғанын мемлекетіңіздің аудиторы дәлелдей алады.",
    )
    OPENING_WITHHELD = Words(
        "The statement that opened this exchange is not among your copies. By the hub's word "
        "{agency}, an agency of your state, opened it. It withheld the copy from {own}, unless the "
        "policy asks for none. The ground of each withheld copy is signed and stands on the log: "
        "the auditors of your state read it there and count it.",
        "Заявления, которым открыт этот обмен, среди ваших копий нет. По сведениям узла, его "
        "открыл орган вашего государства: {agency}. Копию не направили (кому: {own}), если только "
        "политика её вообще требует. Основание каждой ненаправленной копии подписано и стоит в "
        "журнале: аудиторы вашего государства видят его там и ведут счёт.",
        "Осы алмасуды ашқан мәлімдеме көшірмелеріңіздің арасында жоқ. Тораптың айтуынша, оны "
        "мемлекетіңіздің органы ашқан: {agency}. Көшірме жіберілмеген (кімге: {own}), егер саясат "
        "оны талап етсе. Жіберілмеген әр көшірменің негізіне қол қойылған, ол журналда тұр: "
        "мемлекетіңіздің аудиторлары оны сонда оқып, есепке алады.",
    )
    OPENING_ABROAD = Words(
        "The statement that opened this exchange is not among your copies, for by the hub's word "
        "an agency of another state opened it: {agency}.",
        "Заявления, которым открыт этот обмен, среди ваших копий нет: по сведениям узла, его "
        "открыл орган другого государства ({agency}).",
        "Осы алмасуды ашқан мәлімдеме көшірмелеріңіздің арасында жоқ: тораптың айтуынша, оны "
        "басқа мемлекеттің органы ашқан ({agency}).",
    )
    FACTS = Words("The exchange in short", "Обмен вкратце", "Алмасу қысқаша")
    CONTENT = Words("Statements", "Заявления", "Мәлімдемелер")
    SENDER_TIME = Words("sender's clock: {time}", "по часам автора: {time}", "автор сағаты: {time}")
    WHOLE_DIGEST = Words("Digest (SHA-256)", "Хеш (SHA-256)", "Хеш (SHA-256)")
    SAVE = Words("Save {name}", "Сохранить {name}", "{name} сақтау")
    SAVE_ALL = Words(
        "Save all of it, with the note on handling",
        "Сохранить всё вместе с памяткой об обращении",
        "Бәрін пайдалану туралы жазбамен бірге сақтау",
    )
    NAMED_READER = Words(
        "TLP:RED, for named readers alone. For whom do you save it?",
        "TLP:RED, только для названных лиц. Для кого вы сохраняете?",
        "TLP:RED, тек аталған тұлғаларға. Кімге арнап сақтайсыз?",
    )
    FILES_HOSTILE = Words(
        "Files come from outside and were not checked for malware.",
        "Файлы получены извне и на вредоносность не проверялись.",
        "Файлдар сырттан келген, зиянды кодқа тексерілмеген.",
    )
    OPENING = Words("The exchange is being opened", "Обмен открывается", "Алмасу ашылып жатыр")
    OPENING_FETCHED = Words(
        "It is fetched, verified and unsealed.",
        "Он загружается, проверяется и расшифровывается.",
        "Ол жүктеліп, тексеріліп, мөрі ашылып жатыр.",
    )
    OPENING_READ = Words(
        "Its tables are read: {percent} %",
        "Таблицы читаются: {percent} %",
        "Кестелері оқылып жатыр: {percent} %",
    )
    SHOW_PROGRESS = Words("Show the progress", "Показать ход", "Барысын көрсету")
    FILE_NUMBER = Words("file {number}", "файл {number}", "{number}-файл")
    WHOLE_TABLE = Words("The whole table", "Вся таблица", "Бүкіл кесте")
    NUMBER = Words("No.", "№", "№")
    LIST_AT = Words(
        "It stands as it was given at {time}; the first page asks anew.",
        "Он показан, каким был в {time}; первая страница запрашивает его заново.",
        "Ол {time} кезіндегі күйінде; бірінші бет оны қайта сұрайды.",
    )
    SHOWN_OF = Words(
        "{shown} of {count} {count:row is|rows are} shown",
        "Показано строк: {shown} из {count}",
        "Көрсетілген жолдар: {count} ішінен {shown}",
    )

    REFER_ON_CONSENT = Words(
        "Refer it to {agency}, as consented: {purpose}",
        "Передать в {agency} по согласию: {purpose}",
        "Келісім бойынша {agency} органына жолдау: {purpose}",
    )
    ACTS = Words("What you may do", "Что можно сделать", "Мүмкін әрекеттер")
    EVIDENCE = Words("Evidence", "Доказательства", "Дәлелдемелер")
    EVIDENCE_WHY = Words(
        "One file with every statement and proof; a court verifies it without this software.",
        "Один файл со всеми заявлениями и доказательствами; суд проверит его без этой программы.",
        "Барлық мәлімдеме мен дәлелдері бар бір файл; сот оны бұл бағдарламасыз тексере алады.",
    )
    EVIDENCE_CONTENT = Words(
        "Disclose the content that I can read: whoever has the file can read it",
        "Раскрыть содержание, доступное мне: его прочтёт любой, у кого есть файл",
        "Маған қолжетімді мазмұнды ашу: файлы бар кез келген адам оны оқи алады",
    )
    EXPORT = Words("Export", "Выгрузить", "Шығару")
    PRINT_HINT = Words(
        "The page prints on A4 as it stands.",
        "Страница печатается на A4 как есть.",
        "Бет A4 қағазына осы күйінде басылады.",
    )

    # --- Lists of an officer -------------------------------------------------------------------

    WORK = Words("My work", "Моя работа", "Менің жұмысым")
    INBOX = Words("Inbox", "Входящие", "Кіріс")
    SENT_LIST = Words("Sent", "Отправленные", "Жіберілгендер")
    SUPERVISED = Words("Supervised", "Под надзором", "Қадағалауда")
    OUTBOX = Words("Outbox", "Исходящие", "Шығыс")
    DRAFTS = Words("Drafts", "Черновики", "Жобалар")
    WORK_COUNT = Words(
        "{total} wait for your agency, {new} unread, {late} overdue",
        "Ожидает вашего органа: {total}, непрочитано: {new}, просрочено: {late}",
        "Органыңызды күтеді: {total}, оқылмаған: {new}, мерзімі өткен: {late}",
    )
    NEW = Words("unread", "не прочитано", "оқылмаған")
    LIST_UNVERIFIED = Words(
        "The list is the hub's word. Opening an exchange verifies it.",
        "Список получен от узла и не проверен. Обмен проверяется, когда его открывают.",
        "Тізімді торап берді, ол тексерілмеген. Алмасу ашылғанда тексеріледі.",
    )
    HOW_COUNTED = Words("How this is counted", "Как это считается", "Бұл қалай саналады")
    BY_AGENCY = Words("from {agency}", "от {agency}", "{agency} жіберген")
    SENT_AT = Words("sent {time}", "отправлено {time}", "жіберілді: {time}")
    LIST_KEPT = Words(
        "The hub was not reached. This list is as of {time}; what came since is missing.",
        "Связи с узлом нет. Список показан на {time}; более новое в нём отсутствует.",
        "Тораппен байланыс жоқ. Тізім {time} жағдайы бойынша; одан кейінгісі жоқ.",
    )
    LIST_KEPT_PART = Words(
        "Only its first {number} {number:exchange is|exchanges are} kept.",
        "Сохранены только первые обмены: {number}.",
        "Тек алғашқы алмасулар сақталған: {number}.",
    )
    LIST_NOT_KEPT = Words(
        "The hub was not reached, and this list was not opened before. It comes back with the hub.",
        "Связи с узлом нет, а этот список ещё не открывали. Он появится, когда узел ответит.",
        "Тораппен байланыс жоқ, ал бұл тізім бұрын ашылмаған. Ол торап жауап бергенде шығады.",
    )
    LIST_EMPTY = Words("Nothing here.", "Здесь пусто.", "Мұнда ештеңе жоқ.")
    NOTHING_MATCHES = Words(
        "Nothing matches the filter. Choose less, or clear it.",
        "По этому отбору ничего нет. Выберите меньше или очистите отбор.",
        "Бұл сүзгіге ештеңе сай келмейді. Азырақ таңдаңыз немесе сүзгіні тазалаңыз.",
    )
    FILTERS = Words("Filter", "Отбор", "Сүзгі")
    ONLY_LATE = Words("Only overdue", "Только просроченные", "Тек мерзімі өткендер")
    SHOW = Words("Show", "Показать", "Көрсету")
    CLEAR = Words("Clear", "Сбросить", "Тазалау")
    SEARCH = Words(
        "Search by reference, name, account, document or file",
        "Поиск по номеру, имени, счёту, документу или файлу",
        "Нөмірі, аты, шоты, құжаты немесе файлы бойынша іздеу",
    )
    SEARCH_DO = Words("Search", "Искать", "Іздеу")
    FOUND = Words("Found", "Найдено", "Табылды")
    FOUND_HINT = Words(
        "Searched: {number} {number:exchange|exchanges} that this profile sent or opened. Names "
        "are found in any script.",
        "Просмотрено обменов, которые этот профиль отправлял или открывал: {number}. Имена "
        "находятся в любом написании.",
        "Бұл профиль жіберген немесе ашқан алмасулар қаралды: {number}. Есімдер кез келген жазуда "
        "табылады.",
    )
    CASES = Words("My cases", "Мои дела", "Менің істерім")
    CASES_EMPTY = Words(
        "No cases yet. An exchange is linked to a case of yours on its own page; the hub learns "
        "nothing of it.",
        "Дел пока нет. Обмен привязывают к своему делу на его странице; узел об этом не узнаёт.",
        "Әзірге істер жоқ. Алмасу өз бетінде ісіңізге байланыстырылады; торап мұны білмейді.",
    )
    CASE_REFERENCE = Words("Reference of your case", "Номер вашего дела", "Ісіңіздің нөмірі")
    CASE_LINK = Words("Link to the case", "Привязать к делу", "Іске байланыстыру")
    CASE_UNLINK = Words("take out", "убрать", "алып тастау")
    CASE_LINKED = Words(
        "Linked to the case {case}.", "Привязано к делу {case}.", "{case} ісіне байланыстырылды."
    )
    CASE_UNLINKED = Words(
        "Taken out of the case {case}.", "Убрано из дела {case}.", "{case} ісінен алынды."
    )
    DUE_LIST = Words("Times that run", "Сроки", "Мерзімдер")
    CLOCK_NAME = Words("Which time", "Какой срок", "Қай мерзім")
    CLOCK_ENDS = Words("Ends", "Истекает", "Аяқталады")
    WHOSE_TURN = Words("Whose turn", "Кто действует", "Кімнің кезегі")
    WHO_APPROVES = Words("the agency that approves", "одобряющий орган", "мақұлдайтын орган")
    MORE_ACTS = Words("More", "Ещё", "Тағы")
    NEXT_STEP = Words("Next", "Что делать", "Келесі әрекет")
    WRITE = Words("New", "Новое", "Жаңа")

    # --- The auditor ---------------------------------------------------------------------------

    AUDIT = Words("Verification", "Проверка журнала", "Журналды тексеру")
    AUDIT_WHY = Words(
        "Every entry that you may open is judged anew, and the tree is checked as a whole.",
        "Каждая доступная вам запись проверяется заново, а дерево проверяется целиком.",
        "Сізге ашық әр жазба қайта тексеріледі, ал ағаш тұтас тексеріледі.",
    )
    AUDIT_START = Words("Verify now", "Проверить сейчас", "Қазір тексеру")
    AUDIT_RUNNING = Words(
        "Verifying: {done} of {size} {size:entry|entries}",
        "Проверяется: записей {done} из {size}",
        "Тексерілуде: {size} жазбадан {done}",
    )
    AUDIT_NONE = Words(
        "Nothing was verified in this session yet.",
        "В этом сеансе ещё ничего не проверено.",
        "Бұл сеанста әлі ештеңе тексерілмеген.",
    )
    AUDIT_FAILED = Words(
        "The verification could not be completed",
        "Проверку не удалось завершить",
        "Тексеруді аяқтау мүмкін болмады",
    )
    FINDINGS = Words("Findings", "Нарушения", "Бұзушылықтар")
    FINDINGS_DO = Words(
        "An honest hub produces none of these. Keep them and tell your authority.",
        "Честный узел такого не допускает. Сохраните и сообщите руководству.",
        "Адал торап мұндайға жол бермейді. Сақтап, басшылыққа хабарлаңыз.",
    )
    AUDIT_EXPORT = Words(
        "Save the report and the statistics",
        "Сохранить отчёт и статистику",
        "Есеп пен статистиканы сақтау",
    )
    WITNESS_NAME = Words("Witness", "Свидетель", "Куә")
    AGE = Words("Age", "Давность", "Қанша уақыт өтті")
    NO_WITNESSES = Words(
        "This profile names no witnesses whose signatures it asks for.",
        "В этом профиле не названы свидетели, чьи подписи требуются.",
        "Бұл профильде қолтаңбасы талап етілетін куәлар көрсетілмеген.",
    )
    NOT_WITNESSED_YET = Words(
        "No state of the log has enough signatures of witnesses yet.",
        "Ни одно состояние журнала ещё не подписано достаточным числом свидетелей.",
        "Журналдың бірде-бір күйіне әлі жеткілікті куә қол қоймаған.",
    )
    COUNTS = Words("What the log holds", "Что в журнале", "Журналдың мазмұны")
    READINGS_HEAD = Words("What auditors read", "Что прочли аудиторы", "Аудиторлар оқығандар")
    STATISTICS = Words("Statistics", "Статистика", "Статистика")
    LOG_PAGE = Words("Entries", "Записи журнала", "Журнал жазбалары")
    LOG_VERIFIED = Words(
        "{number} verified {number:entry|entries}, the newest first.",
        "{number} {number:проверенная запись|проверенные записи|проверенных записей}, сначала "
        "новые.",
        "{number} тексерілген жазба, алдымен жаңалары.",
    )
    LOG_NOT_YET = Words(
        "Entries are shown once they were verified: begin a verification first.",
        "Записи показываются после проверки: сначала начните её.",
        "Жазбалар тексерілгеннен кейін көрсетіледі: алдымен тексеруді бастаңыз.",
    )
    ENTRY_NOT_JUDGED = Words(
        "Nothing of this entry is shown: it did not pass, or you may not open it. What did not "
        "pass stands under the findings.",
        "Эта запись не показана: она не прошла проверку или вам недоступна. То, что не прошло, "
        "указано в нарушениях.",
        "Бұл жазба көрсетілмейді: ол тексеруден өтпеген немесе сізге жабық. Өтпегені "
        "бұзушылықтарда көрсетілген.",
    )
    STATE_FILTER = Words("State reached", "Новое состояние", "Жаңа күйі")
    ANY_VALUE = Words("any", "любое", "кез келген")
    AUTHOR_WAS_TOLD = Words(
        "Its author was told: {words}",
        "Автору сказано: {words}",
        "Авторына айтылғаны: {words}",
    )
    RULES_CITED = Words("rules:", "правила:", "ережелер:")
    RULES_PAGE = Words("Policy in force", "Действующая политика", "Қолданыстағы саясат")
    RULES_NONE = Words(
        "This profile knows no policy yet.",
        "Этот профиль ещё не знает политики.",
        "Бұл профиль әлі саясатты білмейді.",
    )
    PROOF = Words("Proof", "Доказательство", "Дәлелдеме")
    PROOF_HOLDS = Words(
        "The proof leads from this leaf to the verified root of {size} {size:entry|entries}.",
        "Доказательство ведёт от этого листа к проверенному корню; под ним {size} "
        "{size:запись|записи|записей}.",
        "Дәлелдеме осы жапырақтан тексерілген түбірге апарады; оның астындағы жазбалар: {size}.",
    )
    PROOF_HASHES = Words(
        "Hashes of the proof, from the leaf up: {number}",
        "Хеши доказательства, от листа вверх: {number}",
        "Дәлелдеме хештері, жапырақтан жоғары: {number}",
    )
    LEAF = Words("Leaf (SHA-256)", "Лист (SHA-256)", "Жапырақ (SHA-256)")
    ROOT = Words("Root (SHA-256)", "Корень (SHA-256)", "Түбір (SHA-256)")
    TILE = Words("Tile", "Плитка", "Тақташа")
    TILE_PLACE = Words("Place in the tile", "Место в плитке", "Тақташадағы орны")

    # --- Flows, and news -----------------------------------------------------------------------

    FLOWS = Words("Flows of money", "Движение средств", "Ақша қозғалысы")
    FLOWS_OPEN = Words("Flows as a picture", "Схема движения средств", "Ақша қозғалысының сызбасы")
    FLOWS_TABLE = Words(
        "The picture shows this table.",
        "Схема показывает эту таблицу.",
        "Сызба осы кестені көрсетеді.",
    )
    FLOW_COUNT = Words("Payments", "Платежей", "Төлемдер")
    FLOWS_MOST = Words(
        "The {shown} largest of {count} {count:flow|flows}",
        "Наибольшие потоки: {shown} из {count}",
        "Ең ірі ағындар: {count} ішінен {shown}",
    )
    AWAY_SINCE = Words(
        "The hub is away since {time}. What is kept here can still be read; what you sign waits in "
        "the outbox.",
        "Узел недоступен с {time}. Сохранённое можно читать; подписанное ждёт в исходящих.",
        "Торап {time} бастап қолжетімсіз. Сақталғанын оқуға болады; қол қойылғаны шығыс қалтасында "
        "күтеді.",
    )
    NEWS = Words(
        "New: {number}. Load the list",
        "Новое: {number}. Обновить список",
        "Жаңа: {number}. Тізімді жаңарту",
    )
    NEWS_ELSEWHERE = Words(
        "New: {number}. Open “{section}”",
        "Новое: {number}. Открыть «{section}»",
        "Жаңа: {number}. «{section}» бөлімін ашу",
    )
    HUB_BACK = Words(
        "The hub is back. Load this page again",
        "Узел снова доступен. Обновить страницу",
        "Торап қайта қолжетімді. Бетті жаңарту",
    )

    # --- Writing -------------------------------------------------------------------------------

    SUBJECTS_TYPED = Words(
        "Persons, companies, accounts", "Лица, компании, счета", "Тұлғалар, компаниялар, шоттар"
    )
    SUBJECTS_FILE = Words(
        "File of FollowTheMoney entities (JSON lines)",
        "Файл сущностей FollowTheMoney (строки JSON)",
        "FollowTheMoney нысандарының файлы (JSON жолдары)",
    )
    GOAML_FILE = Words("goAML report (XML)", "Отчёт goAML (XML)", "Есеп, goAML (XML)")
    TABLE_FILE = Words("Table (CSV)", "Таблица (CSV)", "Кесте (CSV)")
    MAPPING_FILE = Words(
        "Mapping of the table (YAML)", "Разметка таблицы (YAML)", "Кесте сәйкестігі (YAML)"
    )
    CHOOSE_FILE = Words("Choose a file", "Выбрать файл", "Файл таңдау")
    CHOOSE_FILES = Words("Choose files", "Выбрать файлы", "Файлдар таңдау")
    DROP_FILES = Words("or drop it here", "или перетащите сюда", "немесе осында сүйреп әкеліңіз")
    NO_FILE = Words("No file chosen", "Файл не выбран", "Файл таңдалмаған")
    FILES_CHOSEN = Words(
        "Files chosen: %{count}", "Выбрано файлов: %{count}", "Таңдалған файлдар: %{count}"
    )
    DROP_HERE = Words("Drop the file now", "Отпустите файл", "Файлды осында тастаңыз")
    DROP_LEFT = Words("The file is outside of the field", "Файл вне поля", "Файл өрістен тыс жерде")
    TABLE_OPTIONS = Words(
        "How the table is written (else it is found out)",
        "Как записана таблица (иначе определяется само)",
        "Кесте қалай жазылған (әйтпесе өзі анықталады)",
    )
    TABLE_DATES = Words(
        "How the table writes dates, such as DD.MM.YYYY (else YYYY-MM-DD)",
        "Как в таблице пишутся даты, например DD.MM.YYYY (иначе YYYY-MM-DD)",
        "Кестеде күн қалай жазылады, мысалы DD.MM.YYYY (әйтпесе YYYY-MM-DD)",
    )
    TABLE_NUMBERS = Words(
        "How the table writes numbers (else 1000.50)",
        "Как в таблице пишутся числа (иначе 1000.50)",
        "Кестеде сан қалай жазылады (әйтпесе 1000.50)",
    )
    TABLE_DELIMITER = Words(
        "Sign between the cells of the table (else found out)",
        "Знак между ячейками таблицы (иначе определяется)",
        "Кесте ұяшықтары арасындағы белгі (әйтпесе анықталады)",
    )
    TABLE_TAB = Words("tab", "табуляция", "табуляция")
    TABLE_ENCODING = Words(
        "Encoding of the table (else found out)",
        "Кодировка таблицы (иначе определяется)",
        "Кестенің кодтауы (әйтпесе анықталады)",
    )
    TABLE_MEANT = Words(
        "What is meant in the table", "Что в таблице так и задумано", "Кестеде әдейі жасалғаны"
    )
    TABLE_SKIP = Words(
        "leave out rows without a key",
        "пропустить строки без ключа",
        "кілтсіз жолдарды өткізіп жіберу",
    )
    TABLE_REPEATED = Words(
        "rows of one key may say different things",
        "строки с одним ключом могут различаться",
        "кілті бір жолдар әртүрлі болуы мүмкін",
    )
    TABLE_LINKS = Words(
        "links may lead out of the table",
        "связи могут вести за пределы таблицы",
        "байланыстар кестеден тыс апаруы мүмкін",
    )
    TABLE_EXACT = Words(
        "cells that only look like a value of a filter are others",
        "ячейки, лишь похожие на значение фильтра, означают другое",
        "сүзгі мәніне ұқсас қана ұяшықтар басқа мән",
    )
    FILES_DOUBTED = Words(
        "Doubtful in the files: compare it before you sign",
        "Сомнительное в файлах: сверьте до подписания",
        "Файлдардағы күмәнді жерлер: қол қоймас бұрын салыстырыңыз",
    )
    FILES_READ = Words(
        "How the files were read; it goes into the brief",
        "Как прочитаны файлы; это войдёт в сопроводительную записку",
        "Файлдар қалай оқылды; бұл ілеспе жазбаға енеді",
    )
    ATTACHMENTS = Words("Files to attach", "Файлы-вложения", "Қоса берілетін файлдар")
    ONE_PER_LINE = Words("One a line", "По одному в строке", "Әр жолға біреу")
    DAY_PART = Words("Day", "День", "Күні")
    MONTH_PART = Words("Month", "Месяц", "Айы")
    YEAR_PART = Words("Year", "Год", "Жылы")
    FROM_DAY = Words("Start", "Начало", "Басы")
    TO_DAY = Words("End", "Конец", "Соңы")
    MORE_FIELDS = Words("More fields", "Ещё поля", "Тағы өрістер")
    KEPT_FILES = Words("Files of this draft", "Файлы черновика", "Жоба файлдары")
    REMOVE_FILE = Words("remove", "убрать", "алып тастау")
    CONTINUE = Words("Continue", "Далее", "Әрі қарай")
    KEEP_DRAFT = Words("Keep as a draft", "Сохранить черновик", "Жоба ретінде сақтау")
    DRAFT_KEPT = Words(
        "The draft is kept, encrypted under your agency's key.",
        "Черновик сохранён и зашифрован ключом вашего органа.",
        "Жоба сақталды және органыңыздың кілтімен шифрланды.",
    )
    DRAFT_SENT_BEFORE = Words(
        "This draft was sent before and was not accepted, or it changed meanwhile. Nothing was "
        "signed now. This is how it is now: read it again, and sign it if you still want to.",
        "Этот черновик уже отправляли без успеха, или он тем временем изменился. Сейчас ничего не "
        "подписано. Ниже его нынешний вид: прочтите снова и подпишите, если нужно.",
        "Бұл жоба бұрын жіберіліп, қабылданбаған немесе осы арада өзгерген. Қазір ештеңеге қол "
        "қойылмады. Оның қазіргі түрі осындай: қайта оқып, қажет болса, қол қойыңыз.",
    )
    DRAFT_CHANGED = Words(
        "The draft, or the exchange, changed since you read this page. Nothing was signed. Check "
        "it again.",
        "Черновик или обмен изменился с тех пор, как вы прочли эту страницу. Ничего не подписано. "
        "Проверьте ещё раз.",
        "Сіз бұл бетті оқығаннан бері жоба немесе алмасу өзгерді. Ештеңеге қол қойылған жоқ. Қайта "
        "тексеріңіз.",
    )
    DRAFT_TAKEN = Words(
        "This draft is being sent already, or it was sent. Nothing was signed a second time.",
        "Этот черновик уже отправляется или отправлен. Второй раз ничего не подписано.",
        "Бұл жоба жіберіліп жатыр немесе жіберілді. Екінші рет қол қойылған жоқ.",
    )
    SIGNED_WAITS = Words(
        "This draft was signed. The statement waits in the outbox. The draft is not signed again.",
        "Этот черновик подписан. Заявление ждёт в исходящих. Второй раз черновик не подписывают.",
        "Бұл жобаға қол қойылған. Мәлімдеме шығыс қалтасында күтіп тұр. Жобаға екінші рет қол "
        "қойылмайды.",
    )
    SIGNED_ACCEPTED = Words(
        "This draft was signed, and the hub accepted the statement: log entry {entry}. The draft "
        "is not signed again.",
        "Этот черновик подписан, узел принял заявление: запись журнала {entry}. Второй раз "
        "черновик не подписывают.",
        "Бұл жобаға қол қойылған, торап мәлімдемені қабылдады: журнал жазбасы {entry}. Жобаға "
        "екінші рет қол қойылмайды.",
    )
    DROP_DRAFT = Words("Remove the draft", "Удалить черновик", "Жобаны жою")
    WRITE_ANOTHER = Words(
        "Write another statement from it",
        "Составить по нему новое заявление",
        "Осының негізінде жаңа мәлімдеме жазу",
    )
    DRAFT_GONE = Words(
        "This draft is no more: it was sent or removed. What was sent stands among the sent ones "
        "or in the outbox.",
        "Этого черновика больше нет: его отправили или удалили. Отправленное есть в отправленных "
        "или в исходящих.",
        "Бұл жоба енді жоқ: ол жіберілген немесе жойылған. Жіберілгені жіберілгендерде немесе "
        "шығыс қалтасында тұр.",
    )
    DRAFT_APART = Words(
        "Another tab changed this draft. What you wrote here is kept as a draft of its own; "
        "compare the two, and remove one.",
        "Этот черновик изменили в другой вкладке. Написанное здесь сохранено отдельным черновиком; "
        "сравните их и удалите лишний.",
        "Бұл жоба басқа қойындыда өзгертілді. Осында жазғаныңыз жеке жоба ретінде сақталды; екеуін "
        "салыстырып, артығын жойыңыз.",
    )
    DRAFT_SENT_ELSEWHERE = Words(
        "This draft was sent or removed in another tab. What you wrote here is kept as a draft of "
        "its own. Before you sign it, look among the sent ones and in the outbox.",
        "Этот черновик отправили или удалили в другой вкладке. Написанное здесь сохранено "
        "отдельным черновиком. Прежде чем подписать, посмотрите отправленные и исходящие.",
        "Бұл жоба басқа қойындыда жіберілді немесе жойылды. Осында жазғаныңыз жеке жоба ретінде "
        "сақталды. Қол қоймас бұрын жіберілгендер мен шығыс қалтасын қараңыз.",
    )
    DRAFT_DROPPED = Words("The draft was removed.", "Черновик удалён.", "Жоба жойылды.")
    DRAFTS_EMPTY = Words("There are no drafts.", "Черновиков нет.", "Жобалар жоқ.")
    EDIT = Words("Edit", "Изменить", "Өзгерту")
    DROP = Words("Remove", "Удалить", "Жою")
    WHAT_WILL_HAPPEN = Words("What will happen", "Что произойдёт", "Жіберілген соң болатыны")
    LEG_HELD = Words(
        "held for approval (needed: {number}) by {whom}",
        "задерживается до одобрения (нужно: {number}), одобряет {whom}",
        "мақұлданғанша кідіртіледі (қажеті: {number}), мақұлдайтын: {whom}",
    )
    LEG_AT_ONCE = Words("delivered at once", "передаётся сразу", "бірден беріледі")
    LEG_BEHIND = Words(
        "delivered once the statement before it is approved",
        "передаётся, когда одобрят предыдущее заявление",
        "алдыңғы мәлімдеме мақұлданған соң беріледі",
    )
    COPIES_TO = Words(
        "A copy of the brief goes to",
        "Копия изложения направляется",
        "Қысқаша мазмұн көшірмесі жіберіледі",
    )
    READERS = Words(
        "Recipients read everything. Approvers and supervisors read the brief alone. The hub reads "
        "nothing.",
        "Получатели прочтут всё. Одобряющие и надзирающие прочтут только изложение. Узел не "
        "прочтёт ничего.",
        "Алушылар бәрін оқиды. Мақұлдаушылар мен қадағалаушылар тек қысқаша мазмұнды оқиды. Торап "
        "ештеңе оқымайды.",
    )
    READER_ALONE = Words(
        "Only the agency named above reads it.",
        "Это прочтёт только названный выше орган.",
        "Мұны тек жоғарыда аталған орган оқиды.",
    )
    CHECK_WORDS = Words("What you wrote", "Что вы написали", "Жазғаныңыз")
    SIGN_AND_SEND = Words("Sign and send", "Подписать и отправить", "Қол қойып жіберу")
    ONE_END = Words(
        "A period needs its first and its last day. Give the other day too, or none.",
        "Периоду нужны первый и последний день. Укажите и второй день, или ни одного.",
        "Кезеңге бірінші және соңғы күн керек. Екінші күнді де көрсетіңіз немесе екеуін де "
        "бос қалдырыңыз.",
    )
    FIELDS_MISSING = Words(
        "These fields are required and empty. What you wrote is kept.",
        "Эти поля обязательны и пусты. Написанное вами сохранено.",
        "Бұл өрістер міндетті, бірақ бос. Жазғаныңыз сақталды.",
    )
    NO_SUCH_DAY = Words(
        "There is no such day. Correct the day, the month or the year. What you wrote is kept.",
        "Такого дня нет. Исправьте день, месяц или год. Написанное вами сохранено.",
        "Мұндай күн жоқ. Күнін, айын немесе жылын түзетіңіз. Жазғаныңыз сақталды.",
    )
    STATEMENT_SENT = Words(
        "{act}: signed and accepted, log entry {entry}.",
        "{act}: подписано и принято, запись журнала {entry}.",
        "{act}: қол қойылып, қабылданды, журнал жазбасы {entry}.",
    )
    STATEMENT_QUEUED = Words(
        "{act}: signed. The hub is away; it waits in the outbox.",
        "{act}: подписано. Узел недоступен; ждёт в исходящих.",
        "{act}: қол қойылды. Торап қолжетімсіз; шығыс қалтасында күтеді.",
    )
    REFUSED_STATE = Words("refused", "отклонено", "қабылданбады")
    DISMISS = Words(
        "I read why; remove it", "Причина прочитана; убрать", "Себебін оқыдым; алып тастау"
    )
    REFUSED_DISMISSED = Words(
        "The refused statement was removed from the outbox. The hub says: it is not on the log.",
        "Отклонённое заявление убрано из исходящих. По ответу узла, в журнале его нет.",
        "Қабылданбаған мәлімдеме шығыс қалтасынан алынды. Тораптың жауабы бойынша ол журналда жоқ.",
    )
    HOLDINGS = Words("Own records", "Свои записи", "Өз жазбалары")
    HOLDINGS_EMPTY = Words(
        "No records of your own were imported yet. Once they are, what others send you can be "
        "compared with them on this machine alone.",
        "Собственные записи ещё не загружены. После загрузки с ними можно сверять присланное вам, "
        "только на этой машине.",
        "Өз жазбаларыңыз әлі жүктелмеген. Жүктелген соң сізге жіберілгенді олармен тек осы "
        "машинада салыстыруға болады.",
    )
    HOLDING_RECORDS = Words("Records", "Записей", "Жазба саны")
    HOLDING_FORGET = Words("Remove from this machine", "Удалить с этой машины", "Машинадан жою")
    HOLDING_IMPORT = Words("Import records", "Загрузить записи", "Жазбаларды жүктеу")
    HOLDING_DO_IMPORT = Words("Import", "Загрузить", "Жүктеу")
    HOLDING_NAME = Words("Name of the set", "Название набора", "Жинақтың атауы")
    HOLDING_NAME_HINT = Words(
        "A set of the same name is replaced. Choose one of the files below, or a table with its "
        "mapping. The files of a form may have 64 MB together; the command agency holdings "
        "import takes larger ones.",
        "Набор с тем же названием заменяется. Выберите ниже один из файлов или таблицу с "
        "разметкой. Файлы одной формы могут занимать вместе до 64 МБ; файлы больше берёт команда "
        "agency holdings import.",
        "Аттас жинақ ауыстырылады. Төменнен бір файлды немесе сәйкестігі бар кестені таңдаңыз. "
        "Бір пішіннің файлдары бірге 64 МБ-тан аспауы керек; одан үлкендерін agency holdings "
        "import командасы алады.",
    )
    HOLDING_READ = Words("How the files were read", "Как прочитаны файлы", "Файлдар қалай оқылды")
    HOLDING_LACKS = Words(
        "Give the set a name and choose a file. Nothing was imported.",
        "Назовите набор и выберите файл. Ничего не загружено.",
        "Жинаққа атау беріп, файл таңдаңыз. Ештеңе жүктелмеді.",
    )
    HOLDING_IMPORTED = Words(
        "Imported into {name}: {number} {number:record|records}.",
        "Загружено в {name}: {number} {number:запись|записи|записей}.",
        "{name} жинағына {number} жазба жүктелді.",
    )
    COMPARE = Words(
        "Compare with own records", "Сверка со своими записями", "Өз жазбаларымен салыстыру"
    )
    COMPARE_WHY = Words(
        "All that waits for your agency's answer is opened and compared. Opening is a delivery and "
        "stands on the log; what is found stays on this machine.",
        "Всё, что ждёт ответа вашего органа, будет открыто и сверено. Открытие считается выдачей и "
        "записывается в журнал; найденное остаётся на этой машине.",
        "Органыңыздың жауабын күткеннің бәрі ашылып, салыстырылады. Ашу беру болып саналады және "
        "журналға жазылады; табылғаны осы машинада қалады.",
    )
    COMPARE_WAITING = Words(
        "Open and compare all that waits",
        "Открыть и сверить всё ожидающее",
        "Күтіп тұрғанның бәрін ашып салыстыру",
    )
    COMPARE_CUT = Words(
        "There are more; the command agency holdings match compares all.",
        "Есть и другие; команда agency holdings match сверяет все.",
        "Басқалары да бар; agency holdings match командасы бәрін салыстырады.",
    )
    NOT_COMPARED = Words("Not compared", "Не сверено", "Салыстырылмады")
    AGENCIES = Words("Directory", "Справочник", "Органдар")
    DIRECTORY_VERIFIED = Words(
        "{number} {number:agency|agencies}. All of it follows from {size} {size:entry|entries} of "
        "the log and was verified.",
        "{number} {number:орган|органа|органов}. Всё это следует из {size} "
        "{size:записи|записей|записей} журнала и проверено.",
        "{number} орган. Мұның бәрі журналдың {size} жазбасынан шығады және тексерілген.",
    )
    VALIDITY = Words("Validity", "Срок действия", "Жарамдылығы")
    CERTIFICATE = Words("Certificate (SHA-256)", "Сертификат (SHA-256)", "Сертификат (SHA-256)")
    MEMBERS = Words("Members", "Участники", "Қатысушылар")
    NO_MEMBERS = Words(
        "No signing certificate of this agency is published, so nobody can sign for it.",
        "Сертификаты подписи этого органа не опубликованы, и подписывать за него некому.",
        "Бұл органның қол қою сертификаты жарияланбаған, сондықтан оның атынан ешкім қол қоя "
        "алмайды.",
    )
    NO_NAME = Words("(no name)", "(без имени)", "(аты жоқ)")
    WHAT_THEY_TAKE = Words(
        "What each agency takes (opens apart)",
        "Что принимает каждый орган (откроется отдельно)",
        "Әр орган не қабылдайды (бөлек ашылады)",
    )
    WITHDRAW = Words("Withdraw", "Отозвать", "Кері алу")
    WITHDRAW_TITLE = Words(
        "Withdraw from the outbox", "Отозвать из исходящих", "Шығыс қалтасынан кері алу"
    )
    WITHDRAW_WHY = Words(
        "The statement is signed and was not sent yet. Once withdrawn, it is never sent, and what "
        "you wrote in it is not kept. The hub is asked first whether it has it already.",
        "Заявление подписано, но ещё не отправлено. Отозванное не будет отправлено, а написанное в "
        "нём не сохранится. Сначала консоль спросит узел, не получил ли он его уже.",
        "Мәлімдемеге қол қойылған, бірақ ол әлі жіберілмеген. Кері алынғаны жіберілмейді, онда "
        "жазғаныңыз сақталмайды. Алдымен тораптан оны алған-алмағаны сұралады.",
    )
    WITHDRAW_LATER = Words(
        "Later statements on the same exchange wait too, and build on this one. Withdraw them "
        "first, in this order:",
        "Более поздние заявления по этому обмену тоже ждут и основаны на этом. Сначала отзовите "
        "их, в таком порядке:",
        "Осы алмасу бойынша кейінгі мәлімдемелер де күтуде және осыған негізделген. Алдымен "
        "оларды мына ретпен кері алыңыз:",
    )
    WITHDRAW_CANNOT_ASK = Words(
        "The hub cannot be asked, so nobody knows whether it has the statement already. Try again "
        "later. If you withdraw it unasked and the hub has it, it stands on the log all the same: "
        "look among what you sent.",
        "Узел спросить нельзя, поэтому неизвестно, не получил ли он заявление уже. Повторите "
        "позже. Если отозвать без проверки, а заявление уже у узла, оно всё равно останется в "
        "журнале: посмотрите среди отправленных.",
        "Тораптан сұрау мүмкін емес, сондықтан мәлімдеменің онда бар-жоғы белгісіз. Кейінірек "
        "қайталаңыз. Тексерусіз кері алсаңыз, ал мәлімдеме торапта болса, ол бәрібір журналда "
        "қалады: жіберілгендерден қараңыз.",
    )
    WITHDRAW_UNASKED = Words("Withdraw unasked", "Отозвать без проверки", "Тексерусіз кері алу")
    WITHDRAW_HUB_HAS = Words(
        "The hub has this statement already, so it cannot be withdrawn. Try to send it now: that "
        "fetches the receipt. A request can be recalled on the page of its exchange.",
        "Заявление уже у узла, поэтому отозвать его из исходящих нельзя. Нажмите «Отправить "
        "сейчас»: придёт квитанция. Запрос можно отозвать на странице его обмена.",
        "Мәлімдеме торапта бар, сондықтан оны шығыс қалтасынан кері алуға болмайды. Қазір жіберіп "
        "көріңіз: түбіртегі келеді. Сұрау салуды оның алмасу бетінде кері алуға болады.",
    )
    STATEMENT_WITHDRAWN = Words(
        "The statement was withdrawn from the outbox and will not be sent.",
        "Заявление отозвано из исходящих и не будет отправлено.",
        "Мәлімдеме шығыс қалтасынан кері алынды, ол жіберілмейді.",
    )
    WAITS_NO_MORE = Words(
        "This statement waits no more, or it is being sent now. Look at the outbox.",
        "Это заявление больше не ждёт, или оно как раз отправляется. Посмотрите исходящие.",
        "Бұл мәлімдеме енді күтпейді немесе дәл қазір жіберілуде. Шығыс қалтасын қараңыз.",
    )
    FLUSH = Words("Try to send now", "Отправить сейчас", "Қазір жіберіп көру")
    OUTBOX_CAUGHT_UP = Words(
        "The hub is back. Sent from the outbox: {sent} of {number}.",
        "Узел снова доступен. Отправлено из исходящих: {sent} из {number}.",
        "Торап қайта қолжетімді. Шығыс қалтасынан жіберілді: {number} ішінен {sent}.",
    )
    OUTBOX_FLUSHED = Words(
        "Sent: {sent} of {number}.",
        "Отправлено: {sent} из {number}.",
        "Жіберілді: {number} ішінен {sent}.",
    )
    OUTBOX_REFUSED_SOME = Words(
        "{number} {number:statement was|statements were} refused by the hub. The outbox says why.",
        "{number} {number:заявление отклонено|заявления отклонены|заявлений отклонены} узлом. "
        "Причина указана в исходящих.",
        "{number} мәлімдемені торап қабылдамады. Себебі шығыс қалтасында айтылған.",
    )
    REFUSED_STAYS = Words(
        "What was refused is not on the log and is never sent again. It stays here until you "
        "remove it. If it is still needed, write it anew.",
        "Отклонённого нет в журнале, и снова оно не отправится. Оно остаётся здесь, пока вы его "
        "не уберёте. Если оно ещё нужно, составьте его заново.",
        "Қабылданбағаны журналда жоқ және қайта жіберілмейді. Ол сіз алып тастағанша осында "
        "тұрады. Әлі қажет болса, оны қайта жазыңыз.",
    )


def _head(label: Label) -> Words:
    """A word of the presentation as the head of a field: it begins with a capital letter."""
    return Words(*(each[:1].upper() + each[1:] for each in label.value))


_ANSWER_DUE: Final = Words("Answer due by", "Ответить к", "Жауап беру мерзімі")
FIELD_WORDS: Final[Mapping[str, Words]] = {
    "due": _ANSWER_DUE,
    "member": Words("Agency to invite", "Приглашаемый орган", "Шақырылатын орган"),
    "agency": _head(Label.AGENCY),
    "supervisor": Words(
        "Supervisor to involve", "Привлекаемый надзирающий орган", "Тартылатын қадағалау органы"
    ),
    "comment": Words("Comment", "Замечание", "Ескерту"),
    "assignee": Words("Who is to do it", "Исполнитель", "Орындаушы"),
    "description": Words("What is to be done", "Что нужно сделать", "Не істеу керек"),
    "exchange_id": _head(Label.EXCHANGE),
    "draft": Words("Draft", "Черновик", "Жоба"),
    "to": _head(Label.TO),
    "recipients": _head(Label.TO),
    "legs": Words("Recipients", "Получатели", "Алушылар"),
    "document.items": Words(
        "Which of the information asked for it answers",
        "На какие из запрошенных сведений это ответ",
        "Сұратылған мәліметтердің қайсысына жауап",
    ),
    "case": Word.CASE_REFERENCE.value,
    "pin": Word.PIN.value,
    "due_at": _ANSWER_DUE,
    "for_named_reader": Words("For whom", "Для кого", "Кімге"),
    "subjects": Word.SUBJECTS_TYPED.value,
    "table_file": Words("Table", "Таблица", "Кесте"),
    "dates": Word.TABLE_DATES.value,
    "attachments": Word.ATTACHMENTS.value,
    "handling": Words("Handling", "Режим обращения", "Пайдалану режимі"),
    "tlp": Word.TLP_CODE.value,
    "urgency": _head(Label.URGENCY),
    "purpose": _head(Label.PURPOSE),
    "legal_basis": _head(Label.LEGAL_BASIS),
    "source_grade": Words("Grade of the source", "Оценка источника", "Дереккөз бағасы"),
    "information_grade": Words("Grade of the information", "Оценка сведений", "Мәлімет бағасы"),
    "permitted_uses": _head(Label.PERMITTED_USES),
    "onward_authorities": _head(Label.ONWARD_AUTHORITIES),
    "offence_types": Words(
        "Offence, by the FATF's categories",
        "Преступление, по категориям ФАТФ",
        "Қылмыс, ФАТФ санаттары бойынша",
    ),
    "further_grounds": Words(
        "Further grounds beside it", "Иные основания наряду с ним", "Оған қоса өзге негіздер"
    ),
    "withheld_from": Words(
        "No copy to the supervisor", "Без копии надзору", "Қадағалауға көшірмесіз"
    ),
    "withholding_ground": Words("Ground for that", "Основание", "Негізі"),
    "language": Word.LANGUAGE.value,
    "time_zone": _head(Label.TIME_ZONE),
    "name": Words("Name or number", "Имя или номер", "Аты немесе нөмірі"),
    "idNumber": Words("Identity number", "Номер документа", "Құжат нөмірі"),
    "birthDate": Words("Date of birth", "Дата рождения", "Туған күні"),
    "country": _head(Label.COUNTRY),
    "note": Words("Note", "Примечание", "Ескертпе"),
    "reason": Words("Reason", "Причина", "Себебі"),
    "ground": Words("Ground", "Основание", "Негіз"),
    "verdict": Words("Decision", "Решение", "Шешім"),
    "result": Words("Result", "Результат", "Нәтиже"),
    "consents": Words(
        "Consents that it rests on (digests)",
        "Согласия, на которых основано (хеши)",
        "Негізделген келісімдер (хештер)",
    ),
    "authority": Words("Authority", "Орган-получатель", "Алушы орган"),
    "sources": Words("From which statements", "Из каких заявлений", "Қай мәлімдемелерден"),
    "expires_at": Words("Valid until", "Действует до", "Жарамдылық мерзімі"),
    "about": Words("About which statement", "О каком заявлении", "Қай мәлімдеме туралы"),
    "use": Words("What you had done with it", "Что было сделано", "Онымен не істелді"),
    "notice": Words("Obstacle", "Препятствие", "Кедергі"),
    "amount": _head(Label.AMOUNT),
    "currency": _head(Label.CURRENCY),
    "assets": Words("Assets", "Активы", "Активтер"),
    "conversion": Words("What took its place", "Чем заменено", "Немен ауыстырылды"),
    "obstacle": Words("What stood against it", "Что помешало", "Не кедергі болды"),
    "usefulness": Words("Usefulness", "Полезность", "Пайдалылығы"),
    "uses": Words("What it was used for", "Для чего использовано", "Не үшін пайдаланылды"),
}
"""Names of fields of forms that no document has."""

VERBS: Final[Mapping[str, Words]] = {
    "approve": Words("Approve", "Одобрить", "Мақұлдау"),
    "return_to_author": Words("Return with a question", "Вернуть с вопросом", "Сұрақпен қайтару"),
    "reject": Words("Reject", "Отклонить", "Қабылдамау"),
    "request_information": Words("Request information", "Запросить информацию", "Ақпарат сұрату"),
    "refer": Words("Refer a matter", "Передать материалы", "Материал жолдау"),
    "request_analysis": Words("Request analysis", "Запросить анализ", "Талдау сұрату"),
    "acknowledge": Words("Acknowledge", "Подтвердить получение", "Алғанын растау"),
    "return_for_information": Words("Ask for details", "Запросить уточнение", "Нақтылау сұрату"),
    "supplement": Words("Supplement", "Дополнить", "Толықтыру"),
    "interim_reply": Words("Interim reply", "Промежуточный ответ", "Аралық жауап"),
    "partial_reply": Words("Partial reply", "Частичный ответ", "Ішінара жауап"),
    "reply": Words("Answer", "Ответить", "Жауап беру"),
    "refuse": Words("Refuse", "Отказать", "Бас тарту"),
    "analysis_product": Words("Give the analysis", "Дать анализ", "Талдау беру"),
    "recall": Words("Recall", "Отозвать", "Кері қайтару"),
    "feedback": Words("Give feedback", "Дать отзыв", "Пікір беру"),
    "close_exchange": Words("Close", "Закрыть", "Жабу"),
    "erase": Words("Erase the content", "Уничтожить содержание", "Мазмұнын жою"),
    "ask_consent": Words("Ask for consent", "Запросить согласие", "Келісім сұрау"),
    "grant_consent": Words("Consent", "Дать согласие", "Келісім беру"),
    "grant_consent_partly": Words(
        "Consent in part", "Согласиться частично", "Ішінара келісім беру"
    ),
    "refuse_consent": Words("Refuse consent", "Отказать в согласии", "Келісімнен бас тарту"),
    "revoke_consent": Words("Revoke consent", "Отозвать согласие", "Келісімді қайтарып алу"),
    "give_advance_notice": Words(
        "Give advance notice", "Предупредить о мере", "Шара туралы алдын ала хабарлау"
    ),
    "ping": Words("Test the connection", "Проверить связь", "Байланысты тексеру"),
    "request_certificates": Words(
        "Ask for certificates", "Запросить сертификаты", "Сертификаттар сұрау"
    ),
    "give_certificates": Words("Give certificates", "Выдать сертификаты", "Сертификаттар беру"),
    "announce_correction": Words(
        "Announce a correction", "Объявить об исправлении", "Түзету туралы хабарлау"
    ),
    "correct": Words("Correct", "Исправить", "Түзету"),
    "remind": Words("Remind", "Напомнить", "Еске салу"),
    "confirm_recall": Words("Confirm the recall", "Подтвердить отзыв", "Кері қайтаруды растау"),
    "erase_answer": Words("Erase my answers", "Уничтожить свои ответы", "Жауаптарымды жою"),
    "give_notice": Words(
        "Tell of an obstacle", "Сообщить о препятствии", "Кедергі туралы хабарлау"
    ),
    "clear": Words("Do not object", "Не возражать", "Қарсы болмау"),
    "object_to": Words("Object", "Возразить", "Қарсылық білдіру"),
    "record_silence": Words("Record silence", "Зафиксировать молчание", "Үнсіздікті тіркеу"),
    "answer_test": Words("Answer the test", "Ответить на проверку", "Тексеруге жауап беру"),
    "claim": Word.TAKE_IN_HAND.value,
    "give_back": Word.GIVE_BACK.value,
    "request_asset_trace": Words("Trace assets", "Разыскать активы", "Активтерді іздеу"),
    "request_freeze": Words("Ask to freeze at once", "Просить заморозить", "Шұғыл қатыруды сұрау"),
    "impose_freeze": Words("Assets are frozen", "Активы заморожены", "Активтер қатырылды"),
    "decline_freeze": Words("Nothing was frozen", "Не заморожено", "Қатырылған жоқ"),
    "extend_freeze": Words("Extend the freeze", "Продлить замораживание", "Қатыруды ұзарту"),
    "convert_freeze": Words(
        "A court's order took its place", "Заменено решением суда", "Сот шешімімен ауыстырылды"
    ),
    "lift_freeze": Words("Lift the freeze", "Снять замораживание", "Қатыруды алып тастау"),
    "record_expiry": Words(
        "The freeze expired", "Срок замораживания истёк", "Қатыру мерзімі бітті"
    ),
    "ask_to_lift": Words("Ask to lift it", "Просить снять", "Алып тастауды сұрау"),
    "report_findings": Words("Report findings", "Сообщить результаты", "Нәтижелерді хабарлау"),
    "open_joint_case": Words("Open a joint case", "Открыть совместное дело", "Бірлескен іс ашу"),
    "invite": Words("Invite an agency", "Пригласить орган", "Орган шақыру"),
    "join": Words("Join", "Вступить", "Қосылу"),
    "decline": Words("Decline", "Отказаться от участия", "Қатысудан бас тарту"),
    "leave": Words("Leave the case", "Выйти из дела", "Істен шығу"),
    "contribute": Words("Contribute", "Добавить материал", "Материал қосу"),
    "give_task": Words("Give a task", "Дать поручение", "Тапсырма беру"),
    "complete_task": Words("Answer the task", "Ответить на поручение", "Тапсырмаға жауап беру"),
    "comment": Words("Comment", "Сделать замечание", "Ескерту жасау"),
    "ask_for_explanation": Words(
        "Ask for an explanation", "Запросить пояснения", "Түсініктеме сұрау"
    ),
    "ask_to_be_involved": Words(
        "Ask to be involved", "Просить привлечь к участию", "Қатыстыруды сұрау"
    ),
    "ask_member_consent": Words(
        "Ask another member", "Запросить согласие участника", "Қатысушыдан келісім сұрау"
    ),
    "draft_analysis": Words(
        "Show a draft of the analysis", "Показать проект анализа", "Талдау жобасын көрсету"
    ),
    "involve_supervisor": Words(
        "Involve a supervisor", "Привлечь надзор", "Қадағалау органын тарту"
    ),
    "extend_deadline": Words("Extend the time", "Продлить срок", "Мерзімін ұзарту"),
}
"""Words of the buttons of acts; an act that is not here is called as its kind."""


def act_words(kind: Kind, act: Act, language: Language) -> str:
    """An act in words."""
    return say(VERBS.get(act.name, kind.spec.words), language)
