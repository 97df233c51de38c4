"""Ports: what the store's services need of the world, as Protocols; their comments are the contract.

Rule: no implementation here, one noun a module. Bytes on disk, commits, remote calls, the clock and randomness are
reached through these alone, so that a test can record, fail or kill at every one of them. Each port has one conformance
suite in tests/conformance/ that all its implementations pass.
"""

from filestore.ports.catalogue import Catalogue, Outgoing, Records
from filestore.ports.contents import Archive, Backend, Reader, SmallContents, StorageFailure, Writer
from filestore.ports.outside import Body, CallbackSender, Clock, Halt, Incoming, Numbers, Outbound, Word
from filestore.ports.staging import Staging, Whole

__all__ = [
    "Archive",
    "Backend",
    "Body",
    "CallbackSender",
    "Catalogue",
    "Clock",
    "Halt",
    "Incoming",
    "Numbers",
    "Outbound",
    "Outgoing",
    "Reader",
    "Records",
    "SmallContents",
    "Staging",
    "StorageFailure",
    "Whole",
    "Word",
    "Writer",
]
