"""One person has one key, in whatever script and by whatever scheme the name is written."""

from __future__ import annotations

import pytest

from agency_client.content.folding import name_keys, number_key

SPELLINGS = [
    "Юлия Yuliya Iuliia Julia Yulia",
    "Ерлан Yerlan Erlan",
    "Қайрат Кайрат Kairat Qairat Kayrat QAIRAT",
    "Әлия Алия Aliya Əliyə Aliia",
    "Алиев Aliyev Aliev Əliyev",
    "Хасанов Khasanov Hasanov Xasanov",
    "Ҷамшед Джамшед Jamshed Dzhamshed",
    "Жұлдыз Žuldyz Zhuldyz Juldyz",
    "Щербаков Shcherbakov Scherbakov",
    "Григорьев Grigoryev Grigoriev Grigorev",
    "Соловьёв Соловьев Solovyov Solovev",
    "Ксения Xenia Kseniya",
    "Шәкәрім Шакарим Shakarim Şakarim",
    "Ғани Гани Ghani Gani",
    "O‘tkir O'tkir Otkir",
    "Өтеген Отеген Otegen",
    "გიორგი Giorgi",
]


@pytest.mark.parametrize("spellings", SPELLINGS)
def test_spellings_of_a_name_share_a_key(spellings: str) -> None:
    first, *others = (set(name_keys(each)) for each in spellings.split())
    assert all(first & each for each in others)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Иванов", "Петров"), ("Асель", "Асет"), ("Нурлан", "Нурбек"), ("Zhang", "Wang")],
)
def test_other_names_share_none(one: str, other: str) -> None:
    assert not set(name_keys(one)) & set(name_keys(other))


def test_key_of_a_person_does_not_depend_on_the_order_of_the_words() -> None:
    assert set(name_keys("Хасанов, Юрий")) == set(name_keys("YURIY KHASANOV"))
    assert set(name_keys("Хасанов, Юрий")) != set(name_keys("Хасанов"))


def test_number_is_found_without_its_spaces_signs_and_look_alikes() -> None:
    assert number_key("KZ86 125K-ZT50/0410") == "kz86125kzt500410"
    assert number_key("КХ 12") == number_key("KX12")  # the first is Cyrillic
    assert number_key("—") == ""
