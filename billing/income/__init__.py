"""What members pay their community through Stripe Connect: payout accounts, checkouts, and the mirror of who supports. Floor 4.

Invariants: Stripe is right about money, and what engagement.supporters holds is written from objects that were fetched under the
lock of that member's support; a member of a community has one customer of their own, shared with no other community; each charge is
made on behalf of the community's payout account, which receives it less the fee; we keep ids and flags of an account, never bank or
identity data.
"""
