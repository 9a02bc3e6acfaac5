"""Plans, Stripe and usage [public schema, floor 4].

Invariants: what a community may do follows from what Stripe says and from nothing a browser sends; prices are chosen here, by
plan and interval; `Tenant.entitlements` is written here alone. Stripe's library is imported only where Stripe is called.
"""
