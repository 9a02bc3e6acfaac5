"""Subscriptions, invoices and their time: the engine's arithmetic over the store's objects.

Invariant: nothing here reads the wall's clock; a moment comes from the store (`store.now(clock)`), so that a story of a year
runs in a second and in its order. What happens by time alone happens in `ticking`.
"""
