"""The kinds of statement: one module a kind, and one list of all.

    codes        code lists that several kinds share
    fields       fields of the wire contract, parsed into checked values
    spec         the shape of a kind: body, rows of the lifecycle, traits, acts
    <kind>       one module for each kind: its body, its own code lists, its spec
    catalogue    the list of all kinds, and all that follows from it

To add a kind, follow docs/adding-a-kind.md.
"""
