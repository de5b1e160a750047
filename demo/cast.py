"""The fictional cast and case of the demonstration. No person, account or case here exists.

The agencies bear the ids of real ones, as a deployment would; their people, suspects, accounts and
documents are invented. Identification numbers pass their check digit and belong to nobody: their
birth dates lie in the year 2099.
"""

from __future__ import annotations

from dataclasses import dataclass

TRUST_DOMAIN = "caricc.example"
HUB_NAME = "demo"
LOG_ORIGIN = f"{TRUST_DOMAIN}/exchange-log"


@dataclass(frozen=True)
class CastAgency:
    """An agency of the demonstration, with the directory's facts about it."""

    id: str
    name: str
    country: str
    agency_type: str
    time_zone: str


AGENCIES = (
    CastAgency("caricc", "ЦАРИКЦ (демонстрация)", "", "COORDINATION_CENTRE", "Asia/Almaty"),
    CastAgency("kz.mia", "МВД РК (демонстрация)", "KZ", "POLICE", "Asia/Almaty"),
    CastAgency("kz.fma", "АФМ РК (демонстрация)", "KZ", "FIU", "Asia/Almaty"),
    CastAgency("kz.gpo", "ГП РК (демонстрация)", "KZ", "PROSECUTOR", "Asia/Almaty"),
    CastAgency("uz.fiu", "Департамент, Узбекистан (демонстрация)", "UZ", "FIU", "Asia/Tashkent"),
    CastAgency("kg.mia", "МВД КР (демонстрация)", "KG", "POLICE", "Asia/Bishkek"),
)


@dataclass(frozen=True)
class Actor:
    """One who acts: a profile folder of that name holds its keys."""

    profile: str
    agency: str
    role: str
    name: str | None = None


ACTORS = (
    Actor("operator", "caricc", "operator", "ops1"),
    Actor("operator2", "caricc", "operator", "ops2"),
    Actor("caricc", "caricc", "system"),
    Actor("coordinator1", "caricc", "coordinator", "coordinator1"),
    Actor("coordinator2", "caricc", "coordinator", "coordinator2"),
    Actor("auditor", "caricc", "auditor", "auditor1"),
    Actor("kz.mia", "kz.mia", "system"),
    Actor("officer", "kz.mia", "officer", "officer1"),
    Actor("kz.fma", "kz.fma", "system"),
    Actor("kz.gpo", "kz.gpo", "system"),
    Actor("authoriser", "kz.gpo", "authoriser", "authoriser1"),
    Actor("uz.fiu", "uz.fiu", "system"),
    Actor("kg.mia", "kg.mia", "system"),
)


def iin(birth_date: str, serial: str) -> str:
    """Complete 11 digits of an individual identification number with its check digit.

    Weights 1..11 modulo 11; if 10, weights 3..11, 1, 2; if 10 again, the number does not exist.
    """
    digits = [int(digit) for digit in birth_date + serial]
    for weights in (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)):
        check = sum(d * w for d, w in zip(digits, weights, strict=True)) % 11
        if check < 10:
            return birth_date + serial + str(check)
    raise ValueError(f"no number exists for {birth_date}{serial}")


def kz_iban(bank: str, account: str) -> str:
    """A Kazakh IBAN with its ISO 7064 check digits: 3 digits of bank, 13 of account."""
    digits = "".join(str(int(char, 36)) for char in f"{bank}{account}KZ00")
    return f"KZ{98 - int(digits) % 97:02d}{bank}{account}"


@dataclass(frozen=True)
class Suspect:
    """A fictional suspect."""

    key: str
    name: str
    iin: str
    iban: str


SUSPECTS = (
    Suspect(
        "suspect-1",
        "Выдумкин Асан Примерович",
        iin("990412", "50017"),
        kz_iban("999", "0000000000117"),
    ),
    Suspect(
        "suspect-2",
        "Несуществующая Айгуль Тестовна",
        iin("990820", "60023"),
        kz_iban("999", "0000000000223"),
    ),
)
PAYMENT_COUNT = 40
SHELL_COMPANY = "ТОО «Пример-Вымысел Транзит»"
FACTS = (
    "По оперативным данным, доходы от сбыта героина вносятся на счета двух лиц и в тот же день "
    "переводятся вымышленной компании-прокладке."
)
SUMMARY = "Подозрение в легализации доходов от наркотиков; запрос счетов и операций двух лиц."
REGISTRATION_NUMBER = "217500031000012"
QUESTION = "Укажите связь с наркотиками и источник сведений о поездке в Ташкент."
ANSWER = "Связь подтверждена протоколом изъятия; поездка отмечена пограничной службой."
NOTE = "Вымышленное дело о доходах от наркотиков; основание в деле."
CONTRIBUTION = "Вымышленные сведения о счёте в Ташкенте."
TASK = "Проверить вымышленный счёт в Ташкенте."
NEW_RULE = """
@id("tax-alone-waits-for-the-coordinator")
@en("A case of tax offences alone waits for the coordinator before it crosses a border.")
@ru("Дело об одних налоговых преступлениях ждёт координатора, прежде чем пересечь границу.")
@kk("Тек салық қылмыстары туралы іс шекарадан өткенше үйлестірушіні күтеді.")
forbid (principal, action == Action::"ReleaseUnapproved", resource)
when { context.offences == ["TAX_CRIME"] && context.initiator.country != resource.country };
"""
"""The rule that the second operator confirms: docs/rules.md#p25; it changes nothing else here."""


def secrets() -> tuple[str, ...]:
    """Everything that only parties may read: what an eavesdropper or the hub must never hold."""
    words = [SHELL_COMPANY, FACTS, SUMMARY, REGISTRATION_NUMBER, QUESTION, ANSWER]
    words += [NOTE, CONTRIBUTION, TASK]
    for suspect in SUSPECTS:
        words += [suspect.name, suspect.iin, suspect.iban]
    return tuple(words)
