"""Billing: the plan, what it allows and costs, and every change of it."""
