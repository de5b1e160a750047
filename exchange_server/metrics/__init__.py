"""Metrics of the hub, in the form that Prometheus reads.

    instruments    what is counted: an `Observer` that turns what it hears into numbers
    sampling       what is looked at now and then: queue, log, witnesses, keys, disk, backup
    endpoint       `/metrics` on a port of its own, which only this machine reaches

Nothing here names a person or an exchange, and nothing holds content. A label is an agency, a
method, a reason, a witness or the kind of a key.

Workers write their numbers to files in memory that their parent adds up, so that one page tells of
all of them (`endpoint.shared_folder`).
"""
