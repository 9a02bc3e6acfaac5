"""Retainers: a fixed price, agreed with one payer, for a bundle of communities [public schema, floor 4].

Invariants: a payer has one retainer that lives, which is one subscription at Stripe paid by invoice; it covers as many communities as
were agreed and no more; a community is covered by one retainer at a time. Whoever leaves, by itself or with the retainer's end, keeps
the plan for the days of grace, so that somebody can choose what comes next.
"""
