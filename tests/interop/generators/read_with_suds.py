"""Reads a contract and says what it has: `python read_with_suds.py contract.wsdl`."""

import sys
from pathlib import Path

import suds.client

print(suds.client.Client(Path(sys.argv[1]).as_uri(), cache=None))
