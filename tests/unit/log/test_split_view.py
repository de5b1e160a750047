"""Notes that convict the holder of a log's key, and notes that do not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange_keys import SoftwareSigner
from exchange_protocol.errors import ExchangeError, Reason
from exchange_protocol.log.checkpoint import LogSigner, LogVerifier
from exchange_protocol.log.split_view import (
    LeafConflict,
    LeafInclusion,
    SplitViewProof,
    encode_split_view_proof,
    parse_split_view_proof,
    verify_split_view,
)
from tests.support.signed_logs import LOG, SignedLog

TOLD_POLICE = SignedLog.of("enrol enrol ask hold approve reply close")
TOLD_FIU = SignedLog.of("enrol enrol ask approve reply")


def conflict(a: SignedLog, b: SignedLog, index: int) -> SplitViewProof:
    leaves = [
        LeafInclusion(each.leaf(index), each.inclusion(index, len(each.words))) for each in (a, b)
    ]
    return SplitViewProof(a.note(), b.note(), LeafConflict(index, *leaves))


def not_proven(proof: SplitViewProof, log: LogVerifier = LOG) -> str:
    with pytest.raises(ExchangeError) as caught:
        verify_split_view(proof, log)
    assert caught.value.reason is Reason.SPLIT_VIEW_NOT_PROVEN
    return caught.value.message


def test_two_roots_of_one_size_prove_a_fork() -> None:
    proof = SplitViewProof(TOLD_POLICE.note(5), TOLD_FIU.note())
    a, b = verify_split_view(proof, LOG)
    assert a.size == b.size == 5
    assert a.root != b.root
    assert parse_split_view_proof(encode_split_view_proof(proof)) == proof


def test_two_leaves_at_one_index_prove_a_fork_of_logs_of_two_sizes() -> None:
    proof = conflict(TOLD_POLICE, TOLD_FIU, 3)
    verify_split_view(proof, LOG)
    assert parse_split_view_proof(encode_split_view_proof(proof)) == proof


def test_what_an_honest_log_signs_proves_nothing() -> None:
    assert "the same" in not_proven(SplitViewProof(TOLD_FIU.note(), TOLD_FIU.note()))
    grown = SplitViewProof(TOLD_POLICE.note(4), TOLD_POLICE.note())
    assert "an honest log signs too" in not_proven(grown)
    shorter = SignedLog(TOLD_POLICE.words[:4])
    assert "the same leaf at index 2" in not_proven(conflict(TOLD_POLICE, shorter, 2))


def test_sizes_that_differ_prove_nothing_without_leaves_even_where_the_logs_forked() -> None:
    assert "7 and 5" in not_proven(SplitViewProof(TOLD_POLICE.note(), TOLD_FIU.note()))


def test_leaf_that_is_not_in_the_tree_proves_nothing() -> None:
    proof = conflict(TOLD_POLICE, TOLD_FIU, 3)
    assert proof.leaf is not None
    made_up = replace(proof.leaf.b, leaf_hash=bytes(32))
    elsewhere = replace(proof.leaf, index=4)
    beyond = replace(proof.leaf, index=5)
    for leaf in (replace(proof.leaf, b=made_up), elsewhere, beyond):
        assert "is not proven to be in its tree" in not_proven(replace(proof, leaf=leaf))


def test_checkpoint_of_another_key_proves_nothing() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    stranger = LogSigner("hub.example/log", SoftwareSigner(key))
    forged = stranger.sign(LOG.verify(TOLD_FIU.note()))
    message = not_proven(SplitViewProof(TOLD_POLICE.note(5), forged))
    assert message.startswith("checkpoint b: expected one signature")
    honest = SplitViewProof(TOLD_POLICE.note(5), TOLD_FIU.note())
    assert not_proven(honest, LogVerifier(stranger.vkey)).startswith("checkpoint a")


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60)
    | st.sampled_from(["a", "b", "format", "leaf"]).map(
        lambda key: json.dumps(
            json.loads(encode_split_view_proof(conflict(TOLD_POLICE, TOLD_FIU, 3))) | {key: 7}
        ).encode()
    )
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["a", "b", "format", "leaf", "index"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_noise_is_no_document(data: bytes) -> None:
    with pytest.raises(ExchangeError) as caught:
        verify_split_view(parse_split_view_proof(data), LOG)
    assert caught.value.reason in (Reason.DOCUMENT_INVALID, Reason.SPLIT_VIEW_NOT_PROVEN)


def test_unknown_fields_and_other_spellings_are_refused() -> None:
    good = json.loads(encode_split_view_proof(conflict(TOLD_POLICE, TOLD_FIU, 3)))
    shout = {**good["leaf"], "a": {**good["leaf"]["a"], "leaf_hash": "AB" * 32}}
    for bad in (
        good | {"more": 1},
        good | {"format": "other"},
        good | {"leaf": shout},
        good | {"leaf": {**good["leaf"], "index": True}},
        good | {"leaf": {**good["leaf"], "index": -1}},
    ):
        with pytest.raises(ExchangeError, match="DOCUMENT_INVALID"):
            parse_split_view_proof(json.dumps(bad).encode())
