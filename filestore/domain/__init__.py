"""The store's pure rules: containers, transfers, tickets, what may come in, digests and ranges.

Rule: no I/O, no clock and no randomness here; they come in as arguments.
"""
