"""The meaning of a log entry.

    entries    what happened, in exact bytes, and how a leaf commits to them
    receipts   entries that are tied to a signed checkpoint
    listing    the exchanges that the hub lists for an agency: its word alone
    notices    what becomes visible to an agency, as the hub tells it
    replay     all entries judged anew, one after the other
    folds      figures that are counted from what a replay judged

The rules that an entry must keep are in `rules`.
"""
