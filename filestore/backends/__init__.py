"""Where the store's bytes are: on a disk, or in memory.

Rule: a back end knows numbers, bytes and sidecars, and no states; all pass one conformance suite.
"""
