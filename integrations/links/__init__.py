"""What the pages are called that members' links lead to, for whoever reviews them.

Invariants: nothing is fetched while somebody waits, and nothing but public addresses, on ports 80 and 443, is ever connected to, after
each redirect anew; no page gets more of our time or memory than Limits says; what is kept is text, cleaned and cut.
"""
