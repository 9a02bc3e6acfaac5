"""Other levelling bots' addresses: what their leaderboards tell, handed to engagement.imports.

Invariants: only the hosts that the settings name are called, redirects are not followed, and how much is read, how often it is
tried and how long it takes are bounded; a key that an organiser gave is sealed until it was used and then forgotten.
"""
