"""The hub: accepts signed statements, logs them, and serves what the log proves.

    bootstrap      puts a hub together from its parts: read this first
    config         the configuration; caller, who calls
    rpc            calls: who may make which, their answers, their errors
    ledger         the write path, and what is read of the log; its head says what is durable when
    fairness       whose turn it is, and how much of the hub an agency may have
    storage        tables, queries, migrations
    workers        several processes behind one port
    observer       what is told of the work: to metrics, traces and tests
    observability  the hub's own log for its operator; native_lines, what libraries write there
    tls            the hub's certificate, and the lists by which the authority takes others back
    witness_servers
                   witnesses that the hub asks itself
    steady_clock, clock_evidence, service_manager, open_files, shared_memory, listening
                   what the machine under the hub must keep to
    backup_report  what a backup leaves for the metrics and the doctor
    cli            the command `exchange-server`; doctor, its page about a machine

The rules that decide on a statement are not here: they are `exchange_protocol.rules`.
"""
