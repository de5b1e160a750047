"""The sealed content: documents, FollowTheMoney entities, tables and templates.

It comes in from files exactly as it was, or not at all.

source          the bytes of a file, the same at every reading
characters      letters that deceive: invisible, turning the line, of two scripts in one word
faults          what is wrong with a file, place by place, all told at once
fields          YAML and JSON, each value with its place
encodings       which encoding a table is written in, where that is certain
forms           dates and numbers as a table writes them
tables          rows and cells of a table
mappings        a FollowTheMoney mapping: which cell becomes which property
values          what a property of FollowTheMoney can hold
table_import    from a table to entities
schemata        the schemata of FollowTheMoney, and which of them are subjects
file_names      names of attachments
"""
