import sys, pathlib, suds.client, suds.transport.http, urllib.request as http

address, user, password, path = sys.argv[1], sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
login = suds.transport.http.HttpAuthenticated(username=user, password=password)
manager = suds.client.Client(f"{address}?wsdl", transport=login, cache=None).service
file = manager.addNode(parent=manager.getAccount().home, name=path.name, type="FILE")
to = manager.importInit(file.identifier).transfer.endpoint[0]
headers = {each.name: each.value for each in getattr(to, "header", [])}
http.urlopen(http.Request(to.url, method="PUT", data=path.read_bytes(), headers=headers)).close()
source = manager.exportInit(file.identifier).transfer.endpoint[0]
sys.stdout.buffer.write(http.urlopen(source.url).read())
