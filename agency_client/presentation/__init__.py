"""The presentation: plain values and words for all that is shown, in three languages.

The commands, the account for a court and the console show the same facts. They get them here:

    locale      the language and the time zone in which something is shown
    visible     text of others, with nothing unseen in it
    words       words for codes, and the codes of a statement's body
    labels      words of the presentation itself: headings, states of waiting, time spans
    documents   briefs and contents, field by field
    schemata    words for the schemata of FollowTheMoney
    entities    persons, accounts, links and payments, as tables
    steps       whose turn it is, and what may be done next
    news        what was said last by another, where the state does not tell it
    lists       exchanges as the hub lists them
    exchanges   one exchange, verified and unsealed
    reading     one statement, to be read
    passed_on   what one's own agency passed on, where its author changed it since
    directory   agencies, what each takes, members and their certificates
    plain       the same as plain values, for programs
    due         clocks of listed exchanges
    found, matches
                results of a search; subjects that match own records
    faults      errors in the reader's language; refusals has the sentences of the hub
    places, sentences
                faults of files, found by the form of their sentence: those of file_faults,
                table_faults, value_faults and entity_faults
    spoken      messages with words and commands in place of names of the contract
    doubts      doubts about what a person gives
    handling    the note beside files that are written out
    layout      tables as lines of text
    numbers, countries
                amounts and states, as a language writes them

Rules of this package:

- Nothing here does I/O. Nothing knows of terminals or pages: a fact is a text, or a row of texts.
- Texts for people are in the language of a `Locale`. Values for programs (`*_json`) name codes by
  their names and know no language.
- Text that another agency wrote goes through `visible`, wherever it is shown.
"""
