"""Leaderboards: reads of standings. Floor 5 of engagement; writes nothing.

Invariants: each answer comes from one statement, hence from one snapshot, so ranks are exact while points change; the work
grows with the number of buckets, not of members; hidden members are not listed and hold no rank, an alias is
shown without its owner's name and picture, departed members and bots are left out (`standing.ranked` says all this).
"""
