"""The offence that a case is about, as far as it is known (docs/rules.md#p25)."""

from __future__ import annotations

from exchange_protocol.kinds.bodies import Body
from exchange_protocol.v1 import statement_pb2 as pb
from exchange_protocol.words import Code

OFFENCES_HELP = "The offence that the case is about, as the FATF groups offences; repeatable"
"""The help of the argument `offence_types`."""


class OffenceType(Code):
    """Designated categories of offences of the FATF, and money laundering (docs/rules.md#p25).

    The article of the sender's own law is in the sealed brief.
    """

    ORGANISED_CRIME = (
        pb.OFFENCE_TYPE_ORGANISED_CRIME,
        "participation in an organised criminal group",
        "участие в организованной преступной группе",
        "ұйымдасқан қылмыстық топқа қатысу",
    )
    TERRORISM = (
        pb.OFFENCE_TYPE_TERRORISM,
        "terrorism and its financing",
        "терроризм и его финансирование",
        "терроризм және оны қаржыландыру",
    )
    HUMAN_TRAFFICKING = (
        pb.OFFENCE_TYPE_HUMAN_TRAFFICKING,
        "trafficking in human beings, migrant smuggling",
        "торговля людьми, незаконный ввоз мигрантов",
        "адам саудасы, мигранттарды заңсыз әкелу",
    )
    SEXUAL_EXPLOITATION = (
        pb.OFFENCE_TYPE_SEXUAL_EXPLOITATION,
        "sexual exploitation",
        "сексуальная эксплуатация",
        "сексуалдық қанау",
    )
    DRUG_TRAFFICKING = (
        pb.OFFENCE_TYPE_DRUG_TRAFFICKING,
        "trafficking in narcotic drugs and psychotropic substances",
        "незаконный оборот наркотиков и психотропных веществ",
        "есірткі мен психотроптық заттардың заңсыз айналымы",
    )
    ARMS_TRAFFICKING = (
        pb.OFFENCE_TYPE_ARMS_TRAFFICKING,
        "arms trafficking",
        "незаконный оборот оружия",
        "қарудың заңсыз айналымы",
    )
    STOLEN_GOODS = (
        pb.OFFENCE_TYPE_STOLEN_GOODS,
        "trafficking in stolen and other goods",
        "торговля краденым и иными товарами",
        "ұрланған және өзге тауарлармен заңсыз сауда",
    )
    CORRUPTION = (
        pb.OFFENCE_TYPE_CORRUPTION,
        "corruption and bribery",
        "коррупция и взяточничество",
        "сыбайлас жемқорлық және парақорлық",
    )
    FRAUD = (
        pb.OFFENCE_TYPE_FRAUD,
        "fraud",
        "мошенничество",
        "алаяқтық",
    )
    COUNTERFEIT_CURRENCY = (
        pb.OFFENCE_TYPE_COUNTERFEIT_CURRENCY,
        "counterfeiting of currency",
        "фальшивомонетничество",
        "ақшаны қолдан жасау",
    )
    COUNTERFEIT_PRODUCTS = (
        pb.OFFENCE_TYPE_COUNTERFEIT_PRODUCTS,
        "counterfeiting and piracy of products",
        "подделка и контрафакт товаров",
        "контрафактілік және қолдан жасалған тауарлар",
    )
    ENVIRONMENTAL_CRIME = (
        pb.OFFENCE_TYPE_ENVIRONMENTAL_CRIME,
        "environmental crime",
        "экологическое преступление",
        "экологиялық қылмыс",
    )
    MURDER_INJURY = (
        pb.OFFENCE_TYPE_MURDER_INJURY,
        "murder, grievous bodily injury",
        "убийство, тяжкие телесные повреждения",
        "кісі өлтіру, денсаулыққа ауыр зиян келтіру",
    )
    KIDNAPPING = (
        pb.OFFENCE_TYPE_KIDNAPPING,
        "kidnapping, illegal restraint, hostage-taking",
        "похищение человека, незаконное лишение свободы, захват заложников",
        "адам ұрлау, бас бостандығынан заңсыз айыру, кепілге алу",
    )
    ROBBERY_THEFT = (
        pb.OFFENCE_TYPE_ROBBERY_THEFT,
        "robbery or theft",
        "разбой или кража",
        "қарақшылық немесе ұрлық",
    )
    SMUGGLING = (
        pb.OFFENCE_TYPE_SMUGGLING,
        "smuggling",
        "контрабанда",
        "контрабанда",
    )
    TAX_CRIME = (
        pb.OFFENCE_TYPE_TAX_CRIME,
        "tax crime",
        "налоговое преступление",
        "салықтық қылмыс",
    )
    EXTORTION = (
        pb.OFFENCE_TYPE_EXTORTION,
        "extortion",
        "вымогательство",
        "қорқытып алушылық",
    )
    FORGERY = (
        pb.OFFENCE_TYPE_FORGERY,
        "forgery",
        "подлог",
        "құжаттарды қолдан жасау",
    )
    PIRACY = (
        pb.OFFENCE_TYPE_PIRACY,
        "piracy at sea",
        "пиратство",
        "теңіз қарақшылығы",
    )
    MARKET_ABUSE = (
        pb.OFFENCE_TYPE_MARKET_ABUSE,
        "insider trading, market manipulation",
        "инсайдерская торговля, манипулирование рынком",
        "инсайдерлік сауда, нарықты айла-шарғымен пайдалану",
    )
    MONEY_LAUNDERING = (
        pb.OFFENCE_TYPE_MONEY_LAUNDERING,
        "money laundering",
        "отмывание денег",
        "ақшаны жылыстату",
    )


def offences_of(body: Body) -> tuple[OffenceType, ...]:
    """The offences that a body names, in the order of their list; none where none is named."""
    named: tuple[OffenceType, ...] = getattr(body, "offence_types", ())
    return tuple(sorted(named))
