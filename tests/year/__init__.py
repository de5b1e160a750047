"""A simulated year of a whole region: actors who do their work, and count for themselves.

Twelve fictional agencies exchange everything that there is a kind for, on a real ledger with a real
database, from the first of January to the last of December, by a clock that the test moves. The
actors keep their own plain notes of what they did. At the end these notes are counted without any
code of the project's statistics, and every figure, clock and replay is compared with them.

    region     the agencies, their members, working calendars and the published times
    town       the hub, its clock, and a pen for each member: say, read, race
    notes      what the actors note of each leg and statement, and of their clocks
    plan       what happens how often: the tables of weights, and the draw from them
    gate       coordinators and prosecutors who claim, approve, return and reject
    exchanges  one leg of an exchange from its opening to its end, for every kind but joint cases
    freezes    freezes that are imposed, extended, converted, lifted, and that expire
    enrolment  what the authority does before it gives certificates that were asked for
    consents   consent to onward use, and the referrals that rest on it
    members    what one member of a joint case asks another: consent to pass on what it gave
    cases      joint cases, and the centre's analysis from several contributors
    offices    the operator's changes of the directory, supervisors, and lapsed approvals
    counts     every table of statistics, counted from the notes
    checks     the comparisons at the end
    report     size and speed

`make year` plays the long form of 5,000 exchanges; `make long` has one of 200 over the same year.
"""
