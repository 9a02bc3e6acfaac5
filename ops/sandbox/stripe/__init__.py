"""A local Stripe: the part of the API that EngageHub calls, for the unmodified `stripe` library, over real sockets.

Invariants: a request is one transaction on the store, and its events stand in the same one; parameters and answers are held
against the library's own types; what is on disk is what was answered.
"""
