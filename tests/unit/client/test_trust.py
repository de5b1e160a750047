"""The trust store and the directory's cache: what is kept, and what is dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agency_client.state.checkpoints import Head, TrustStore
from agency_client.state.directory import DirectoryStore
from agency_client.state.log_keys import LogKeys
from exchange_keys import SoftwareSigner
from exchange_protocol.errors import HubDishonest, InvalidInput, Reason
from exchange_protocol.log.checkpoint import Checkpoint, LogSigner, LogVerifier
from exchange_protocol.v1 import directory_service_pb2 as pb
from tests.support.hub_data import LOG_NAME, log_signer
from tests.support.in_memory_hub import InMemoryHub
from tests.support.statements import KZ_MIA


@pytest.fixture
def hub() -> InMemoryHub:
    return InMemoryHub()


@pytest.fixture
def log() -> LogVerifier:
    return LogVerifier(log_signer().vkey)


@pytest.fixture
def store(hub: InMemoryHub, log: LogVerifier, tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "state", LogKeys(tmp_path / "state", log), hub.now)


def head(hub: InMemoryHub, store: TrustStore, size: int) -> Head:
    return store.verify(hub.note(size))


def test_first_checkpoint_of_the_pinned_key_is_kept(hub: InMemoryHub, store: TrustStore) -> None:
    assert store.head() is None
    first = head(hub, store, 5)
    assert store.keep(first, None) is None
    assert store.head() == first


def test_newer_checkpoint_replaces_and_older_does_not(hub: InMemoryHub, store: TrustStore) -> None:
    five, seven = head(hub, store, 5), head(hub, store, 7)
    store.keep(five, None)
    assert store.keep(seven, five) is None
    assert store.keep(five, seven) is None
    assert store.head() == seven


def test_head_that_was_kept_meanwhile_must_be_proven_to(
    hub: InMemoryHub, store: TrustStore
) -> None:
    three, five, seven = (head(hub, store, size) for size in (3, 5, 7))
    store.keep(three, None)
    store.keep(seven, three)
    assert store.keep(five, three) == seven
    assert store.keep(seven, three) is None, "the very same needs no proof"


def test_answer_is_verified_against_what_was_held_when_asked(
    hub: InMemoryHub, store: TrustStore
) -> None:
    five, seven = head(hub, store, 5), head(hub, store, 7)
    store.verify_answer(None, five, ())
    store.verify_answer(five, seven, hub.consistency(5, 7))
    store.verify_answer(five, five, ())
    for held, got, proof, reason in (
        (seven, five, [], "CHECKPOINT_ROLLBACK"),
        (five, seven, hub.consistency(4, 7), "CHECKPOINT_SPLIT_VIEW"),
        (five, seven, [], "CHECKPOINT_SPLIT_VIEW"),
    ):
        with pytest.raises(HubDishonest, match=reason):
            store.verify_answer(held, got, proof)
    assert len(list(store._folder.glob("evidence/*.json"))) >= 1


def test_two_clients_at_once_leave_the_newest(hub: InMemoryHub, store: TrustStore) -> None:
    heads = [head(hub, store, size) for size in range(1, 20)]
    proofs = {one.size: one for one in heads}

    def keep(one: Head) -> None:
        proven = store.head()
        while (other := store.keep(one, proven)) is not None:
            if other.size >= one.size:
                return
            proven = proofs[other.size]

    threads = [threading.Thread(target=keep, args=(one,)) for one in heads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.head() == heads[-1]


def test_checkpoint_file_that_was_tampered_with_is_noticed(
    hub: InMemoryHub, store: TrustStore
) -> None:
    store.keep(head(hub, store, 5), None)
    path = store._folder / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n5\n", b"\n4\n"))
    with pytest.raises(InvalidInput, match="damaged or of another log") as refused:
        store.head()
    assert refused.value.reason is Reason.DOCUMENT_INVALID
    assert str(path) in refused.value.message


@pytest.mark.parametrize("more", [-1, 0, 3])
def test_a_checkpoint_of_another_hub_of_this_name_accuses_nobody(
    hub: InMemoryHub, tmp_path: Path, more: int
) -> None:
    """By size and root alone, the hub would have lost entries, or written its log anew."""
    client = hub.client(tmp_path)
    client.checkpoint()
    [path] = tmp_path.rglob("checkpoint")
    stranger = LogSigner(LOG_NAME, SoftwareSigner.generate_ed25519())
    path.write_bytes(stranger.sign(Checkpoint(LOG_NAME, len(hub.log) + more, bytes(32))))
    before = path.read_bytes()
    with pytest.raises(InvalidInput, match="damaged or of another log") as refused:
        client.checkpoint()
    assert refused.value.reason is Reason.DOCUMENT_INVALID
    assert path.read_bytes() == before
    assert not list(tmp_path.rglob("evidence"))


# --- Directory -----------------------------------------------------------------------------------


def fill(hub: InMemoryHub, store: DirectoryStore, log: LogVerifier, page: int = 200) -> None:
    """Bring a directory store up to date, page by page."""
    while store.size < hub.model.directory.size:
        request = pb.ListDirectoryEntriesRequest(known_directory_size=store.size, page_size=page)
        answer = hub.list_directory_entries(KZ_MIA, request)
        note = answer.tree_head.checkpoint
        store.extend(store.size, answer.entries, log.verify(note), note)


def directory(hub: InMemoryHub, log: LogVerifier, folder: Path) -> DirectoryStore:
    return DirectoryStore(folder / "state", LogKeys(folder / "state", log), hub.cast.anchors)


def test_directory_is_the_hubs_and_comes_back_from_the_disk(
    hub: InMemoryHub, log: LogVerifier, tmp_path: Path
) -> None:
    store = directory(hub, log, tmp_path)
    fill(hub, store, log, page=7)
    again = directory(hub, log, tmp_path)
    for each in (store, again):
        assert each.current.agencies == hub.model.directory.agencies
        assert each.current.sealing_keys == hub.model.directory.sealing_keys
        assert each.size == hub.model.directory.size


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-10],
        lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
        lambda data: data + b"\x00\x00",
        lambda data: b"\xff" * 50,
        lambda data: data * 2,
    ],
)
def test_broken_cache_is_dropped_and_fetched_again(
    hub: InMemoryHub, log: LogVerifier, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    fill(hub, directory(hub, log, tmp_path), log)
    path = tmp_path / "state" / "directory"
    path.write_bytes(spoil(path.read_bytes()))
    store = directory(hub, log, tmp_path)
    assert store.size in (0, hub.model.directory.size)
    fill(hub, store, log)
    assert directory(hub, log, tmp_path).size == hub.model.directory.size


def test_two_stores_on_one_file_follow_each_other(
    hub: InMemoryHub, log: LogVerifier, tmp_path: Path
) -> None:
    one, two = directory(hub, log, tmp_path), directory(hub, log, tmp_path)
    request = pb.ListDirectoryEntriesRequest(page_size=200)
    answer = hub.list_directory_entries(KZ_MIA, request)
    note = answer.tree_head.checkpoint
    one.extend(0, answer.entries[:9], log.verify(note), note)
    two.extend(0, answer.entries, log.verify(note), note)
    one.extend(9, answer.entries[9:], log.verify(note), note)
    assert one.size == two.size == hub.model.directory.size
    assert directory(hub, log, tmp_path).size == one.size


def test_file_that_vanished_under_a_store_does_not_accuse_the_hub(
    hub: InMemoryHub, log: LogVerifier, tmp_path: Path
) -> None:
    store = directory(hub, log, tmp_path)
    request = pb.ListDirectoryEntriesRequest(page_size=200)
    answer = hub.list_directory_entries(KZ_MIA, request)
    note = answer.tree_head.checkpoint
    store.extend(0, answer.entries[:9], log.verify(note), note)
    (tmp_path / "state" / "directory").unlink()
    store.extend(9, answer.entries[9:], log.verify(note), note)
    assert store.size == 0
    fill(hub, store, log)
    assert store.size == hub.model.directory.size


def test_bad_entry_changes_nothing(hub: InMemoryHub, log: LogVerifier, tmp_path: Path) -> None:
    store = directory(hub, log, tmp_path)
    answer = hub.list_directory_entries(KZ_MIA, pb.ListDirectoryEntriesRequest(page_size=200))
    note = answer.tree_head.checkpoint
    with pytest.raises(HubDishonest, match="RULE_BROKEN"):
        store.extend(0, [*answer.entries[:5], *answer.entries[6:]], log.verify(note), note)
    assert store.size == 0
    fill(hub, store, log)
