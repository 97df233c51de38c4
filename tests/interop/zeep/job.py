"""The main job with zeep, in stub-free style: the contract is read at run time."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import requests
import zeep
from lxml import etree

address, user, password, folder_name, file_path, copy_path = sys.argv[1:]

session = requests.Session()
session.auth = (user, password)
client = zeep.Client(f"{address}?wsdl", transport=zeep.Transport(session=session))
manager = client.service


def move_bytes(endpoint, data=None):
    headers = {header.name: header.value for header in endpoint.header}
    return requests.request(endpoint.method, endpoint.url, data=data, headers=headers)


def property_of(node, key):
    return next(each.value for each in node.property if each.key == key)


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def report_fault(key: str, call: Callable[[], object]) -> None:
    try:
        call()
    except zeep.exceptions.Fault as fault:
        detail = client.wsdl.types.deserialize(fault.detail[0])
        print(key, etree.QName(fault.detail[0]).localname)
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
note = {"key": "note", "value": '5 < flux & "rising"'}
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
print("put.status", move_bytes(offer.endpoint[0], content).status_code)

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
(endpoint, *_) = manager.exportInit(file.identifier).transfer.endpoint
answer = move_bytes(endpoint)
print("export.method", endpoint.method)
print("get.status", answer.status_code)
Path(copy_path).write_bytes(answer.content)

# names
name = "é 星 🌟.txt"
note = {"key": "note", "value": "naïve 星 🌟"}
manager.addNode(parent=folder.identifier, name=name, type="FILE", property=[note])
(star,) = manager.getNode(f"{home}/{folder_name}/{quote(name)}")
print("names.node", star.identifier)
print("names.name", star.name)
print("names.note", property_of(star, "note"))

# large
(big,) = manager.getNode(f"{home}/archive/big.dat")
print("large.size", big.size if isinstance(big.size, int) else "not a number")

# bundle
hundred, *others = manager.getNode(f"{home}/hundred", hints={"depth": 1, "maximumExtraNodes": 99})
print("bundle.count", 1 + len(others))
print("bundle.first", hundred.name)
for each in others:
    print("bundle.name", each.name)

# faults
report_fault("missing", lambda: manager.getNode(f"{home}/{folder_name}/nothing"))
report_fault("twice", lambda: manager.addNode(parent=folder.identifier, name="query-7.vot", type="FILE"))
report_fault("kind", lambda: manager.importInit(folder.identifier))


# bad input: zeep lets a text through where a number is asked for, but leaves out nothing that must be there
def send_without_name() -> None:
    envelope = client.create_message(manager, "addNode", parent=folder.identifier, name="lost", type="FILE")
    name_element = next(envelope.iter("{*}name"))
    name_element.getparent().remove(name_element)
    answer = client.transport.post_xml(address, envelope, {"Content-Type": "text/xml", "SOAPAction": '""'})
    manager._binding.process_reply(client, manager._binding.get("addNode"), answer)


report_fault("type", lambda: manager.importInit(node=file.identifier, size="many"))
report_fault("element", send_without_name)
