"""The kinds of statement: one module a kind, and one list of all.

    codes        code lists that several kinds share
    fields       fields of the wire contract, parsed into checked values
    spec         the shape of a kind and its traits, from the three below
    bodies       what the fields of a body may hold; body_parsing takes them from the wire
    rows         lines of the lifecycle: who may say a kind when, and what follows
    acts         what people do with a kind: methods of the client, commands
    days, names, offences, grounds
                 values and checks that several kinds share
    <kind>       one module for each kind: its body, its own code lists, its spec
    catalogue    the list of all kinds, and all that follows from it

To add a kind, follow docs/adding-a-kind.md.
"""
