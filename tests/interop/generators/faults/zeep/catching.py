"""Catches faults with zeep: `python catching.py ADDRESS CONTRACT USER PASSWORD CASES` (../README.md)."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import zeep

address, contract, user, password, cases = sys.argv[1:]
session = requests.Session()
session.auth = (user, password)
transport: Any = zeep.transports.Transport(session=session)  # type: ignore[no-untyped-call]
client: Any = zeep.Client(contract, transport=transport)  # type: ignore[no-untyped-call]
manager = client.create_service("{urn:vofiles:filemanager:1}FileManagerSoap", address)

CALLS: dict[str, Callable[..., Any]] = {
    "getNode": lambda node: manager.getNode(node=node),
    "listChildren": lambda node: manager.listChildren(node=node),
    "importInit": lambda node, store: manager.importInit(node=node, store=store),
    "importData": lambda node, url, size: manager.importData(node=node, url=url, size=int(size)),
    "setProperties": lambda node, generation, key, value: manager.setProperties(
        node=node, ifGeneration=int(generation), property=[{"key": key, "value": value}]
    ),
}


def line(*words: str, properties: list[Any]) -> None:
    print(*words, *(f"{each.key}={each.value or ''}" for each in properties), sep="\t")


for case in Path(cases).read_text(encoding="utf-8").splitlines():
    operation, *arguments = case.split("\t")
    try:
        answer = CALLS[operation](*arguments)
    except zeep.exceptions.Fault as fault:
        detail = client.wsdl.types.deserialize(fault.detail[0])
        line(type(detail).__name__, detail.name, detail.message, properties=detail.property)
    else:
        node = answer[0]  # zeep takes the one thing that an answer has out of it
        line("Node", node.type, ",".join(each.algorithm for each in node.digest), properties=node.property)
