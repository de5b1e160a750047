"""The presentation: plain values and words for all that is shown, in three languages.

The commands, the account for a court and the console show the same facts. They get them here: words
for every code, plain values for JSON. Nothing here does I/O.
"""
