"""The review channel: one message a submission, kept as the submission is. bot_shard.cogs.reviewing answers its buttons.

Invariants: a submission is posted once each time it is handed in, and never again by anything else, so that a message which was deleted
stays deleted; its state is edited in, whoever decided and wherever.
"""
