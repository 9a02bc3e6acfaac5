"""What is sold by use above a plan: counted, capped, warned of, and reported to Stripe's Billing Meters.

Invariants: the owner's cap is nothing until they set one, so that nobody ever pays above the plan unasked; a unit above the plan is
either recorded for reporting or shown as not charged, once; a recorded unit carries one identifier for ever, under which Stripe
takes it once, and a unit of which it cannot be known whether Stripe has it is not sent again. Ingest takes no part: what is counted
is read from what the engine keeps anyway.

Stripe counts a meter by customer, and a payer may pay for many communities: were the meters' prices on each plan's subscription, each
would bill the whole. So a payer has one subscription for use, apart from the plans, with both meters' prices; it begins with the first
unit that is charged and ends with the last plan.
"""
