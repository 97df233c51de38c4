"""The clients that catch faults: of each kind of toolkit that gives a declared fault a type (faults/README.md).

Rule: a row says how a client is built and run; what it must say is in the tests.
"""

import sys
from typing import Final

from tests.interop.clients import Client

_JARS: Final = ("axis", "jaxrpc", "saaj", "wsdl4j", "commons-logging", "commons-discovery")
_AXIS: Final = ":".join(f"/usr/share/java/{jar}.jar" for jar in _JARS)
_JAXWS: Final = "/usr/share/java/jaxws-rt.jar"
# What programs that run once, for a second or two, are better off with.
_BRIEF: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_JAVAC: Final = (
    *("javac", *(f"-J{option}" for option in _BRIEF), "-proc:none", "-g:none", "-nowarn", "-encoding", "UTF-8"),
    *("-sourcepath", "stubs", "-d", "classes"),
)
_JAVA: Final = ("java", *_BRIEF, "-Dorg.apache.commons.logging.Log=org.apache.commons.logging.impl.NoOpLog")


def _catcher(
    name: str, command: tuple[str, ...], *build: tuple[str, ...], needs: tuple[str, ...] = (), packages: str = ""
) -> Client:
    return Client(f"generators/faults/{name}", job=command, recipe=(), build=build, needs=needs, packages=packages)


CATCHERS: Final = (
    _catcher("zeep", (sys.executable, "{here}/catching.py")),
    _catcher(
        "php",
        ("php", "{here}/catching.php"),
        needs=("php", "/usr/lib/php/*/soap.so"),
        packages="php-cli php-soap",
    ),
    _catcher(
        "gsoap",
        ("./catching",),
        ("wsdl2h", "-t", "{here}/typemap.dat", "-o", "fm.h", "{contract}"),
        ("soapcpp2", "-j", "-C", "-L", "-x", "-w", "-I/usr/share/gsoap/import", "fm.h"),
        (
            *("g++", "-O0", "-I.", "-o", "catching", "{here}/catching.cpp"),
            *("soapC.cpp", "soapFileManagerSoapProxy.cpp", "-lgsoap++"),
        ),
        needs=("wsdl2h", "soapcpp2", "g++", "/usr/include/stdsoap2.h"),
        packages="gsoap libgsoap-dev g++",
    ),
    _catcher(
        "axis",
        (*_JAVA, "-cp", f"classes:{_AXIS}", "Catching"),
        (*_JAVA, "-cp", _AXIS, "org.apache.axis.wsdl.WSDL2Java", "-p", "vofiles", "-o", "stubs", "{contract}"),
        (*_JAVAC, "-cp", _AXIS, "{here}/Catching.java"),
        needs=("java", "javac", "/usr/share/java/axis.jar"),
        packages="default-jdk-headless libaxis-java",
    ),
    _catcher(
        "jaxws",
        (*_JAVA, "--add-opens=java.base/java.lang=ALL-UNNAMED", "-cp", f"classes:{_JAXWS}", "Catching"),
        ("mkdir", "stubs"),
        ("wsimport", "-Xnocompile", "-p", "vofiles", "-s", "stubs", "{contract}"),
        # No class names package-info, which has the namespace.
        (*_JAVAC, "-cp", _JAXWS, "{here}/Catching.java", "stubs/vofiles/package-info.java"),
        needs=("wsimport", "java", "javac", _JAXWS),
        packages="default-jdk-headless jaxws libjaxws-java",
    ),
)
