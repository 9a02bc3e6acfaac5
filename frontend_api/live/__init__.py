"""WebSockets: pages that move by themselves.

A page holds the position in its tenant's event log at which it was rendered. Its socket names that position; whatever is
logged after it makes the server render the page's part anew and send it with the new position. So a socket that
breaks, resumes and misses nothing, and a page that never gets one polls the same part over HTTP.

    hub.py        one Redis subscription a process; wakes the rooms
    rooms.py      the watchers of one tenant; reads the log, renders once for all who watch the same
    calls.py      the seam to the database: synchronous functions that enter the tenant inside
    consumers.py  one WebSocket: who may open it, sending, slow readers
    limits.py     how many sockets one address may hold
"""
