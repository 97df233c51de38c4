"""The port `Database` in memory: for tests and for trying things out. Nothing is kept when the process ends.

Rule: it keeps every promise of the port, and the same conformance suite as SQL's says so.
"""

from filemanager.persistence.memory.database import MemoryDatabase, MemoryTransaction

__all__ = ["MemoryDatabase", "MemoryTransaction"]
