"""vofiles: a virtual file manager for research data.

Rule: importing this package is cheap, because the servers import its vocabulary too; what speaks SOAP or HTTP is
loaded when it is first asked for.
"""

__version__ = "0.1.0"
