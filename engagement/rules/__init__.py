"""Rules: activity type + condition → effects. Floor 4 of engagement; evaluation is pure.

Invariants: `evaluate` reads nothing but its arguments, so live ingest, dry run and replay agree. A rule's
definition never changes: editing makes a new version. Every write bumps `rules_state.version` in its transaction,
which is how ingest knows that its compiled set is old.
"""
