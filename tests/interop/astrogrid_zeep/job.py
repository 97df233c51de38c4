"""The main job on the AstroGrid API with zeep."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import requests
import zeep

address, user, password, folder_name, file_path, copy_path, operator, operator_password = sys.argv[1:]


def log_in(user: str, password: str) -> zeep.Client:
    session = requests.Session()
    session.auth = (user, password)
    return zeep.Client(f"{address}?wsdl", transport=zeep.Transport(session=session))


client = log_in(user, password)
manager = client.service


def move_bytes(info, data=None):
    return requests.request(info.method, info.uri, data=data)


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def refreshed(node: str, size: int):
    while (found := manager.refresh(nodeIvorn=node)[0]).size != size:
        pass
    return found


def report_fault(key: str, call: Callable[[], object]) -> None:
    try:
        call()
    except zeep.exceptions.Fault as fault:
        # The contract has a text for each fault, all of one name; which of them it is, the class that Axis raises says.
        exception = fault.detail.findtext("{http://xml.apache.org/axis/}exceptionName")
        print(key, exception.rpartition(".")[2])
        print(f"{key}.message", fault.detail.findtext("message"))


# account
print("service", manager.getIdentifier())
(new, *_) = log_in(operator, operator_password).service.addAccount(ident=f"ivo://{folder_name}@ast.cam.ac.uk/community")
print("new.account", next(each.value for each in new.attributes if each.key == "community.home.space"))
print("new.home", new.ivorn)
alone = {"prefetchDepth": 0, "fetchParents": False}
(first,) = manager.getAccount(ident=f"ivo://{user}@ast.cam.ac.uk/community", hints=alone)
home = first.ivorn
print("home", home)
print("home.name", first.name)
print("home.type", first.type)

# folder
folder, parent = manager.addNode(parentIvorn=home, newNodeName=folder_name, nodeType="FOLDER")
print("folder", folder.ivorn)
print("folder.parent", parent.ivorn)

# file
file, _ = manager.addNode(parentIvorn=folder.ivorn, newNodeName="query-7.vot", nodeType="FILE")
print("file", file.ivorn)
print("file.type", file.type)
print("file.size", file.size)

# send
content = Path(file_path).read_bytes()
to = manager.writeContent(nodeIvorn=file.ivorn)
print("send.method", to.method)
print("put.status", move_bytes(to, content).status_code)

# refresh
node = refreshed(file.ivorn, len(content))
print("node.size", node.size)
print("node.created", utc(node.createDate))
print("node.modified", utc(node.modifyDate))
for each in node.attributes:
    print("attribute", each.key, each.value)

# fetch
source = manager.readContent(nodeIvorn=file.ivorn)
answer = move_bytes(source)
print("fetch.method", source.method)
print("get.status", answer.status_code)
Path(copy_path).write_bytes(answer.content)

# append
print("append.status", move_bytes(manager.appendContent(nodeIvorn=file.ivorn), b"more").status_code)
print("append.size", refreshed(file.ivorn, len(content) + 4).size)

# copy
copy, parent = manager.copy(nodeIvorn=file.ivorn, newParent=home, newNodeName=f"{folder_name}.vot")
print("copy", copy.ivorn)
print("copy.name", copy.name)
print("copy.size", copy.size)
print("copy.parent", parent.ivorn)

# move
moved, *_ = manager.move(nodeIvorn=copy.ivorn, newParent=folder.ivorn, newNodeName="moved.vot")
print("move", moved.ivorn)
print("move.name", moved.name)
print("move.parent", moved.parent)

# delete
(parent,) = manager.delete(nodeIvorn=copy.ivorn)
print("delete", parent.ivorn)

# names
name = "é 星 🌟.txt"
manager.addNode(parentIvorn=folder.ivorn, newNodeName=name, nodeType="FILE")
(star, *_) = manager.getNode(nodeIvorn=f"{home}/{folder_name}/{quote(name)}")
print("names.node", star.ivorn)
print("names.name", star.name)

# large
(big, *_) = manager.getNode(nodeIvorn=f"{home}/archive/big.dat")
print("large.size", int(big.size))

# bundle
hints = {"prefetchDepth": 1, "maxExtraNodes": 99, "fetchParents": False}
hundred, *others = manager.getNode(nodeIvorn=f"{home}/hundred", hints=hints)
print("bundle.count", 1 + len(others))
print("bundle.first", hundred.name)
print("bundle.children", len(hundred.child))
for each in others:
    print("bundle.name", each.name)

# faults
report_fault("missing", lambda: manager.getNode(nodeIvorn=f"{home}/{folder_name}/nothing"))
report_fault("twice", lambda: manager.addNode(parentIvorn=folder.ivorn, newNodeName="query-7.vot", nodeType="FILE"))
report_fault("full", lambda: manager.delete(nodeIvorn=folder.ivorn))


# bad input: zeep lets a word through that is none of the type's, but leaves out nothing that must be there
def send_without_name() -> None:
    envelope = client.create_message(manager, "addNode", parentIvorn=folder.ivorn, newNodeName="lost", nodeType="FILE")
    name_element = next(envelope.iter("newNodeName"))
    name_element.getparent().remove(name_element)
    answer = client.transport.post_xml(address, envelope, {"Content-Type": "text/xml", "SOAPAction": '"addNode"'})
    manager._binding.process_reply(client, manager._binding.get("addNode"), answer)


report_fault("type", lambda: manager.addNode(parentIvorn=folder.ivorn, newNodeName="lost", nodeType="many"))
report_fault("element", send_without_name)
