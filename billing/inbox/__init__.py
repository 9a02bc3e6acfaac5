"""What Stripe tells us: stored first, answered at once, worked off later.

Invariants: nothing is stored that Stripe did not sign; an event is stored once, together with the job that will work it off;
what is done about it follows from objects fetched from Stripe, never from what the event says, so that events may come twice, in
any order, late or not at all. What was stored and never settled is found by a sweep.
"""
