"""Other levelling bots' leaderboards on this machine: MEE6, Polaris, Lurkr, Amari and Tatsu, in their own formats over real sockets.

Each guild of the local Discord has a board with its members. Faults are set with POST /_faults; see server.py.
"""
