"""The FileManager of AstroGrid over SOAP, as its clients were built from 2004 on: our services behind their contract.

Rule: their contract ends here. What comes in is turned into our own values (`types` has theirs) before a service sees
it, one function an operation, one service call a function.
"""
