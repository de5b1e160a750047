"""The console's own words, in English, Russian and Kazakh.

Words for codes stand with the codes, words for facts in `agency_client.presentation`. A test checks
that no language lacks a word, that a phrase has the same places in all, and that templates hold no
text of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from agency_client.presentation.words import say
from exchange_protocol.kinds.catalogue import Kind
from exchange_protocol.kinds.codes import Language
from exchange_protocol.kinds.spec import Act
from exchange_protocol.words import Words


class Word(Enum):
    """A word or a phrase of a page."""

    _value_: Words
    value: Words

    # --- Every page ----------------------------------------------------------------------------

    TITLE = Words("Exchange console", "Консоль обмена", "Алмасу консолі")
    SKIP = Words("Skip to the content", "Перейти к содержанию", "Мазмұнына өту")
    LANGUAGE = Words("Language", "Язык", "Тіл")
    ENGLISH = Words("English", "English", "English")
    RUSSIAN = Words("Русский", "Русский", "Русский")
    KAZAKH = Words("Қазақша", "Қазақша", "Қазақша")
    THEME = Words("Colours", "Цвета", "Түстер")
    THEME_LIGHT = Words("Light", "Светлые", "Ашық")
    THEME_DARK = Words("Dark", "Тёмные", "Күңгірт")
    THEME_SYSTEM = Words("As the system", "Как в системе", "Жүйедегідей")
    APPLY = Words("Apply", "Применить", "Қолдану")
    LOCK = Words("Lock", "Заблокировать", "Құлыптау")
    SIGNED_IN_AS = Words("You act as", "Вы действуете как", "Сіз мына атынан әрекет етесіз")
    MENU = Words("Sections", "Разделы", "Бөлімдер")
    BACK = Words("Back", "Назад", "Артқа")
    HUB_AWAY = Words(
        "The hub is away. What is kept here can still be read; what you send waits in the outbox.",
        "Узел недоступен. Сохранённое можно читать; отправленное ждёт в исходящих.",
        "Торап қолжетімсіз. Сақталғанын оқуға болады; жібергеніңіз шығыс қалтасында күтеді.",
    )

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
    FAULT_REASON = Words("Reason", "Причина", "Себебі")
    FAULT_FIELD = Words("Field", "Поле", "Өріс")
    FAULT_UNKNOWN = Words(
        "The console failed. Its terminal says where; the content of your work is not written "
        "there.",
        "Сбой консоли. Место сбоя указано в терминале; содержание вашей работы туда не пишется.",
        "Консоль істен шықты. Терминалда қай жерде екені жазылған; жұмысыңыздың мазмұны онда "
        "жазылмайды.",
    )
    NOT_FOUND = Words("There is no such page.", "Такой страницы нет.", "Мұндай бет жоқ.")
    FORM_OLD = Words(
        "This form is from another session. Go back, load the page again and repeat.",
        "Эта форма из другого сеанса. Вернитесь, обновите страницу и повторите.",
        "Бұл пішін басқа сеанстан. Артқа қайтып, бетті жаңартып, қайталаңыз.",
    )

    # --- Who is here ---------------------------------------------------------------------------

    HOME = Words("Overview", "Обзор", "Шолу")
    AGENCY_FACT = Words("Agency", "Орган", "Орган")
    ROLE_FACT = Words("Role", "Роль", "Рөл")
    CERTIFICATE_UNTIL = Words(
        "Certificate valid until",
        "Сертификат действует до",
        "Сертификат мына уақытқа дейін жарамды",
    )
    LOG_FACT = Words("Log verified up to", "Журнал проверен до", "Журнал мынаған дейін тексерілді")
    ENTRIES = Words("{number} entries", "записей: {number}", "жазбалар: {number}")

    # --- Lists ---------------------------------------------------------------------------------

    OF = Words("{given} of {required}", "{given} из {required}", "{required} ішінен {given}")
    PAGE_OF = Words(
        "Page {page} of {pages}", "Страница {page} из {pages}", "{pages} беттің {page}-беті"
    )
    NEXT_PAGE = Words("Next page", "Следующая страница", "Келесі бет")
    PREVIOUS_PAGE = Words("Previous page", "Предыдущая страница", "Алдыңғы бет")
    URGENT = Words("urgent", "срочно", "шұғыл")
    LATE = Words("overdue", "просрочено", "мерзімі өтті")

    # --- The queue -----------------------------------------------------------------------------

    QUEUE = Words("To decide", "На решение", "Шешім күтетіндер")
    QUEUE_COUNT = Words(
        "{number} to decide, by the time that is left",
        "На решение: {number}, по оставшемуся времени",
        "Шешім күтетіні: {number}, қалған уақыт бойынша",
    )
    QUEUE_EMPTY = Words(
        "Nothing waits for your decision.",
        "Ваших решений ничего не ожидает.",
        "Шешіміңізді ештеңе күтіп тұрған жоқ.",
    )
    ROW_UNVERIFIED = Words(
        "does not verify: {reason}", "не прошло проверку: {reason}", "тексеруден өтпеді: {reason}"
    )
    TIME_LEFT = Words("Time left", "Осталось", "Қалған уақыт")
    ROUTE = Words("From and to", "От кого и кому", "Кімнен және кімге")
    WHAT = Words("What", "Что", "Не")
    BASIS = Words("Legal basis", "Основание", "Негізі")
    TERMS = Words("Handling", "Режим", "Режим")
    SUBJECTS = Words("Subjects", "Лиц", "Тұлғалар")
    APPROVED = Words("Approved", "Одобрено", "Мақұлданды")
    NEXT_ITEM = Words("Next item", "Следующее", "Келесісі")
    PREVIOUS_ITEM = Words("Previous item", "Предыдущее", "Алдыңғысы")
    OWN_PAGE = Words("Whole exchange", "Весь обмен", "Алмасу толығымен")
    BACK_TO_QUEUE = Words("Back to the queue", "Назад к очереди", "Кезекке оралу")
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
        "Ruled in entry {entry} of the log; the library judged it anew and came to the same.",
        "Решено в записи журнала {entry}; библиотека пересудила и пришла к тому же.",
        "Журналдың {entry}-жазбасында шешілген; кітапхана қайта тексеріп, сол нәтижеге келді.",
    )
    CROSSES_BORDER = Words(
        "This crosses a border",
        "Сведения пересекают границу",
        "Мәлімет шекарадан өтеді",
    )
    CROSSES_BORDER_WHY = Words(
        "Once released, the recipient reads it and you cannot take it back. Your signature "
        "stands on the log, and everyone concerned can verify it.",
        "После передачи получатель это прочтёт, и вернуть ничего нельзя. Ваша подпись останется в "
        "журнале, и её проверит каждый причастный.",
        "Берілгеннен кейін алушы оны оқиды, кері қайтаруға болмайды. Қолыңыз журналда қалады, оны "
        "әрбір қатысушы тексере алады.",
    )
    WHAT_YOU_SIGN = Words("What you sign", "Что вы подписываете", "Неге қол қоясыз")
    SIGN_SENTENCE = Words(
        "A decision on the statement with this digest, and on nothing else:",
        "Решение о заявлении с этим хешем, и ни о чём другом:",
        "Тек осы хеші бар мәлімдеме туралы шешім:",
    )
    ON_LEGS = Words("On the legs of", "По линиям", "Мына желілер бойынша")
    FOUR_EYES = Words("Four eyes", "Четыре глаза", "Төрт көз")
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
    DECIDE_NOW = Words("Decide", "Решение", "Шешім")
    SIGN = Words("Sign: {act}", "Подписать: {act}", "Қол қою: {act}")
    CANCEL = Words("Cancel", "Отмена", "Бас тарту")
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

    # --- One exchange --------------------------------------------------------------------------

    EXCHANGE = Words("Exchange", "Обмен", "Алмасу")
    TLP = Words("TLP", "TLP", "TLP")
    CHECKS = Words("What was verified", "Что проверено", "Не тексерілді")
    PASSED = Words("verified", "проверено", "тексерілді")
    FAILED = Words("failed", "не прошло", "өтпеді")
    CHECK_LOG = Words(
        "The log of {size} entries is signed by its key and extends what was seen before.",
        "Журнал из {size} записей подписан своим ключом и продолжает виденное ранее.",
        "{size} жазбадан тұратын журналға өз кілтімен қол қойылған және бұрынғысын жалғастырады.",
    )
    CHECK_ENTRIES = Words(
        "Each of the {number} entries shown is proven to be in that log.",
        "Доказано, что каждая из показанных записей ({number}) есть в этом журнале.",
        "Көрсетілген {number} жазбаның әрқайсысы осы журналда екені дәлелденді.",
    )
    CHECK_SIGNATURES = Words(
        "Each of the {number} statements bears its author's signature, by a certificate that was "
        "valid then.",
        "Каждое из заявлений ({number}) подписано автором; сертификат тогда действовал.",
        "{number} мәлімдеменің әрқайсысына авторы қол қойған; сертификат сол кезде жарамды болған.",
    )
    CHECK_RULES_WHOLE = Words(
        "The whole exchange was judged anew under the policy of each moment.",
        "Весь обмен пересужен по политике каждого момента.",
        "Бүкіл алмасу әр сәттегі саясат бойынша қайта тексерілді.",
    )
    CHECK_RULES_LEG = Words(
        "Your leg was judged anew: policy, approvals and every change of state.",
        "Ваша линия пересужена: политика, одобрения и каждое изменение состояния.",
        "Сіздің желіңіз қайта тексерілді: саясат, мақұлдаулар және күйдің әр өзгерісі.",
    )
    CHECK_RULES_SHOWN = Words(
        "Each statement that you may see was judged anew on its leg.",
        "Каждое видимое вам заявление пересужено на своей линии.",
        "Сізге көрінетін әр мәлімдеме өз желісінде қайта тексерілді.",
    )
    CHECK_RULES_NAMED = Words(
        "Each statement names your agency as a supervisor.",
        "Каждое заявление называет ваш орган надзирающим.",
        "Әр мәлімдемеде органыңыз қадағалаушы ретінде көрсетілген.",
    )
    CHECK_APPROVALS = Words(
        "{number} approvals are the approvers' own signatures over exactly what was approved.",
        "Одобрения ({number}) подписаны самими одобрившими, именно под тем, что одобрено.",
        "{number} мақұлдауға мақұлдаушылардың өздері дәл сол мәтінге қол қойған.",
    )
    CHECK_RECEIPTS = Words(
        "Everything that your agency said, and has receipts for, is shown.",
        "Показано всё, что сказал ваш орган и на что есть квитанции.",
        "Органыңыз айтқан және түбіртегі бар мәлімдеменің бәрі көрсетілген.",
    )
    CHECK_PARTS = Words(
        "{number} sealed parts are those that their authors signed, and were opened here.",
        "Зашифрованные части ({number}) те самые, что подписали авторы, и расшифрованы здесь.",
        "{number} шифрланған бөлік авторлар қол қойғанның дәл өзі және осында ашылды.",
    )
    FACTS = Words("The exchange in short", "Обмен вкратце", "Алмасу қысқаша")
    CONTENT = Words("Statements", "Заявления", "Мәлімдемелер")
    STATE_CHANGE = Words("Change of state", "Изменение состояния", "Күйдің өзгеруі")
    SENDER_TIME = Words("sender's clock: {time}", "по часам автора: {time}", "автор сағаты: {time}")
    DIGEST = Words("Digest (SHA-256)", "Хеш (SHA-256)", "Хеш (SHA-256)")
    SAVE = Words("Save {name}", "Сохранить {name}", "{name} сақтау")
    BYTES = Words("{number} bytes", "байт: {number}", "{number} байт")
    FILES_HOSTILE = Words(
        "Files come from outside and were not checked for malware.",
        "Файлы получены извне и на вредоносность не проверялись.",
        "Файлдар сырттан келген, зиянды кодқа тексерілмеген.",
    )
    SHOWN_OF = Words(
        "{shown} of {count} rows are shown",
        "Показано строк: {shown} из {count}",
        "{count} жолдың {shown}-ы көрсетілген",
    )


FIELD_WORDS: Final[Mapping[str, Words]] = {
    "note": Words("Note", "Примечание", "Ескертпе"),
    "reason": Words("Reason", "Причина", "Себебі"),
    "ground": Words("Ground", "Основание", "Негіз"),
    "result": Words("Result", "Результат", "Нәтиже"),
    "usefulness": Words("Usefulness", "Полезность", "Пайдалылығы"),
    "uses": Words("What it was used for", "Для чего использовано", "Не үшін пайдаланылды"),
}
"""What fields of forms are called that no document has."""

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
    "extend_deadline": Words("Extend the time", "Продлить срок", "Мерзімін ұзарту"),
}
"""What a button says for an act; an act that is not here is called as its kind."""


def act_words(kind: Kind, act: Act, language: Language) -> str:
    """An act in words."""
    return say(VERBS.get(act.name, kind.spec.words), language)
