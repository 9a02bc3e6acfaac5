"""Members pay their community by the month or year: what is sold, who supports, what was paid. Floor 5.

Invariants: a member supports once at a time; who takes the money is right about it, and `Supporter` and `SupporterPayment` are its
mirror, written by mirroring.py alone, in any order and as often as it is told; what a supporter agreed to pay never changes behind
their back; benefits (a role, points) follow the state and are never asked for anywhere else. Nothing here knows the payment provider.
"""
