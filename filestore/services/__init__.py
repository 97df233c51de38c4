"""The store's use cases: one per function or method, each with the FileManager that calls (`caller`) as argument.

Rule: plain synchronous code over domain and ports; transactions are asked for here, and nothing remote and no file is
touched inside one.
"""
