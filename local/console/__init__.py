"""The console on the laptop: a page beside the embedded AWS, which shows what happens in it and lets a person act.

server       listens on loopback; who may ask
pages        the page, and what it asks for
changes      what is new, as server-sent events
accounts, executions, calls, heard   what is shown, each read from AWS's own APIs where there is one
history      an execution's history as states
diagram/     a state machine as a picture, from its ASL
sabotages    what the page can break
"""
