"""The log: a Merkle tree of bare leaves, and what its own keys sign.

    merkle         roots and proofs (RFC 9162)
    tiles          how the hashes of the tree are stored and served (C2SP tlog-tiles)
    notes          text with lines of signatures under it (C2SP signed-note)
    checkpoint     size and root of the log, signed by it
    cosignatures   the word of witnesses that a log only grew
    split_view     the proof that a log showed two histories
    succession     a log that goes on under a new key

It knows nothing of exchanges: `record.entries` says what a leaf commits to.
"""
