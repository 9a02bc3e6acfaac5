"""The Discord gateway process: guild traffic in, activities out, commands answered. No models.

    gateway     everything that touches discord.py's private parts; one connection a shard, RESUME, close codes
    hearing     payload → record, one function a gateway event        records    payload → activity bytes, pure
    places      channels, categories and threads of each guild        voice      minutes in voice channels
    queue       the bounded way from the socket to the stream         writer     batches, pipelined, acknowledged
    watermark   up to where everything heard is safe                  session    what a restart needs for RESUME
    identify    the lease and the count that guard IDENTIFY           resp       one pipelined Redis connection
    calls       the one seam from async code into a tenant            cogs       the commands

Invariant: nothing that was heard is lost. What is above the watermark is replayed by Discord after a restart;
what Discord can no longer replay is written down as a gap.
"""
