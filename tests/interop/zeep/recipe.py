import sys, pathlib, requests, zeep

address, user, password, path = sys.argv[1], sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
session = requests.Session()
session.auth = (user, password)
manager = zeep.Client(f"{address}?wsdl", transport=zeep.Transport(session=session)).service
file = manager.addNode(parent=manager.getAccount().home, name=path.name, type="FILE")
to = manager.importInit(file.identifier).transfer.endpoint[0]
requests.put(to.url, data=path.read_bytes(), headers={each.name: each.value for each in to.header}).raise_for_status()
source = manager.exportInit(file.identifier).transfer.endpoint[0]
sys.stdout.buffer.write(requests.get(source.url, headers={each.name: each.value for each in source.header}).content)
