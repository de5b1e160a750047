"""The state of a profile on disk, and what it is loaded from.

profile            pinned trust and keys; profile_file reads the file, profile_keys the keys
keys               what signs and opens; key_files, its files as they stand on disk
log_keys           the keys of the log that the profile follows
hub_target         the address of the hub
expiry, renewal    certificates that end, and their renewal; renewed_tls, a channel that goes on
outbox             statements that wait, and those refused; outbox_folders, one of them on disk
kept_receipts      the hub's promises for statements that it took
checkpoints        the newest checkpoint that was seen, and evidence of a split view
directory          the directory as folded so far
watch_place        up to where notices were taken; read_marks, what was read
sealed_file        a file that its owner alone can open; in such files:
                   cases, references, search_index, holdings
"""
