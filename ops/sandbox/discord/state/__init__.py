"""What exists on the local Discord. Every write goes through a function here, which emits what clients would hear.

Invariant: nothing in this package knows of sockets; `World.emit` is the only way out.
"""
