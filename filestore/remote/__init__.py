"""Other services and other people's addresses, as the store reaches them.

Rule: nothing else in the store opens a connection.
"""
