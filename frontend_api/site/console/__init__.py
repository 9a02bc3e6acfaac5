"""For whoever pays for several communities: all of them on one page, with what they cost and what can be done across them.

Each community is entered by itself; nothing is ever asked across two of them.
"""
