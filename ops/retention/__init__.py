"""What goes by itself after a while, each night, and after how long.

Invariants: everything that is pruned stands in `table.KEPT`, and every table of ours in `ops/retention.md`, with how long its rows are
kept; what is still to be delivered or referred to stays, however old it is.
"""
