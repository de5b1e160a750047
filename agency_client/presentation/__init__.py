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
    plain       the same as plain values, for programs

Rules of this package:

- Nothing here does I/O. Nothing knows of terminals or pages: a fact is a text, or a row of texts.
- Texts for people are in the language of a `Locale`. Values for programs (`*_json`) name codes by
  their names and know no language.
- Text that another agency wrote goes through `visible`, wherever it is shown.
"""
