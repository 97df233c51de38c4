"""The catalogue: what the store knows of its containers and transfers, in a database or in memory.

Rule: rows in, domain values out, and no rule of the domain in between; the statements are built once.
"""
