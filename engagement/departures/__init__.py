"""What was pending when a member goes: a deleted one's is cancelled and given back, a merged one's goes over. Floor 7.

Invariants: points, stock and quotas come back exactly, in one transaction with the audit entry and the news to the team, which is
told once; what was decided before stays as it was. Whoever is restored has the points that came back, and asks anew.

A tolerated race: somebody may redeem, hand in or ask in a transaction that looked at the member before they were deleted and
commits after what was pending was looked through. None of these lasts a minute; so a minute later it is looked through again.
"""
