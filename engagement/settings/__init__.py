"""The community's own settings as one thing: its facts changed with a record of who did it, the history of all its settings, and the way
back. Floor 8, above whatever has settings.

Invariants: a change of the tenant's row and its audit entry commit together; taking a change back writes the former values through
the service that wrote them, so that it is checked, recorded and in force like any other change.
"""
