"""Pages for EngageHub's own staff, under /ops/ on BASE_DOMAIN: communities, lag, what was set aside, jobs; and the admin.

Invariants: only a login with `is_operator` comes in, and to change anything it must have proved who it is within 15 minutes;
what an operator does to a community stands in that community's audit log, and in the operators' own journal.
"""
