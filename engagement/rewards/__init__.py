"""What members can get for their points: the catalogue, redemptions and how each kind is fulfilled.

Invariants:
- points and stock move in one transaction or not at all, and a refund gives back exactly what was taken, once;
- 0 <= reserved <= stock wherever stock is counted; what is free is stock - reserved;
- a redemption's state only moves along `states.MOVES`, by conditional update under its row's lock.
Lock order: sponsor, redemption, balance, drop place, reward; whoever changes a reward alone locks just that. Floor 5.
"""
