"""The public schema's twin of saas.events: same code, another table (DESIGN section 4.3)."""
