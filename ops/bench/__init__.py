"""The benchmarks of DESIGN section 9: ratios against a floor that is measured in the same run.

A bench is a module ops/bench/<name>.py with `def run() -> list[Result]`. It runs in a process of its own, with Django's settings
pointing at a fresh, migrated database and an empty Redis, both as durable as production's (fsync on). A floor shares
no code with the product's path.
"""
