"""The FileManager's use cases: one a function, the caller first; transactions are asked for here, and no call to
another service is made inside one.
"""
