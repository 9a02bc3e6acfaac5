"""Boosts: points count more for a while. What one does to an award is engagement.rules.boosting; here is who made it, for whom and
when it runs, and how many hours that takes. Floor 5.

Invariants:
- of boosts that run at the same time an award gets the highest, never the product;
- what once began never changes but for its end: starting and stopping wait for whoever books, so that exactly what occurred while a
  boost ran is boosted, and a boost that is stopped keeps what it gave;
- an hour of the plan is used up when a boost runs at a moment that no hour used before covers, and covers the 60 minutes from
  there on: what overlaps, and what follows within that time, is counted once. In shadow mode too: points given there stay.
"""
