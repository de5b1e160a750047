"""The sealed content: documents, FollowTheMoney entities, tables, files and templates.

It comes in from files exactly as it was, or not at all (docs/tables.md).

    documents         what is asked, told and decided; document_model is their base
    document_reading  reads them, input_documents from a file of both; document_faults has the words
    entities          subjects and findings; entity is one, subjects counts, schemata names them
    table_import      from a table to entities, by tables, encodings, forms, rows and mappings;
                      table_check says what is wrong with it
    goaml             parties and payments of a goAML report
    layout, spoiled   rows that are no data; values that a spreadsheet spoiled
    late_pattern      their words, compiled when they are needed
    mapping_file      the file of a mapping
    links, doubts     ends of links; what is told to the sender of an entity
    matching          subjects beside own records; folding makes the keys of names
    search_terms      what an exchange is found by
    calendar_files    working calendars and time limits
    arguments         arguments of the library, refused by their name
    values            what a property of FollowTheMoney can hold
    written_times     days and moments as a person or a program writes them
    file_names        names of attached files; attached doubts what is in them
    templates         files to start from
    fields            values with their places; fields_file and strict_json read them
    source, faults    a file read twice; what is wrong with it, told at once
    characters        characters that deceive
"""
