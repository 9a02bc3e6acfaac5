"""Who may come in and what they may do: the team, Discord's roles, API keys. Floor 2.

The rows stand in the public schema and are changed by `tenants`; here each change and its audit entry become one transaction. Every
front calls these, so that none can forget the entry.
"""
