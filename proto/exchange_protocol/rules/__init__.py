"""The rules: what may be said, by whom, to whom, and what follows. Pure, and the same for all.

From the top; each line stands on those below it, and a contract of the imports keeps it so:

    inspection, intake         what auditors may open; rules that bind new statements alone
    possible, handling         what may be said next; what may be done with what was received
    shapes                     checking the form of what is carried and not decided on
    judgement                  puts the rules together: read this first
    routing, provenance        what the policy asks of a statement; sources that it passes on
    access, supervision        who sees and reads a statement; what a supervisor may say
    lifecycle                  how a statement moves an exchange: the theory and the picture
    directory_changes          who may change the directory, and what follows
    moves                      by which row a statement may be said on a leg, or why by none
    directory                  agencies, certificates, keys and the policy, as a value
    legs, addressing           how a leg moves; on which legs a statement speaks
    rulebook, policy           the questions to the policy; its text and its schema; policy_reads,
                               what its rules depend on
    recording, joint_case      what a leg remembers; who is a member of a joint case
    exchange, leg_record       the state of an exchange, as values
    wire, signed_statements    statements from bytes and to bytes; their signatures
    statements, dependencies   statements as values; what waits for what
    clocks, calendars          the times that run on a leg; when the time of a rule ends
"""
