"""The main job with suds: the contract is read at run time, nothing is generated."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import suds
from suds.client import Client
from suds.transport.http import HttpAuthenticated

address, user, password, folder_name, file_path, copy_path = sys.argv[1:]

client = Client(
    f"{address}?wsdl",
    transport=HttpAuthenticated(username=user, password=password),
    cache=None,
)
manager = client.service


def move_bytes(endpoint, data=None):
    headers = {header.name: header.value for header in getattr(endpoint, "header", [])}
    return urlopen(Request(endpoint.url, method=endpoint.method, data=data, headers=headers))


def property_of(node, key):
    return next(each.value for each in node.property if each.key == key)


def make_property(key: str, value: str):
    made = client.factory.create("Property")
    made.key, made.value = key, value
    return made


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def report_fault(key: str, call: Callable[[], object]) -> None:
    try:
        call()
    except suds.WebFault as error:
        ((declared, detail),) = error.fault.detail
        print(key, declared)
        print(f"{key}.name", detail.name)
        print(f"{key}.message", detail.message)


# account
print("service", manager.getIdentifier())
account = manager.getAccount()
home = account.home
print("account", account.identifier)
print("home", home)

# folder
folder = manager.addNode(parent=home, name=folder_name, type="FOLDER")
print("folder", folder.identifier)

# file
note = make_property("note", '5 < flux & "rising"')
file = manager.addNode(parent=folder.identifier, name="query-7.vot", type="FILE", property=[note])
print("file", file.identifier)
print("file.version", file.version)
print("file.note", property_of(file, "note"))

# send
content = Path(file_path).read_bytes()
offer = manager.importInit(node=file.identifier, size=len(content), contentType="application/x-votable+xml").transfer
print("import.transfer", offer.transfer)
print("import.state", offer.state)
print("import.method", offer.endpoint[0].method)
print("put.status", move_bytes(offer.endpoint[0], content).status)

# wait
transfer = manager.getTransfer(offer.transfer).transfer
while transfer.state != "COMPLETED":
    transfer = manager.getTransfer(offer.transfer).transfer
print("transfer.state", transfer.state)
print("transfer.size", transfer.receipt.size)

# node, dates
(node,) = manager.getNode(node=f"{home}/{folder_name}/query-7.vot")
print("node", node.identifier)
print("node.size", node.size)
print("node.version", node.version)
print("node.type", node.contentType)
print("node.sha-256", next(each.value for each in node.digest if each.algorithm == "sha-256"))
print("node.created", utc(node.created))
print("node.modified", utc(node.modified))

# fetch
endpoint = manager.exportInit(file.identifier).transfer.endpoint[0]
answer = move_bytes(endpoint)
print("export.method", endpoint.method)
print("get.status", answer.status)
Path(copy_path).write_bytes(answer.read())

# names
name = "é 星 🌟.txt"
note = make_property("note", "naïve 星 🌟")
manager.addNode(parent=folder.identifier, name=name, type="FILE", property=[note])
(star,) = manager.getNode(f"{home}/{folder_name}/{quote(name)}")
print("names.node", star.identifier)
print("names.name", star.name)
print("names.note", property_of(star, "note"))

# large
(big,) = manager.getNode(f"{home}/archive/big.dat")
print("large.size", big.size if isinstance(big.size, int) else "not a number")

# bundle
hints = client.factory.create("BundleHints")
hints.depth, hints.maximumExtraNodes = 1, 99
hundred, *others = manager.getNode(f"{home}/hundred", hints=hints)
print("bundle.count", 1 + len(others))
print("bundle.first", hundred.name)
for each in others:
    print("bundle.name", each.name)

# faults
report_fault("missing", lambda: manager.getNode(f"{home}/{folder_name}/nothing"))
report_fault("twice", lambda: manager.addNode(parent=folder.identifier, name="query-7.vot", type="FILE"))
report_fault("kind", lambda: manager.importInit(folder.identifier))

# bad input: suds sends what it is given, and a missing element as an empty one unless it is told to send a text
LOST = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
  <addNode xmlns="urn:vofiles:filemanager:1"><parent>{}</parent><type>FILE</type></addNode>
</e:Body></e:Envelope>"""
report_fault("type", lambda: manager.importInit(node=file.identifier, size="many"))
report_fault("element", lambda: manager.addNode(__inject={"msg": LOST.format(folder.identifier).encode()}))
