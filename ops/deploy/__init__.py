"""Bringing EngageHub to other machines: the first environment file, and the database's two roles. `helm/` holds the chart."""
