"""Errors in the reader's language: what is wrong and what to do, by reason; the detail is apart.

Messages of errors are English and may quote others. A person is told the sentence of the reason;
the message stands beside it as a technical detail, for the helpdesk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agency_client.presentation.documents import FIELDS
from agency_client.presentation.locale import Locale
from agency_client.presentation.places import field_in_words, places_of
from exchange_protocol.errors import (
    ExchangeError,
    HubDishonest,
    HubUnavailable,
    Reason,
    SealBroken,
    SignatureInvalid,
)
from exchange_protocol.words import Words


@dataclass(frozen=True, slots=True)
class Explained:
    """An error as a person is told it."""

    sentence: str
    """A fault in plain words, and the way out."""
    reason: str
    """The stable name of the reason, to be quoted where one asks for help."""
    field: str
    """The field that is wrong, in words; empty where there is none, or none that has a word."""
    detail: str
    """The field and the message, in English, with unseen characters shown."""
    places: tuple[str, ...]
    """The places of faults in a text or a file, with what was expected, in words, one each."""
    has_places: bool
    """True if the detail alone says what is wrong with a text or a file: a person needs it."""


def explain(error: ExchangeError, locale: Locale, names: Mapping[str, Words] = FIELDS) -> Explained:
    """Put an error into words.

    Args:
        error: the error.
        locale: how the person is told.
        names: names of fields, by the last part of their dotted path.
    """
    places = places_of(error, locale, names)
    return Explained(
        sentence=locale.say(words_of(error.reason)),
        reason=error.reason.name,
        field=field_in_words(error.field or "", locale, names),
        detail=locale.visible(
            f"{f'{error.field}: ' if error.field else ''}{locale.with_own_times(error.message)}"
        ),
        places=places.told,
        has_places=error.reason is Reason.DOCUMENT_INVALID and not places.is_whole,
    )


def words_of(reason: Reason) -> Words:
    """The sentence of a reason."""
    return REASONS.get(reason) or next(
        (words for kind, words in _CLASSES.items() if issubclass(reason.error_class, kind)),
        _UNKNOWN,
    )


_UNKNOWN: Final = Words(
    "This could not be done. Quote the reason below to your administrator.",
    "Это не удалось сделать. Сообщите администратору причину, указанную ниже.",
    "Бұл орындалмады. Төмендегі себепті әкімшіге хабарлаңыз.",
)
_CLASSES: Final[Mapping[type[ExchangeError], Words]] = {
    HubDishonest: Words(
        "The hub's answer does not verify. Do not act on it; tell your administrator and the "
        "auditors.",
        "Ответ узла не прошёл проверку. Не действуйте на его основании; сообщите администратору и "
        "аудиторам.",
        "Тораптың жауабы тексеруден өтпеді. Оған сүйеніп әрекет етпеңіз; әкімші мен аудиторларға "
        "хабарлаңыз.",
    ),
    HubUnavailable: Words(
        "The hub does not answer. Try again later.",
        "Узел не отвечает. Повторите позже.",
        "Торап жауап бермейді. Кейінірек қайталаңыз.",
    ),
    SignatureInvalid: Words(
        "Another agency's signature or approval does not verify. Ask that agency by another way.",
        "Подпись или одобрение другого органа не прошли проверку. Свяжитесь с этим органом иным "
        "путём.",
        "Басқа органның қолтаңбасы немесе мақұлдауы тексеруден өтпеді. Ол органмен басқа жолмен "
        "хабарласыңыз.",
    ),
    SealBroken: Words(
        "An encrypted part cannot be opened. Ask its author to send it anew.",
        "Зашифрованную часть не удалось открыть. Попросите автора прислать её заново.",
        "Шифрланған бөлікті ашу мүмкін болмады. Авторынан қайта жіберуді сұраңыз.",
    ),
}
"""Sentences of a class, for reasons without one of their own."""

REASONS: Final[Mapping[Reason, Words]] = {
    # malformed input
    Reason.MALFORMED: Words(
        "The form of what was sent is wrong. Update the program; if it happens again, tell your "
        "administrator.",
        "Отправленное имеет неверную форму. Обновите программу; если повторится, сообщите "
        "администратору.",
        "Жіберілгеннің пішімі қате. Бағдарламаны жаңартыңыз; қайталанса, әкімшіге хабарлаңыз.",
    ),
    Reason.MISSING_FIELD: Words(
        "A required field is empty. Fill it in and repeat.",
        "Обязательное поле пусто. Заполните его и повторите.",
        "Міндетті өріс бос. Оны толтырып, қайталаңыз.",
    ),
    Reason.INVALID_FIELD: Words(
        "A field has a value that is not allowed there. Correct it and repeat.",
        "Значение поля недопустимо. Исправьте его и повторите.",
        "Өрістің мәні жарамсыз. Оны түзетіп, қайталаңыз.",
    ),
    Reason.UNKNOWN_KIND: Words(
        "This version does not know the kind of the statement. Update the program.",
        "Эта версия не знает такого вида заявления. Обновите программу.",
        "Бұл нұсқа мәлімдеменің осы түрін білмейді. Бағдарламаны жаңартыңыз.",
    ),
    Reason.CLOCK_SKEW: Words(
        "The clock of this computer differs from the hub's. Set the clock and send again.",
        "Часы этого компьютера расходятся с часами узла. Установите время и отправьте снова.",
        "Осы компьютердің сағаты торап сағатынан өзгеше. Уақытты түзеп, қайта жіберіңіз.",
    ),
    Reason.PART_MISMATCH: Words(
        "An encrypted part is not the one that was signed. Write the statement anew.",
        "Зашифрованная часть не та, что подписана. Составьте заявление заново.",
        "Шифрланған бөлік қол қойылған бөлік емес. Мәлімдемені қайта жасаңыз.",
    ),
    Reason.PART_MISSING: Words(
        "An encrypted part of the statement did not arrive. Send it again.",
        "Зашифрованная часть заявления не дошла. Отправьте снова.",
        "Мәлімдеменің шифрланған бөлігі жетпеді. Қайта жіберіңіз.",
    ),
    Reason.DUPLICATE_WRAPPED_KEY: Words(
        "A part is encrypted twice for one agency. Write the statement anew.",
        "Часть зашифрована дважды для одного органа. Составьте заявление заново.",
        "Бөлік бір орган үшін екі рет шифрланған. Мәлімдемені қайта жасаңыз.",
    ),
    Reason.READERS_MISMATCH: Words(
        "The readers changed since the statement was written. Write it anew.",
        "С тех пор как заявление составлено, круг читателей изменился. Составьте его заново.",
        "Мәлімдеме жасалғаннан бері оқырмандар өзгерді. Оны қайта жасаңыз.",
    ),
    Reason.SUPERVISOR_MISSING: Words(
        "A supervisor that the policy asks for is missing. Write the statement anew.",
        "Не указан надзирающий орган, которого требует политика. Составьте заявление заново.",
        "Саясат талап ететін қадағалаушы көрсетілмеген. Мәлімдемені қайта жасаңыз.",
    ),
    Reason.PAGE_TOKEN_INVALID: Words(
        "The list has changed. Load its first page again.",
        "Список изменился. Откройте его первую страницу снова.",
        "Тізім өзгерді. Оның бірінші бетін қайта ашыңыз.",
    ),
    Reason.RESUME_TOKEN_INVALID: Words(
        "The place in the news is no longer known. Load the list again.",
        "Место в потоке новостей больше не известно. Загрузите список снова.",
        "Жаңалықтар ағынындағы орын енді белгісіз. Тізімді қайта жүктеңіз.",
    ),
    Reason.PROOF_RANGE_INVALID: Words(
        "The log has no entry of this number. Check the number.",
        "В журнале нет записи с таким номером. Проверьте номер.",
        "Журналда мұндай нөмірлі жазба жоқ. Нөмірді тексеріңіз.",
    ),
    Reason.POLICY_INVALID: Words(
        "The policy has an error. Tell the operator of the hub.",
        "В политике ошибка. Сообщите оператору узла.",
        "Саясатта қате бар. Торап операторына хабарлаңыз.",
    ),
    Reason.POLICY_UNREADABLE: Words(
        "This version cannot read the policy. Update the program.",
        "Эта версия не может прочесть политику. Обновите программу.",
        "Бұл нұсқа саясатты оқи алмайды. Бағдарламаны жаңартыңыз.",
    ),
    Reason.CONFIG_INVALID: Words(
        "A setting of this computer is wrong. Tell your administrator.",
        "Настройка этого компьютера неверна. Сообщите администратору.",
        "Осы компьютердің баптауы қате. Әкімшіге хабарлаңыз.",
    ),
    Reason.PROFILE_INVALID: Words(
        "The profile of this computer is damaged or incomplete. Tell your administrator.",
        "Профиль на этом компьютере повреждён или неполон. Сообщите администратору.",
        "Осы компьютердегі профиль бүлінген немесе толық емес. Әкімшіге хабарлаңыз.",
    ),
    Reason.DOCUMENT_INVALID: Words(
        "The text, the table or the file has faults; nothing was sent. The places stand below. "
        "Correct them and repeat.",
        "В тексте, таблице или файле есть ошибки; ничего не отправлено. Места указаны ниже. "
        "Исправьте и повторите.",
        "Мәтінде, кестеде немесе файлда қателер бар; ештеңе жіберілмеді. Орындары төменде. "
        "Түзетіп, қайталаңыз.",
    ),
    Reason.COPY_UNUSABLE: Words(
        "This copy of the database cannot be checked. Take another copy.",
        "Эту копию базы данных нельзя проверить. Сделайте другую копию.",
        "Дерекқордың бұл көшірмесін тексеру мүмкін емес. Басқа көшірме жасаңыз.",
    ),
    Reason.COSIGNATURE_INVALID: Words(
        "A witness's signature does not verify. Tell the auditors.",
        "Подпись свидетеля не прошла проверку. Сообщите аудиторам.",
        "Куәнің қолтаңбасы тексеруден өтпеді. Аудиторларға хабарлаңыз.",
    ),
    Reason.SPLIT_VIEW_NOT_PROVEN: Words(
        "These two signed states of the log prove nothing against the hub.",
        "Эти два подписанных состояния журнала ничего не доказывают против узла.",
        "Журналдың қол қойылған бұл екі күйі торапқа қарсы ештеңе дәлелдемейді.",
    ),
    Reason.PROVENANCE_CIRCULAR: Words(
        "You would send this information back to the agency that it came from. Leave that agency "
        "out.",
        "Эти сведения вернулись бы органу, от которого получены. Уберите этот орган.",
        "Бұл мәлімет оны берген органның өзіне қайтар еді. Ол органды алып тастаңыз.",
    ),
    Reason.TIME_LIMIT_EXCEEDED: Words(
        "The time is longer than the published limit allows. Choose an earlier time.",
        "Срок больше опубликованного предела. Выберите более раннюю дату.",
        "Мерзім жарияланған шектен ұзақ. Ертерек күнді таңдаңыз.",
    ),
    Reason.TIME_LIMIT_INVALID: Words(
        "The time limit is not valid. Correct it and repeat.",
        "Предельный срок указан неверно. Исправьте и повторите.",
        "Шекті мерзім қате көрсетілген. Түзетіп, қайталаңыз.",
    ),
    Reason.TIME_LIMITS_CONTRADICT: Words(
        "This time limit contradicts another one. Correct it and repeat.",
        "Этот предельный срок противоречит другому. Исправьте и повторите.",
        "Бұл шекті мерзім басқасына қайшы. Түзетіп, қайталаңыз.",
    ),
    Reason.CALENDAR_DAY_IMPOSSIBLE: Words(
        "The calendar names a day that does not exist. Correct it and repeat.",
        "В календаре назван несуществующий день. Исправьте и повторите.",
        "Күнтізбеде жоқ күн аталған. Түзетіп, қайталаңыз.",
    ),
    Reason.CALENDAR_DAY_TWICE: Words(
        "The calendar names a day twice. Remove one of them.",
        "День назван в календаре дважды. Уберите один.",
        "Күнтізбеде бір күн екі рет аталған. Біреуін алып тастаңыз.",
    ),
    Reason.CALENDAR_YEAR_INVALID: Words(
        "A day of the calendar is of another year. Correct it and repeat.",
        "День календаря относится к другому году. Исправьте и повторите.",
        "Күнтізбедегі күн басқа жылға жатады. Түзетіп, қайталаңыз.",
    ),
    Reason.COUNTRY_UNKNOWN: Words(
        "No agency of this country takes part. Check the country.",
        "Органы этой страны не участвуют. Проверьте страну.",
        "Бұл елдің органдары қатыспайды. Елді тексеріңіз.",
    ),
    Reason.LEAD_INVITED: Words(
        "This agency leads the case already. Invite another one.",
        "Этот орган уже ведёт дело. Пригласите другой.",
        "Бұл орган істі жүргізіп отыр. Басқасын шақырыңыз.",
    ),
    Reason.EXPLANATION_MISSING: Words(
        "This needs an explanation in words. Write it and repeat.",
        "Здесь требуется пояснение словами. Напишите его и повторите.",
        "Мұнда сөзбен түсіндірме қажет. Жазып, қайталаңыз.",
    ),
    Reason.GROUND_NEVER_ALONE: Words(
        "Nobody may refuse on this ground alone. Name another ground beside it, or answer.",
        "По одному этому основанию отказать нельзя. Назовите рядом другое основание или ответьте.",
        "Жалғыз осы негізбен бас тартуға болмайды. Қасына басқа негіз көрсетіңіз немесе жауап "
        "беріңіз.",
    ),
    Reason.DUE_TIME_PAST: Words(
        "The due time is past. Choose a later one.",
        "Срок ответа уже прошёл. Выберите более поздний.",
        "Жауап мерзімі өтіп кеткен. Кейінірек мерзімді таңдаңыз.",
    ),
    Reason.DUE_TIME_TOO_FAR: Words(
        "The due time is too far away. Choose an earlier one.",
        "Срок ответа слишком далёк. Выберите более ранний.",
        "Жауап мерзімі тым алыс. Ертерек мерзімді таңдаңыз.",
    ),
    Reason.DUE_TIME_NOT_LATER: Words(
        "The new due time is not later than the present one. Choose a later one.",
        "Новый срок не позже прежнего. Выберите более поздний.",
        "Жаңа мерзім бұрынғыдан кеш емес. Кейінірек мерзімді таңдаңыз.",
    ),
    Reason.EXPIRY_PAST: Words(
        "The time until which it is valid is past. Choose a later one.",
        "Срок действия уже прошёл. Выберите более поздний.",
        "Жарамдылық мерзімі өтіп кеткен. Кейінірек мерзімді таңдаңыз.",
    ),
    Reason.EXPIRY_TOO_FAR: Words(
        "The time until which it is valid is too far away. Choose an earlier one.",
        "Срок действия слишком далёк. Выберите более ранний.",
        "Жарамдылық мерзімі тым алыс. Ертерек мерзімді таңдаңыз.",
    ),
    Reason.CONTRADICTORY: Words(
        "Two things that you entered contradict each other. Leave one of them out.",
        "Два введённых значения противоречат друг другу. Уберите одно из них.",
        "Енгізілген екі мән бір-біріне қайшы. Біреуін алып тастаңыз.",
    ),
    Reason.CONSENT_NOT_LESS: Words(
        "This is the purpose that was asked for. Consent to it in full, or choose another one.",
        "Это та цель, о которой просили. Дайте полное согласие или выберите другую цель.",
        "Бұл — сұралған мақсат. Оған толық келісім беріңіз немесе басқа мақсатты таңдаңыз.",
    ),
    Reason.AGENCY_TWICE: Words(
        "An agency is named twice. Name each once.",
        "Орган назван дважды. Назовите каждый один раз.",
        "Орган екі рет аталған. Әрқайсысын бір рет атаңыз.",
    ),
    Reason.OWN_AGENCY_ADDRESSED: Words(
        "You address your own agency. Choose another one.",
        "Вы обращаетесь к своему органу. Выберите другой.",
        "Сіз өз органыңызға жүгініп отырсыз. Басқасын таңдаңыз.",
    ),
    # who
    Reason.SIGNATURE_MISSING: Words(
        "A second, post-quantum signature is needed, and this profile has no key for it. Tell your "
        "administrator.",
        "Нужна вторая, постквантовая подпись, а ключа для неё в профиле нет. Сообщите "
        "администратору.",
        "Екінші, постквантық қолтаңба қажет, ал профильде оның кілті жоқ. Әкімшіге хабарлаңыз.",
    ),
    Reason.UNAUTHENTICATED: Words(
        "The hub does not know who is calling. Tell your administrator.",
        "Узел не знает, кто обращается. Сообщите администратору.",
        "Торап кімнің жүгінгенін білмейді. Әкімшіге хабарлаңыз.",
    ),
    Reason.CERTIFICATE_INVALID: Words(
        "A certificate is not valid. Tell your administrator.",
        "Сертификат недействителен. Сообщите администратору.",
        "Сертификат жарамсыз. Әкімшіге хабарлаңыз.",
    ),
    Reason.CERTIFICATE_EXPIRED: Words(
        "By the clock the certificate is not good now. Check the clock, else have it renewed.",
        "По часам сертификат сейчас не действует. Проверьте часы, иначе обновите сертификат.",
        "Сағат бойынша сертификат қазір жарамсыз. Сағатты тексеріңіз, әйтпесе сертификатты "
        "жаңартыңыз.",
    ),
    Reason.CERTIFICATE_REVOKED: Words(
        "The certificate was revoked. Tell your administrator at once.",
        "Сертификат отозван. Немедленно сообщите администратору.",
        "Сертификат қайтарып алынған. Дереу әкімшіге хабарлаңыз.",
    ),
    Reason.CERTIFICATE_UNTRUSTED: Words(
        "The certificate does not lead to a root that is trusted here. Tell your administrator.",
        "Сертификат не ведёт к доверенному корню. Сообщите администратору.",
        "Сертификат сенімді түбірге апармайды. Әкімшіге хабарлаңыз.",
    ),
    Reason.CERTIFICATE_USAGE: Words(
        "The certificate is for another use. Tell your administrator.",
        "Сертификат предназначен для другого. Сообщите администратору.",
        "Сертификат басқа мақсатқа арналған. Әкімшіге хабарлаңыз.",
    ),
    Reason.CERTIFICATE_UNKNOWN: Words(
        "The certificate is not on the log yet. Tell your administrator.",
        "Сертификата ещё нет в журнале. Сообщите администратору.",
        "Сертификат журналда әлі жоқ. Әкімшіге хабарлаңыз.",
    ),
    Reason.IDENTITY_INVALID: Words(
        "This is no name of an agency as the exchange writes it. Choose one of the list.",
        "Это не обозначение органа, принятое в обмене. Выберите из списка.",
        "Бұл алмасуда қабылданған орган белгісі емес. Тізімнен таңдаңыз.",
    ),
    Reason.SIGNATURE_INVALID: Words(
        "The signature does not verify. Tell your administrator.",
        "Подпись не прошла проверку. Сообщите администратору.",
        "Қолтаңба тексеруден өтпеді. Әкімшіге хабарлаңыз.",
    ),
    Reason.KEY_UNAVAILABLE: Words(
        "The key cannot be used: the passphrase is wrong, or this profile has no such key. Nothing "
        "was signed.",
        "Ключ недоступен: неверен пароль или в профиле нет такого ключа. Ничего не подписано.",
        "Кілт қолжетімсіз: құпиясөз қате немесе бұл профильде ондай кілт жоқ. Ештеңеге қол "
        "қойылған жоқ.",
    ),
    # may they
    Reason.AUTHOR_MISMATCH: Words(
        "Another person signed than the one who is named as the author.",
        "Подписал не тот, кто указан автором.",
        "Қол қойған адам автор ретінде көрсетілген адам емес.",
    ),
    Reason.AGENCY_NOT_ENROLLED: Words(
        "The agency does not take part in the exchange. Choose one of the list.",
        "Орган не участвует в обмене. Выберите из списка.",
        "Орган алмасуға қатыспайды. Тізімнен таңдаңыз.",
    ),
    Reason.POLICY_DENIED: Words(
        "The policy does not allow you to say this to that agency. Ask your supervisor which way "
        "is open.",
        "Политика не разрешает вам направлять это этому органу. Узнайте у руководства, какой путь "
        "открыт.",
        "Саясат мұны ол органға жіберуге рұқсат бермейді. Қай жол ашық екенін басшылықтан сұраңыз.",
    ),
    Reason.NO_APPROVER: Words(
        "This needs an approval, and nobody can give it. Tell the operator of the hub.",
        "Нужно одобрение, но дать его некому. Сообщите оператору узла.",
        "Мақұлдау керек, бірақ оны беретін ешкім жоқ. Торап операторына хабарлаңыз.",
    ),
    Reason.OWN_REQUEST: Words(
        "Your own agency made this statement. Another agency must decide.",
        "Это заявление вашего органа. Решать должен другой орган.",
        "Бұл сіздің органыңыздың мәлімдемесі. Басқа орган шешуі керек.",
    ),
    Reason.NOT_A_PARTY: Words(
        "Your agency has no such part in this exchange, so it cannot say this.",
        "У вашего органа нет такой роли в этом обмене, поэтому он не может этого заявить.",
        "Органыңыздың бұл алмасуда ондай рөлі жоқ, сондықтан мұны мәлімдей алмайды.",
    ),
    Reason.ROLE_NOT_PERMITTED: Words(
        "Your role does not allow this. A colleague with another role must do it.",
        "Ваша роль этого не позволяет. Это должен сделать сотрудник с другой ролью.",
        "Рөліңіз бұған рұқсат бермейді. Мұны басқа рөлі бар қызметкер жасауы керек.",
    ),
    Reason.NOT_ITS_CLAIM: Words(
        "Another person has this in hand.",
        "Это в работе у другого.",
        "Бұл басқа адамның жұмысында.",
    ),
    Reason.CONSENT_MISSING: Words(
        "The author has not consented to this use. Ask the author for consent first.",
        "Автор не дал согласия на такое использование. Сначала запросите согласие.",
        "Автор мұндай пайдалануға келісім бермеген. Алдымен келісім сұраңыз.",
    ),
    Reason.AGENCY_RETIRED: Words(
        "The agency takes part no more. Choose another one.",
        "Орган больше не участвует. Выберите другой.",
        "Орган енді қатыспайды. Басқасын таңдаңыз.",
    ),
    Reason.NOT_TAKEN: Words(
        "The agency does not take statements of this kind or this language. Choose another way.",
        "Орган не принимает заявления этого вида или на этом языке. Выберите другой путь.",
        "Орган мұндай түрдегі немесе осы тілдегі мәлімдемелерді қабылдамайды. Басқа жолды "
        "таңдаңыз.",
    ),
    Reason.NOT_THE_LEAD: Words(
        "Only the agency that leads the joint case may do this.",
        "Это может только орган, ведущий совместное дело.",
        "Мұны бірлескен істі жүргізетін орган ғана жасай алады.",
    ),
    Reason.NOT_ACTIVE: Words(
        "Your agency is no active member of the joint case. Join it first.",
        "Ваш орган не участвует в совместном деле. Сначала вступите в него.",
        "Органыңыз бірлескен іске қатыспайды. Алдымен қосылыңыз.",
    ),
    Reason.GATE_EXCEEDED: Words(
        "This needs more approvals than the joint case has. Send it in an exchange of its own.",
        "Для этого нужно больше одобрений, чем есть у совместного дела. Отправьте отдельным "
        "обменом.",
        "Бұған бірлескен істегіден көп мақұлдау керек. Бөлек алмасумен жіберіңіз.",
    ),
    # is there
    Reason.EXCHANGE_UNKNOWN: Words(
        "There is no such exchange, or none that your agency may know of.",
        "Такого обмена нет, или ваш орган не может о нём знать.",
        "Мұндай алмасу жоқ немесе органыңыз ол туралы біле алмайды.",
    ),
    Reason.AGENCY_UNKNOWN: Words(
        "There is no such agency in the exchange. Choose one of the list.",
        "Такого органа в обмене нет. Выберите из списка.",
        "Алмасуда мұндай орган жоқ. Тізімнен таңдаңыз.",
    ),
    Reason.PART_UNKNOWN: Words(
        "There is no such part or file in the exchange. Open the exchange again.",
        "Такой части или файла в обмене нет. Откройте обмен снова.",
        "Алмасуда мұндай бөлік немесе файл жоқ. Алмасуды қайта ашыңыз.",
    ),
    Reason.STATEMENT_UNKNOWN: Words(
        "There is no such statement in the exchange. Open the exchange again.",
        "Такого заявления в обмене нет. Откройте обмен снова.",
        "Алмасуда мұндай мәлімдеме жоқ. Алмасуды қайта ашыңыз.",
    ),
    Reason.ENTRY_UNKNOWN: Words(
        "There is no such entry on the log. Check the number.",
        "Такой записи в журнале нет. Проверьте номер.",
        "Журналда мұндай жазба жоқ. Нөмірді тексеріңіз.",
    ),
    Reason.SEALING_KEY_UNKNOWN: Words(
        "An agency has no key under which one could encrypt for it. Ask it to publish its key.",
        "У органа нет ключа, которым можно зашифровать для него. Попросите его опубликовать ключ.",
        "Органға арнап шифрлайтын кілт жоқ. Одан кілтін жариялауды сұраңыз.",
    ),
    Reason.CONTENT_ERASED: Words(
        "The content was erased, as its author or the rules asked.",
        "Содержание уничтожено по решению автора или по правилам.",
        "Мазмұны автордың шешімімен немесе ережеге сай жойылған.",
    ),
    # state
    Reason.OUT_OF_ORDER: Words(
        "This is not possible in the present state of the exchange. Open it again and look what is "
        "possible now.",
        "В нынешнем состоянии обмена это невозможно. Откройте обмен снова и посмотрите, что можно "
        "сделать.",
        "Алмасудың қазіргі күйінде бұл мүмкін емес. Алмасуды қайта ашып, не істеуге болатынын "
        "қараңыз.",
    ),
    Reason.ID_REUSED: Words(
        "A statement with this id is on the log already. Look whether it was sent before.",
        "Заявление с таким номером уже в журнале. Проверьте, не отправлено ли оно раньше.",
        "Мұндай нөмірлі мәлімдеме журналда бар. Бұрын жіберілген-жіберілмегенін тексеріңіз.",
    ),
    Reason.STALE_ANSWER: Words(
        "Something was said since you read the exchange. Open it again and decide anew. If it "
        "shows nothing new, do so once it does.",
        "С тех пор как вы прочли обмен, в нём появилось новое. Откройте его снова и решите заново. "
        "Если нового не видно, сделайте это, когда оно появится.",
        "Сіз алмасуды оқығаннан бері жаңа нәрсе айтылды. Оны қайта ашып, қайта шешіңіз. Жаңасы "
        "көрінбесе, ол пайда болғанда шешіңіз.",
    ),
    Reason.ALREADY_DECIDED: Words(
        "You decided this already, or another person did. Open it again.",
        "Это уже решили вы или другой. Откройте снова.",
        "Мұны сіз немесе басқа адам шешіп қойған. Қайта ашыңыз.",
    ),
    Reason.ALREADY_ENROLLED: Words(
        "The agency or the certificate is enrolled already.",
        "Орган или сертификат уже зарегистрирован.",
        "Орган немесе сертификат тіркеліп қойған.",
    ),
    Reason.NOT_WITNESSED: Words(
        "Too few witnesses have signed this state of the log. Try again later; if it lasts, tell "
        "the auditors.",
        "Это состояние журнала подписало слишком мало свидетелей. Повторите позже; если не "
        "изменится, сообщите аудиторам.",
        "Журналдың бұл күйіне тым аз куә қол қойған. Кейінірек қайталаңыз; өзгермесе, "
        "аудиторларға хабарлаңыз.",
    ),
    Reason.CLIENT_CLOSED: Words(
        "The console is being closed. Start it again.",
        "Консоль закрывается. Запустите её снова.",
        "Консоль жабылып жатыр. Оны қайта іске қосыңыз.",
    ),
    Reason.LAST_OPERATOR: Words(
        "The last operator cannot be removed.",
        "Последнего оператора удалить нельзя.",
        "Соңғы операторды алып тастауға болмайды.",
    ),
    Reason.ALREADY_CLAIMED: Words(
        "Another person has this in hand already.",
        "Это уже взял в работу другой.",
        "Мұны басқа адам жұмысқа алып қойған.",
    ),
    Reason.NOT_CLAIMED: Words(
        "Nobody has this in hand, so it cannot be given back.",
        "Это никто не брал в работу, поэтому вернуть нельзя.",
        "Мұны ешкім жұмысқа алмаған, сондықтан қайтаруға болмайды.",
    ),
    Reason.NOT_YET_DUE: Words(
        "The time to answer is not over yet. Wait until it is.",
        "Срок ответа ещё не истёк. Дождитесь его.",
        "Жауап беру мерзімі әлі біткен жоқ. Күтіңіз.",
    ),
    Reason.TIME_IS_OVER: Words(
        "The time for this is over.",
        "Срок для этого истёк.",
        "Бұған арналған мерзім бітті.",
    ),
    Reason.RETURN_FIRST: Words(
        "Ask for the missing details first; only then may you refuse for want of them.",
        "Сначала запросите недостающие сведения; лишь затем можно отказать из-за их отсутствия.",
        "Алдымен жетіспейтін мәліметті сұратыңыз; содан кейін ғана сол үшін бас тартуға болады.",
    ),
    Reason.ALREADY_MEMBER: Words(
        "The agency is a member of the joint case already.",
        "Орган уже участвует в совместном деле.",
        "Орган бірлескен іске қатысып жүр.",
    ),
    Reason.MEMBERS_CHANGED: Words(
        "The members of the joint case changed since you wrote. Open the case and write anew.",
        "Состав участников дела изменился. Откройте дело и составьте заново.",
        "Іс қатысушылары өзгерді. Істі ашып, қайта жазыңыз.",
    ),
    Reason.PROPOSAL_UNKNOWN: Words(
        "There is no such proposal. Look which proposals wait.",
        "Такого предложения нет. Посмотрите, какие предложения ждут.",
        "Мұндай ұсыныс жоқ. Қандай ұсыныстар күтіп тұрғанын қараңыз.",
    ),
    Reason.PROPOSAL_LAPSED: Words(
        "The proposal lapsed, for something changed since. Propose it anew.",
        "Предложение утратило силу: с тех пор что-то изменилось. Предложите заново.",
        "Ұсыныс күшін жойды: содан бері бір нәрсе өзгерді. Қайта ұсыныңыз.",
    ),
    Reason.ASSIGNEE_NOT_ACTIVE: Words(
        "The agency that is to do it is no active member. Choose another one.",
        "Исполнитель не участвует в деле. Выберите другого.",
        "Орындаушы іске қатыспайды. Басқасын таңдаңыз.",
    ),
    # limits
    Reason.TOO_LARGE: Words(
        "This is too large. Split it, or send less at once.",
        "Слишком большой объём. Разделите или отправьте меньше за раз.",
        "Көлемі тым үлкен. Бөліңіз немесе бір жолы азырақ жіберіңіз.",
    ),
    Reason.TOO_MANY: Words(
        "These are too many at once. Send fewer.",
        "Слишком много за раз. Отправьте меньше.",
        "Бір жолы тым көп. Азырақ жіберіңіз.",
    ),
    Reason.RATE_LIMITED: Words(
        "Your agency asks the hub too often. Wait a minute and repeat.",
        "Ваш орган обращается к узлу слишком часто. Подождите минуту и повторите.",
        "Органыңыз торапқа тым жиі жүгінеді. Бір минут күтіп, қайталаңыз.",
    ),
    Reason.OVERLOADED: Words(
        "The hub has too much to do. Wait a minute and repeat.",
        "Узел перегружен. Подождите минуту и повторите.",
        "Торап шамадан тыс жүктелген. Бір минут күтіп, қайталаңыз.",
    ),
    # peers
    Reason.PEER_SIGNATURE_INVALID: Words(
        "Another agency's signature does not verify. Ask that agency by another way.",
        "Подпись другого органа не прошла проверку. Свяжитесь с этим органом иным путём.",
        "Басқа органның қолтаңбасы тексеруден өтпеді. Ол органмен басқа жолмен хабарласыңыз.",
    ),
    Reason.APPROVAL_MISSING: Words(
        "An approval that the policy asks for is missing. Do not use what came; tell your "
        "administrator.",
        "Нет одобрения, которого требует политика. Не используйте полученное; сообщите "
        "администратору.",
        "Саясат талап ететін мақұлдау жоқ. Келгенді пайдаланбаңыз; әкімшіге хабарлаңыз.",
    ),
    Reason.TIMESTAMP_INVALID: Words(
        "A time stamp does not verify. Ask for a new one.",
        "Метка времени не прошла проверку. Запросите новую.",
        "Уақыт белгісі тексеруден өтпеді. Жаңасын сұратыңыз.",
    ),
    Reason.SEAL_BROKEN: Words(
        "An encrypted part is damaged or was altered. Ask its author to send it anew.",
        "Зашифрованная часть повреждена или изменена. Попросите автора прислать её заново.",
        "Шифрланған бөлік бүлінген немесе өзгертілген. Авторынан қайта жіберуді сұраңыз.",
    ),
    Reason.NOT_A_READER: Words(
        "This part is not encrypted for your key. Ask its author, or look whether an old key is "
        "missing.",
        "Эта часть зашифрована не для вашего ключа. Обратитесь к автору или проверьте, нет ли "
        "недостающего старого ключа.",
        "Бұл бөлік сіздің кілтіңізге арнап шифрланбаған. Авторына жүгініңіз немесе ескі кілттің "
        "бар-жоғын тексеріңіз.",
    ),
    # hub
    Reason.UNAVAILABLE: Words(
        "The hub does not answer. Drafts and the outbox work; repeat the rest later.",
        "Узел не отвечает. Черновики и исходящие работают; остальное повторите позже.",
        "Торап жауап бермейді. Жобалар мен шығыс қалтасы жұмыс істейді; қалғанын кейінірек "
        "қайталаңыз.",
    ),
    Reason.DEADLINE_EXCEEDED: Words(
        "The hub did not answer in time. Repeat it; nothing is sent twice.",
        "Узел не ответил вовремя. Повторите; дважды ничего не отправится.",
        "Торап уақытында жауап бермеді. Қайталаңыз; ештеңе екі рет жіберілмейді.",
    ),
    Reason.INTERNAL: Words(
        "The hub failed inside. Repeat it later; if it lasts, tell the operator of the hub.",
        "На узле внутренняя ошибка. Повторите позже; если не пройдёт, сообщите оператору узла.",
        "Торапта ішкі қате болды. Кейінірек қайталаңыз; өтпесе, торап операторына хабарлаңыз.",
    ),
    Reason.PROOF_INVALID: Words(
        "The hub's proof does not hold. Do not act on its answer; tell your administrator and the "
        "auditors.",
        "Доказательство узла неверно. Не действуйте по его ответу; сообщите администратору и "
        "аудиторам.",
        "Тораптың дәлелдемесі қате. Жауабы бойынша әрекет етпеңіз; әкімші мен аудиторларға "
        "хабарлаңыз.",
    ),
    Reason.CHECKPOINT_INVALID: Words(
        "The signed state of the log does not verify. Tell your administrator and the auditors.",
        "Подписанное состояние журнала не прошло проверку. Сообщите администратору и аудиторам.",
        "Журналдың қол қойылған күйі тексеруден өтпеді. Әкімші мен аудиторларға хабарлаңыз.",
    ),
    Reason.CHECKPOINT_ROLLBACK: Words(
        "The hub shows an older log than before. Tell your administrator and the auditors.",
        "Узел показывает более старый журнал, чем раньше. Сообщите администратору и аудиторам.",
        "Торап журналдың бұрынғыдан ескі күйін көрсетеді. Әкімші мен аудиторларға хабарлаңыз.",
    ),
    Reason.CHECKPOINT_SPLIT_VIEW: Words(
        "The hub has shown two logs that differ. Keep the evidence; tell your administrator and "
        "the auditors.",
        "Узел показал два разных журнала. Сохраните доказательства; сообщите администратору и "
        "аудиторам.",
        "Торап екі түрлі журнал көрсетті. Дәлелдемелерді сақтаңыз; әкімші мен аудиторларға "
        "хабарлаңыз.",
    ),
    Reason.RECEIPT_MISMATCH: Words(
        "The hub's receipt is not for what was sent. Tell your administrator and the auditors.",
        "Квитанция узла не на то, что отправлено. Сообщите администратору и аудиторам.",
        "Тораптың түбіртегі жіберілгенге сай емес. Әкімші мен аудиторларға хабарлаңыз.",
    ),
    Reason.ENTRY_MISMATCH: Words(
        "An entry of the log is not what the hub says it is. Tell your administrator and the "
        "auditors.",
        "Запись журнала не та, за которую её выдаёт узел. Сообщите администратору и аудиторам.",
        "Журнал жазбасы торап айтқандай емес. Әкімші мен аудиторларға хабарлаңыз.",
    ),
    Reason.RULE_BROKEN: Words(
        "The hub broke a rule. Do not act on its answer; tell your administrator and the auditors.",
        "Узел нарушил правило. Не действуйте по его ответу; сообщите администратору и аудиторам.",
        "Торап ережені бұзды. Жауабы бойынша әрекет етпеңіз; әкімші мен аудиторларға хабарлаңыз.",
    ),
    # this machine
    Reason.FILE_NOT_WRITTEN: Words(
        "A file could not be written on this computer. Make room on the disk, or tell your "
        "administrator.",
        "Файл не удалось записать на этом компьютере. Освободите место на диске или сообщите "
        "администратору.",
        "Файлды осы компьютерге жазу мүмкін болмады. Дискіде орын босатыңыз немесе әкімшіге "
        "хабарлаңыз.",
    ),
}
"""The sentence of each reason: what is wrong, and what to do."""
