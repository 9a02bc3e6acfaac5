"""What members hand in for others to confirm, and the review of it.

Invariants: a submission's state only moves along `states.MOVES`, under its row's lock; its points are given exactly once, in the
transaction that approves it, and taken back in the one that undoes that; nobody reviews their own. Lock order: submission row,
then the ledger lock (engagement.progression.awarding). Floor 5.
"""
