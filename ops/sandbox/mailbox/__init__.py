"""The local mailbox: takes every mail that the stack sends and shows it on a page. Nothing leaves the machine.

Invariants: it listens on 127.0.0.1 only; the newest 500 mails are kept in a folder and survive a restart; a mail's
HTML is shown in a sandboxed frame without scripts.
"""
