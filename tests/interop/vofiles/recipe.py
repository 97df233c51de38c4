import sys, pathlib, vofiles

address, user, password, path = sys.argv[1], sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
with vofiles.connect(address.removesuffix("/filemanager"), user=user, password=password) as home:
    file = home / path.name
    file.put(path)
    with file.open() as stream:
        sys.stdout.buffer.write(stream.read())
