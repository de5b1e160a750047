"""The console: a local web application beside the keys, for the profile of one person.

`agency console` starts it and opens the browser. It is the client library with a face: whatever it
shows of an exchange the library has verified, and every act is a method of the library.

    sessions    the one-time code, the cookie, the lock after idle time
    owners      which user of this machine made a connection
    guard       what every request must bring and every answer bears; nothing passes it by
    visits      one request, parsed once: the form, the session, the language
    openings    exchanges that are opened beside the pages, and kept within a bound
    contents    the entities of a statement, read once; entities shows their tables and flows
    listing     lists as the hub gave them, kept from page to page
    kept_lists  the same on disk, sealed: they are shown while the hub is away
    following   the watch that says when something came; news is its bar
    possible    the acts that the library says are possible; forms, filling and compose write them
    drafts      what a person began to write; signed says what became of it
    days        days, as people type them
    directory   agencies, what each takes, their members
    holdings    own records on this machine, and what matches them
    cases       own cases, with one timeline over their exchanges
    outbox      what waits for the hub, and what it refused
    queue       what waits for an approver; held says why, decisions signs
    auditor     verification and findings; log_pages shows entries and their proofs
    words, help the console's own words, in three languages
    archive     several files as one to be saved
    rendering   templates to pages
    exchange_view   one opened exchange, as the values of a page
    rules_text  the policy, rule by rule
    menu        the sections, by the role of the person
    context     what all pages share
    app         the routes
    server      the socket, the process, the browser

Rules of this package (docs/adr/0032-the-console.md):

- It listens on the loopback address alone, and trusts nothing that a browser could be made to
  send: another page, another port and another user of the machine are taken to be hostile.
- Words, names and files of other agencies are hostile too. They are escaped, their unseen
  characters are shown, and no file of theirs is ever rendered.
- No content stands in an address, a log, a cookie or the browser's storage.
- No page needs a script: scripts add keys, the bar for news and pictures.
"""
