"""The contract as the stubs of AstroGrid's own clients had it: `spoken.py PUBLISHED SPOKEN`.

Another namespace, and wrapped at both ends: each operation's answer in an element of its own.
"""

import sys
from pathlib import Path

from lxml import etree

published, spoken = map(Path, sys.argv[1:])
WSDL, XSD = "{http://schemas.xmlsoap.org/wsdl/}", "{http://www.w3.org/2001/XMLSchema}"
ANSWERS = {
    "nodes": '<element name="node" type="tns:Node" minOccurs="0" maxOccurs="unbounded"/>',
    "info": '<element name="info" type="tns:TransferInfo"/>',
    "ivorn": '<element name="ivorn" type="tns:Ivorn"/>',
    "nothing": "",
}

text = published.read_text("utf-8").replace("vo-space:FileManager:v0.2", "filemanager:FileManager:v0.1")
root = etree.fromstring(text.encode("utf-8"), etree.XMLParser(remove_comments=True))
schema, port_type = next(root.iter(f"{XSD}schema")), next(root.iter(f"{WSDL}portType"))
for group in schema.findall(f"{XSD}element//{XSD}all"):
    group.tag = f"{XSD}sequence"
for operation in port_type.findall(f"{WSDL}operation"):
    name, output = operation.get("name", ""), next(operation.iter(f"{WSDL}output"))
    inside = ANSWERS[output.get("message", "").removeprefix("tns:")]
    element = f"""<element xmlns="{XSD[1:-1]}" xmlns:tns="{root.get("targetNamespace")}" name="{name}Response">
        <complexType><sequence>{inside}</sequence></complexType></element>"""
    schema.append(etree.fromstring(element))
    message = etree.Element(f"{WSDL}message", name=f"{name}Response")
    etree.SubElement(message, f"{WSDL}part", name="parameters", element=f"tns:{name}Response")
    port_type.addprevious(message)
    output.set("message", f"tns:{name}Response")
for part in root.iter(f"{WSDL}part"):
    if part.get("element"):
        part.set("name", "parameters")
spoken.write_bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))
