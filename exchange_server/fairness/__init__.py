"""Fairness: how agencies share one hub, so that none can shut the others out.

Each kind of resource has its own bound, and every bound is counted by agency:

| resource | bound | module |
|---|---|---|
| statements and bytes a second | a token bucket for each agency | `rates` |
| calls in flight, open watches | a share for each agency, and one for all together | `shares` |
| time of the event loop | slices of a millisecond, agencies in turn | `slices` |
| places in the queue of the writer | a bound for each agency, agencies in turn | `fair_queue` |
| places in one batch | a share that follows from the writer's measured speed | `pace` |
| unsigned entries on the log | a budget for each agency and hour | `budgets` |

Rates, shares, connections and budgets hold for all workers of a hub together: `counts` is the
memory that they share, and `buckets` is what `rates` and `budgets` have in common. `scheduler`
gives places of any sort to agencies in turn.

A statement meets them in this order. When its call arrives, `shares` admits the call and `rates`
its statement; both refuse before anything is parsed, and say when to come back. A call that brings
many statements parses them in `slices`. Each statement then waits in the `fair_queue`, which gives
the next turn to the agency that has waited longest. The queue learns from `pace` how long a batch
takes, and from that how many places of a batch one agency may fill. A refusal, or a page shown to
an auditor, becomes an entry only within the `budgets`.

The modules know agencies and time, and nothing of gRPC, the log or the database.
"""
