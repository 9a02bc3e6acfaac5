"""Typed credits: balances of the community's own currencies, on the ledger that points stand on.

Invariants: a credit type's id is its currency in the ledger; credits move by engagement.ledger.moving alone; a request is granted once,
under its row's lock, and a notice that fails undoes nothing. Lock order: request row, approver row, balance row. Floor 3.
"""
