"""The FileManager over SOAP: for callers (`native`) and for stores (`callback`).

Rule: one function an operation, one service call a function.
"""
