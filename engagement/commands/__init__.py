"""How this community's bot commands behave: in which channels they answer, how often one member may ask. Floor 5.

A command without a row of its own follows the row named "" (every command), and without that the defaults.
"""
