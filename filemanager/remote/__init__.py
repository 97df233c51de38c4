"""What the FileManager says to file stores, over SOAP; the implementations of its remote ports.

Rule: addresses come from the configuration, every call is signed, and no transaction is open while one runs.
"""
