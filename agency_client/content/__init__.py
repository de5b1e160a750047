"""The sealed content: documents, FollowTheMoney entities, tables, files and templates.

It comes in from files exactly as it was, or not at all (docs/tables.md).

    documents         what is asked, told and decided; input_documents reads them from files
    entities          subjects and findings; entity is one, subjects counts, schemata names them
    table_import      from a table to entities, by tables, encodings, forms, rows and mappings
    goaml             parties and payments of a goAML report
    values            what a property of FollowTheMoney can hold
    file_names        names of attached files
    templates         files to start from
    fields            YAML and JSON, each value with its place
    source, faults    a file read twice; what is wrong with it, told at once
    characters        characters that deceive
"""
