"""Demo communities with a past: five of them, one of each kind, with months of plausible traffic.

    communities.py  what each community is like: pure data
    people.py       who was there, from when to when, how talkative, and who only came for the points
    history.py      what they did on a given day: activities in order, from a seeded generator
    feeding.py      puts days into the activity stream and books them through ingest, the way everything else comes in

Invariants: the same community, seed and day give the same activities with the same ids on every machine, whatever was made
before; so a day that is fed twice counts once, and a new day can be added to an old history. `people` and `history` need no
Django and no database.
"""
