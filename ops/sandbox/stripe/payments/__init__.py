"""Money moving: cards and how they behave, intents, charges, refunds, the balance.

Invariant: nothing here raises for a card that is declined; the intent says so (`last_payment_error`), and the routes turn it into
Stripe's 402. So an invoice can try a charge and go on.
"""
