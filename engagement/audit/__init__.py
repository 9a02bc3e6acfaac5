"""Who did what, to what, from where, and what it was before. Floor 1.

Invariants: an entry is written in the transaction of the change that it tells of, and never changed by the app, whose database
role holds no UPDATE and no DELETE here; it holds no secret; every action stands in the catalogue of `actions.py`.
A job seals entries in the order of their commits (`sealing.py`): what somebody changes, removes, adds or reorders
behind the app's back shows in `manage.py verify_audit`.
"""
