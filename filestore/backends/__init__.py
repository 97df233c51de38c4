"""Where the store's bytes are: on a disk, in a bucket, or in memory.

Rule: a back end knows numbers, bytes and sidecars, and no states; all pass one conformance suite.
"""
