"""Descriptions: nodes and accounts as they are answered.

Rule: the one place where a node's wire value is made, so that every API and every operation tells the same of it. A
level of nodes costs the same few queries however many they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from filemanager.domain.account import Account
from filemanager.domain.content import ContentVersion
from filemanager.domain.node import Node
from filemanager.domain.properties import CONTENT_TYPE
from filemanager.domain.replica import READABLE, Location, Replica, ReplicaState
from filemanager.domain.transfer import Transfer
from filemanager.ports import Transaction
from vofiles import contract
from vofiles.contract import NodeKind, Property
from vofiles.instant import to_text
from vofiles.ivorn import Ivorn, NodeIdentifier

_DIGEST_KEYS = {"sha-256": "content.digest.sha256", "xxh3-128": "content.digest.xxh3-128"}


@dataclass(frozen=True, slots=True)
class Described:
    """A node, what is told of it, and what besides the node that follows from."""

    node: Node
    version: ContentVersion | None
    location: Location | None
    told: contract.Node


def describe_nodes(tx: Transaction, service: Ivorn, nodes: Sequence[Node]) -> list[contract.Node]:
    """The wire values of these nodes, in their order."""
    return [each.told for each in describe_all(tx, service, nodes)]


def describe_all(tx: Transaction, service: Ivorn, nodes: Sequence[Node]) -> list[Described]:
    """The same, with what they follow from."""
    if not nodes:
        return []
    stored = tx.nodes.properties_of([node.key for node in nodes])
    versions = tx.contents.current_versions([node.key for node in nodes if node.version])
    locations = locate(tx, nodes, {key: version.key for key, version in versions.items()})
    described = []
    for node in nodes:
        version, location = versions.get(node.key), locations.get(node.key)
        told = _describe(service, node, stored.get(node.key, {}), version, location)
        described.append(Described(node, version, location, told))
    return described


def locate(tx: Transaction, nodes: Sequence[Node], contents: Mapping[int, int]) -> dict[int, Location]:
    """Where the content of these nodes lies, by their keys; `contents` has the keys of their current versions. For a
    file without content, where its first one is to come.
    """
    replicas = tx.contents.replicas_of(list(contents.values())) if contents else {}
    found = {key: location for key, version in contents.items() if (location := _location(replicas.get(version, [])))}
    empty = [node.key for node in nodes if node.kind == NodeKind.FILE and not node.version]
    for key, transfer in (tx.transfers.open_imports(empty) if empty else {}).items():
        if transfer.container is not None:
            found[key] = Location(transfer.container, ReplicaState.EMPTY)
    return found


def describe_node(tx: Transaction, service: Ivorn, node: Node) -> contract.Node:
    """The wire value of one node."""
    return describe_nodes(tx, service, [node])[0]


def describe_with_content(tx: Transaction, service: Ivorn, node: Node, version: ContentVersion) -> contract.Node:
    """The wire value of a file with one of its contents, as it is now or was before."""
    if version.number == node.version:
        return describe_node(tx, service, node)
    stored = dict(tx.nodes.properties_of([node.key]).get(node.key, {}))
    if version.content_type is not None:
        # What is said of the current bytes need not be true of earlier ones.
        stored[CONTENT_TYPE] = version.content_type
    location = _location(tx.contents.replicas_of([version.key]).get(version.key, []))
    return _describe(service, replace(node, version=version.number), stored, version, location)


def preferred_replica(replicas: Sequence[Replica]) -> Replica | None:
    """The replica that is asked for the bytes: the first readable one, else the first."""
    return next((each for each in replicas if each.state in READABLE), replicas[0] if replicas else None)


def _location(replicas: Sequence[Replica]) -> Location | None:
    replica = preferred_replica(replicas)
    return Location(replica.container, replica.state) if replica is not None else None


def _describe(
    service: Ivorn, node: Node, stored: dict[str, str], version: ContentVersion | None, location: Location | None
) -> contract.Node:
    content_type = stored.get(CONTENT_TYPE) or (version.content_type if version is not None else None)
    properties = dict(stored)
    properties["created.date"] = to_text(node.created)
    properties["modified.date"] = to_text(node.modified)
    if node.is_root:
        properties["community.home.space"] = str(node.owner)
    if content_type is not None:
        properties[CONTENT_TYPE] = content_type
    if version is not None:
        properties |= _content_properties(version)
    if location is not None:
        properties["filestore.location"] = str(location.container)
        properties["filestore.location.state"] = location.state
    return contract.Node(
        identifier=NodeIdentifier(service, node.number),
        name=node.name,
        type=node.kind,
        owner=node.owner,
        created=node.created,
        modified=node.modified,
        generation=node.generation,
        version=node.version,
        parent=NodeIdentifier(service, node.parent_number) if node.parent_number is not None else None,
        size=version.size if version is not None else None,
        content_type=content_type,
        digests=version.digests if version is not None else (),
        properties=_sorted(properties),
    )


def _content_properties(version: ContentVersion) -> dict[str, str]:
    found = {
        "content.size": str(version.size),
        "content.version": str(version.number),
        "content.created.date": to_text(version.created),
    }
    for digest in version.digests:
        if digest.algorithm in _DIGEST_KEYS:
            found[_DIGEST_KEYS[digest.algorithm]] = digest.value
    return found


def describe_transfer(
    transfer: Transfer, told: contract.Transfer | None = None, job: str | None = None
) -> contract.Transfer:
    """The wire value of a transfer, with what its store has just said of it where it was asked, and its job."""
    current = told if told is not None and not transfer.has_ended else None
    return contract.Transfer(
        transfer=transfer.number,
        direction=transfer.direction,
        state=current.state if current is not None else transfer.state,
        bytes_done=max(current.bytes_done, transfer.bytes_done) if current is not None else transfer.bytes_done,
        container=transfer.container,
        expiry=current.expiry if current is not None else transfer.expiry,
        job=job,
        failure=transfer.failure,
        receipt=transfer.receipt,
        endpoints=current.endpoints if current is not None else (),
        properties=current.properties if current is not None else (),
    )


def describe_account(tx: Transaction, service: Ivorn, account: Account) -> contract.Account:
    """The wire value of an account."""
    return contract.Account(
        identifier=account.identifier,
        name=account.name,
        kind=account.kind,
        home=NodeIdentifier(service, account.home),
        created=account.created,
        properties=_sorted(tx.accounts.properties_of_account(account.identifier)),
    )


def _sorted(properties: dict[str, str]) -> tuple[Property, ...]:
    return tuple(Property(key, properties[key]) for key in sorted(properties))
