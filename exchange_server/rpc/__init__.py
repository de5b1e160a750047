"""The hub's RPC layer: thin services behind one pipeline.

    server         the gRPC server, behind mutual TLS
    pipeline       the steps of every call, from the outside in: read this first
    calls          one call, and what is known of it
    connections    who holds them, how many, when one is closed
    identity       who calls; authorization, who may call what
    incoming       messages as they come in, within bounds
    requests       what is taken out of a message; encoding, what is put into one
    exchange_service, directory_service, audit_service
                   the services; the ledger does the work
    submissions    a stream of statements; watches, what becomes visible
    status         errors that leave the hub
    health, reflection, request_log
                   for load balancers, for operators, for the hub's own log

No rule of the exchange is here.
"""
