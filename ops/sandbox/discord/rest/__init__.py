"""REST v10: routes in `*_routes` modules, each declared with its rate limit and who may call it.

Invariant: every call passes, in this order, faults, authentication, rate limits, the check against Discord's OpenAPI
document, and the handler; every answer carries the headers of its bucket.
"""
