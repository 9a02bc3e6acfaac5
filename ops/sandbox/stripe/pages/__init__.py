"""What a person sees of the local Stripe: Checkout, the customer portal, an invoice. Built here, served by `resources/*_pages`.

Invariant: a page decides nothing; every text that came from outside is escaped; there is no script, so everything works by
forms and keys alone.
"""
