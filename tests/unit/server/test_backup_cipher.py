"""An encrypted backup opens to what was written, under its passphrase alone, or not at all."""

from __future__ import annotations

import io

import pytest

from exchange_protocol.errors import ExchangeError, Reason
from exchange_server.storage import backup_cipher
from exchange_server.storage.backup_cipher import MAGIC, decrypt, encrypt

PASSPHRASE = b"fictional passphrase"
PIECE = 64


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_cipher, "_PIECE", PIECE)
    monkeypatch.setattr(backup_cipher, "_COST", 2**4)


def encrypted(plain: bytes) -> bytes:
    target = io.BytesIO()
    encrypt(io.BytesIO(plain), target, PASSPHRASE)
    return target.getvalue()


def opened(data: bytes, passphrase: bytes = PASSPHRASE) -> bytes:
    target = io.BytesIO()
    decrypt(io.BytesIO(data), target, passphrase)
    return target.getvalue()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_it_opens_to_what_was_written(size: int) -> None:
    plain = bytes(range(256)) * 2
    data = encrypted(plain[:size])
    assert data.startswith(MAGIC)
    assert opened(data) == plain[:size]
    assert size < 16 or plain[:size] not in data


def test_the_same_backup_is_never_the_same_file() -> None:
    assert encrypted(b"x") != encrypted(b"x")


def damaged() -> list[bytes]:
    data, start, step = encrypted(b"a" * 3 * PIECE), len(MAGIC) + 16, PIECE + 16
    first, second = data[start : start + step], data[start + step : start + 2 * step]
    changed = [
        data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in (0, 20, start, len(data) - 1)
    ]
    return [
        *changed,
        b"",
        data[:10],
        data[:start],
        data[:-1],
        data[:-step],
        data + b"x",
        data[:start] + second + first + data[start + 2 * step :],
        data[:start] + first + first + second,
    ]


def test_what_is_changed_cut_or_mixed_does_not_open() -> None:
    for data in damaged():
        with pytest.raises(ExchangeError) as caught:
            opened(data)
        assert caught.value.reason is Reason.CONFIG_INVALID


def test_another_passphrase_does_not_open_it() -> None:
    with pytest.raises(ExchangeError, match="another passphrase"):
        opened(encrypted(b"x"), b"another passphrase")
