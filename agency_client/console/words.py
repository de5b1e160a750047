"""The console's own words, in English, Russian and Kazakh.

Words for codes stand with the codes, words for facts in `agency_client.presentation`. A test checks
that no language lacks a word, that a phrase has the same places in all, and that templates hold no
text of their own.
"""

from __future__ import annotations

from enum import Enum

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
