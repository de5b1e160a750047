"""A log's key is succeeded by another: both sign, in a chain, and each key has its own trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.log.notes import SignedNote
from exchange_protocol.log.succession import (
    SignedSuccession,
    Succession,
    check_follows,
    encode_succession,
    parse_succession,
    sign_succession,
)

NAME = "hub.example/log"
KEYS = [SoftwareSigner.generate_ed25519() for _ in range(3)]
VKEYS = [LogSigner(NAME, key).vkey for key in KEYS]
AT_10 = Succession(VKEYS[0], VKEYS[1], 10)
AT_20 = Succession(VKEYS[1], VKEYS[2], 20)


def note(size: int, *keys: int) -> bytes:
    """A checkpoint of a size with a line of each of these keys."""
    checkpoint = Checkpoint(NAME, size, bytes(32))
    notes = [SignedNote.parse(LogSigner(NAME, KEYS[key]).sign(checkpoint)) for key in keys]
    return SignedNote(checkpoint.body(), tuple(n.signatures[0] for n in notes)).encode()


def refused(action: Callable[[], object]) -> Reason:
    with pytest.raises(ExchangeError) as error:
        action()
    return error.value.reason


def test_both_keys_sign_and_a_file_carries_it() -> None:
    signed = sign_succession(NAME, KEYS[0], KEYS[1])
    signed.verify()
    assert parse_succession(encode_succession(signed)) == signed
    assert (signed.predecessor, signed.successor) == (VKEYS[0], VKEYS[1])


@pytest.mark.parametrize("signer", ["predecessor", "successor"])
def test_a_succession_that_one_key_alone_signed_is_refused(signer: str) -> None:
    signed = sign_succession(NAME, KEYS[0], KEYS[1])
    if signer == "predecessor":
        forged = replace(signed, successor_signature=signed.predecessor_signature)
    else:
        forged = replace(signed, predecessor_signature=signed.successor_signature)
    assert refused(forged.verify) is Reason.SIGNATURE_INVALID
    assert refused(lambda: parse_succession(encode_succession(forged))) is Reason.SIGNATURE_INVALID


def test_a_succession_binds_both_keys_and_the_order() -> None:
    signed = sign_succession(NAME, KEYS[0], KEYS[1])
    turned = SignedSuccession(
        VKEYS[1], VKEYS[0], signed.successor_signature, signed.predecessor_signature
    )
    assert refused(turned.verify) is Reason.SIGNATURE_INVALID
    other = replace(signed, successor=VKEYS[2])
    assert refused(other.verify) is Reason.SIGNATURE_INVALID


def test_a_successor_of_another_log_or_the_same_key_is_refused() -> None:
    foreign = LogSigner("other.example/log", KEYS[1]).vkey
    signed = replace(sign_succession(NAME, KEYS[0], KEYS[1]), successor=foreign)
    assert refused(signed.verify) is Reason.INVALID_FIELD
    assert refused(lambda: sign_succession(NAME, KEYS[0], KEYS[0])) is Reason.INVALID_FIELD


def test_keys_are_a_chain_without_loops_and_without_two_successors() -> None:
    check_follows((), sign_succession(NAME, KEYS[0], KEYS[1]))
    check_follows(VKEYS[:2], sign_succession(NAME, KEYS[1], KEYS[2]))
    for old, new in [(0, 2), (1, 0), (2, 1)]:
        signed = sign_succession(NAME, KEYS[old], KEYS[new])
        assert refused(partial(check_follows, VKEYS[:2], signed)) is Reason.ALREADY_DECIDED


@pytest.mark.parametrize(
    "steps",
    [
        (AT_20, AT_10),
        (AT_10, replace(AT_20, predecessor=VKEYS[0])),
        (AT_10, replace(AT_20, since=10)),
    ],
)
def test_a_verifier_takes_no_keys_that_are_no_chain(steps: tuple[Succession, ...]) -> None:
    assert refused(lambda: LogVerifier(VKEYS[0], steps)) is Reason.RULE_BROKEN
    assert refused(lambda: LogVerifier(VKEYS[0]).following(steps)) is Reason.RULE_BROKEN


@pytest.mark.parametrize(
    ("size", "signers", "is_good"),
    [
        (9, (0,), True),
        (9, (1,), True),  # A later key may sign an old tree, as a hub does for a late cosignature.
        (10, (0,), False),  # The old key alone signs nothing new, also if it is stolen later.
        (10, (0, 1), True),
        (10, (1,), True),
        (19, (2,), True),
        (20, (1,), False),
        (20, (0, 1), False),
        (20, (2,), True),
        (20, (1, 2), True),
    ],
)
@pytest.mark.parametrize("pinned", [0, 1, 2])
def test_each_key_has_its_own_trees(
    size: int, signers: tuple[int, ...], is_good: bool, pinned: int
) -> None:
    log = LogVerifier(VKEYS[pinned], (AT_10, AT_20))
    assert (log.vkey, log.vkeys[-1]) == (VKEYS[pinned], VKEYS[2])
    signed = note(size, *signers)
    if is_good:
        assert log.verify(signed).size == size
    else:
        assert refused(lambda: log.verify(signed)) is Reason.CHECKPOINT_INVALID


def test_who_knows_the_old_key_alone_goes_on_while_both_sign() -> None:
    old = LogVerifier(VKEYS[0])
    assert old.verify(note(12, 0, 1)).size == 12
    assert not old.is_by_unknown_key(note(12, 0, 1))
    later = note(12, 1)
    assert refused(lambda: old.verify(later)) is Reason.CHECKPOINT_INVALID
    assert old.is_by_unknown_key(later)
    assert old.following([AT_10]).verify(later).size == 12
    assert not old.following([AT_10]).is_by_unknown_key(later)


def test_a_false_line_beside_a_good_one_spoils_the_note() -> None:
    parsed = SignedNote.parse(note(12, 1))
    line = replace(parsed.signatures[0], signature=bytes(64))
    spoiled = SignedNote(parsed.text, (line,)).encode()
    assert refused(lambda: LogVerifier(VKEYS[0], [AT_10]).verify(spoiled)) is (
        Reason.CHECKPOINT_INVALID
    )


def test_following_takes_no_other_history_and_no_strange_chain() -> None:
    known = LogVerifier(VKEYS[0], [AT_10])
    assert known.following([]) is known
    assert known.following([AT_10, AT_20]).vkeys[-1] == VKEYS[2]
    other = replace(AT_10, since=11)
    assert refused(lambda: known.following([other])) is Reason.RULE_BROKEN
    assert refused(lambda: LogVerifier(VKEYS[0], [AT_20])) is Reason.RULE_BROKEN


def test_a_hub_signs_with_both_keys_in_order() -> None:
    signer = LogSigner(NAME, KEYS[0], KEYS[1])
    assert signer.vkeys == (VKEYS[0], VKEYS[1])
    signed = signer.sign(Checkpoint(NAME, 3, bytes(32)))
    assert signed == note(3, 0, 1)
    assert refused(lambda: LogSigner(NAME, KEYS[0], KEYS[0])) is Reason.CONFIG_INVALID
