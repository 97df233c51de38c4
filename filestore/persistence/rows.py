"""Rows: how the domain's values stand in the tables.

Rule: one pair of functions for each table, and nothing else knows its columns' meaning.
"""

from typing import Any

from sqlalchemy import RowMapping

from filestore.domain.adopted import Adopted
from filestore.domain.container import Container, Content, Damage
from filestore.domain.partial import Partial
from filestore.domain.round import Round
from filestore.domain.staging import Staged
from filestore.domain.transfer import Base, Promise, Remote, Transfer
from filestore.persistence.documents import from_text, many_from_text, to_text
from filestore.ports import Outgoing
from vofiles.contract import Digest, Failure, Property, Receipt, TransferState
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier


def container_row(container: Container) -> dict[str, Any]:
    """A container as a row."""
    content = container.content
    return {
        "number": container.number,
        "manager": str(container.manager),
        "node": str(container.node),
        "owner": str(container.owner),
        "transfer": container.transfer,
        "state": container.state,
        "created": container.created,
        "changed": container.changed,
        "size": content.size if content else None,
        "content_type": content.content_type if content else None,
        "digests": to_text(content.digests) if content else None,
        "identifier": str(container.identifier) if container.identifier else None,
        "damaged": container.damage.found if container.damage else None,
        "damage": container.damage.reason if container.damage else None,
    }


def container_of(row: RowMapping) -> Container:
    """The container in a row."""
    content = None
    if row["digests"] is not None:
        content = Content(row["size"], many_from_text(Digest, row["digests"]), row["content_type"])
    return Container(
        row["number"],
        Ivorn.parse(row["manager"]),
        LongIdentifier.parse(row["node"]),
        Ivorn.parse(row["owner"]),
        row["transfer"],
        row["state"],
        Instant(row["created"]),
        Instant(row["changed"]),
        content,
        NodeIdentifier.parse(row["identifier"]) if row["identifier"] is not None else None,
        Damage(Instant(row["damaged"]), row["damage"]) if row["damaged"] is not None else None,
    )


def round_row(progress: Round) -> dict[str, Any]:
    """A round as a row, without its name."""
    return {
        "began": progress.began,
        "after": progress.after,
        "containers": progress.containers,
        "size": progress.size,
        "findings": progress.findings,
        "ended": progress.ended,
        "before": progress.before,
    }


def round_of(row: RowMapping) -> Round:
    """The round in a row."""
    return Round(
        Instant(row["began"]),
        row["after"],
        row["containers"],
        row["size"],
        row["findings"],
        Instant(row["ended"]) if row["ended"] is not None else None,
        Instant(row["before"]) if row["before"] is not None else None,
    )


def due(transfer: Transfer) -> Instant:
    """When a transfer is to be looked at again: its time is up, or it ended then."""
    if transfer.state == TransferState.RECEIVING and transfer.deadline is not None:
        return transfer.deadline
    return transfer.changed if transfer.ended else transfer.until


def transfer_row(transfer: Transfer) -> dict[str, Any]:
    """A transfer as a row."""
    return {
        "transfer": transfer.transfer,
        "manager": str(transfer.manager),
        "direction": transfer.direction,
        "fingerprint": transfer.fingerprint,
        "container": transfer.container,
        "state": transfer.state,
        "created": transfer.created,
        "changed": transfer.changed,
        "expiry": transfer.expiry,
        "due": due(transfer),
        "epoch": transfer.epoch,
        "promise": to_text(transfer.promise),
        "remote": to_text(transfer.remote) if transfer.remote else None,
        "file_name": transfer.file_name,
        "lease": transfer.lease,
        "deadline": transfer.deadline,
        "bytes_done": transfer.bytes_done,
        "failure": to_text(transfer.failure) if transfer.failure else None,
        "receipt": to_text(transfer.receipt) if transfer.receipt else None,
        "request_id": transfer.request_id,
        "base": transfer.base.container if transfer.base else None,
        "base_size": transfer.base.size if transfer.base else None,
        "staged": to_text(transfer.staged) if transfer.staged else None,
        "partial": to_text(transfer.partial) if transfer.partial else None,
    }


def published_row(transfer: Transfer) -> dict[str, Any]:
    """What changes in a transfer's row when all its bytes come at once."""
    return {
        "state": transfer.state,
        "changed": transfer.changed,
        "due": due(transfer),
        "deadline": transfer.deadline,
        "bytes_done": transfer.bytes_done,
        "receipt": to_text(transfer.receipt) if transfer.receipt else None,
        "request_id": transfer.request_id,
        "partial": None,
    }


def filled_row(container: Container) -> dict[str, Any]:
    """What changes in a container's row when all its bytes come at once; `one` is its number."""
    content = container.content
    return {
        "one": container.number,
        "state": container.state,
        "changed": container.changed,
        "size": content.size if content else None,
        "content_type": content.content_type if content else None,
        "digests": to_text(content.digests) if content else None,
    }


def transfer_of(row: RowMapping) -> Transfer:
    """The transfer in a row."""
    return Transfer(
        row["transfer"],
        Ivorn.parse(row["manager"]),
        row["direction"],
        row["fingerprint"],
        row["container"],
        row["state"],
        Instant(row["created"]),
        Instant(row["changed"]),
        Instant(row["expiry"]),
        row["epoch"],
        from_text(Promise, row["promise"]),
        from_text(Remote, row["remote"]) if row["remote"] is not None else None,
        row["file_name"],
        row["lease"],
        Instant(row["deadline"]) if row["deadline"] is not None else None,
        row["bytes_done"],
        from_text(Failure, row["failure"]) if row["failure"] is not None else None,
        from_text(Receipt, row["receipt"]) if row["receipt"] is not None else None,
        row["request_id"],
        Base(row["base"], row["base_size"]) if row["base"] is not None else None,
        from_text(Partial, row["partial"]) if row["partial"] is not None else None,
        staged=from_text(Staged, row["staged"]) if row["staged"] is not None else None,
    )


def outgoing_row(outgoing: Outgoing) -> dict[str, Any]:
    """A callback as a row, without its key."""
    return {
        "transfer": outgoing.transfer,
        "manager": str(outgoing.manager),
        "created": outgoing.created,
        "due": outgoing.due,
        "attempts": outgoing.attempts,
        "error": outgoing.error,
    }


def outgoing_of(row: RowMapping) -> Outgoing:
    """The callback in a row."""
    return Outgoing(
        row["transfer"],
        Ivorn.parse(row["manager"]),
        Instant(row["created"]),
        Instant(row["due"]),
        row["attempts"],
        row["error"],
        row["key"],
    )


def adopted_row(adopted: Adopted) -> dict[str, Any]:
    """An adopted file as a row, without its key."""
    return {
        "number": adopted.number,
        "directory": adopted.directory,
        "path": adopted.path,
        "size": adopted.size,
        "mtime": adopted.mtime,
        "properties": to_text(adopted.properties),
        "replaces": adopted.replaces,
        "forgotten": adopted.forgotten,
    }


def adopted_of(row: RowMapping) -> Adopted:
    """The adopted file in a row."""
    return Adopted(
        row["number"],
        row["directory"],
        row["path"],
        row["size"],
        row["mtime"],
        many_from_text(Property, row["properties"]),
        row["replaces"],
        row["forgotten"],
    )
