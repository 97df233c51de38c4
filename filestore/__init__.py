"""filestore: a service that holds bytes in containers and moves them straight between clients and itself.

Rule: it meets the FileManager only on the wire; layers go downward only (docs/architecture.md).
"""
