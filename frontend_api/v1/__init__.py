"""REST under /api/v1/: a module a noun, view and serializers together. They translate and call services; they decide nothing.

frame.py           what every request goes through: who asks, how often, may they, one answer per Idempotency-Key
operations.py      @operation: an endpoint's id, words, examples and answers
access.py          who may: every operation's action and scope
authentication.py  who asks, as a Caller     callers.py  what a Caller may
problems.py        errors as RFC 9457 problems
limits.py          how often                 paging.py   cursors
schema.py          the OpenAPI document      reference.py  its page
"""
