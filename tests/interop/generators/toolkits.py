"""The generators of stubs that people use: how each is run on a contract, and how what it made is compiled or loaded.

Rule: a row is all that the tests know of a generator. Steps run in an empty folder, one after the other, and each must
end with 0. In their words `{here}` is this folder, `{contract}` the text, `{modules}` what npm has installed for
node/package.json; a word with a * stands for the files there that it matches by then. Perl's SOAP::Lite has no row: it
is told names by its user and reads no contract.
"""

import sys
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Toolkit:
    """A generator, or a client that reads contracts when it runs."""

    name: str
    steps: tuple[tuple[str, ...], ...]
    needs: tuple[str, ...] = ()
    """Programs (on the path) and patterns of files (absolute) without which it cannot be tried."""
    packages: str = ""
    """What has them, for who reads why a test was skipped."""
    harmless: tuple[str, ...] = ()
    """Patterns of warnings that do not matter; any other is a failure."""
    by_npm: bool = False
    """Whether it needs what npm installs for node/package.json."""
    heavy: bool = False
    """Tried with --everything alone, because what it needs takes so long to install."""
    refuses: dict[str, str] = field(default_factory=dict)
    """Contracts that it does not take, and why."""


ASTROGRID: Final = "astrogrid-filemanager-0.2"
_TYPED_PARTS: Final = {ASTROGRID: "messages with parts that have a type instead of an element"}

_AXIS: Final = ":".join(
    f"/usr/share/java/{jar}.jar"
    for jar in ("axis", "axis-jaxrpc", "axis-saaj", "commons-discovery", "commons-logging", "wsdl4j")
)
_JAXWS: Final = "/usr/share/java/jaxws-rt.jar"
# What programs that run once, for a second or two, are better off with.
_BRIEF: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_JAVAC: Final = ("javac", *(f"-J{option}" for option in _BRIEF), "-nowarn", "-proc:none", "-g:none", "-d", "classes")
_QT: Final = "/usr/include/x86_64-linux-gnu/qt5"
# It is there for JAX-WS, and does not say that it must be understood.
_SKIPS_JAXWS: Final = r"jaxws.?.?bindings|java\.sun\.com/xml/ns/jaxws"
_GSOAP: Final = (
    _SKIPS_JAXWS,
    "ignoring type inheritance by default for C",  # the members of the base are in each struct
    "makes the name ambiguous",  # of AstroGrid's typed parts: a longer name in the stubs
)

TOOLKITS: Final = (
    Toolkit("zeep", ((sys.executable, "-m", "zeep", "{contract}"),)),
    Toolkit("suds", ((sys.executable, "{here}/read_with_suds.py", "{contract}"),)),
    Toolkit(
        "soap",
        (
            ("ln", "-s", "{modules}", "node_modules"),
            ("cp", "{here}/node/soap.js", "."),
            ("node", "soap.js", "{contract}"),
        ),
        needs=("node", "npm"),
        packages="nodejs npm",
        by_npm=True,
    ),
    Toolkit(
        "strong-soap",
        (
            ("ln", "-s", "{modules}", "node_modules"),
            ("cp", "{here}/node/strong-soap.js", "."),
            ("node", "strong-soap.js", "{contract}"),
        ),
        needs=("node", "npm"),
        packages="nodejs npm",
        by_npm=True,
        refuses=_TYPED_PARTS,
    ),
    Toolkit(
        "php",
        (("php", "{here}/php/load.php", "{contract}"),),
        needs=("php", "/usr/lib/php/*/soap.so"),
        packages="php-cli php-soap",
    ),
    Toolkit(
        "gsoap-c++",
        (
            ("wsdl2h", "-o", "stubs.h", "{contract}"),
            ("soapcpp2", "-C", "-j", "-L", "-x", "-I/usr/share/gsoap/import", "stubs.h"),
            ("g++", "-O0", "-fsyntax-only", "*.cpp"),
        ),
        needs=("wsdl2h", "soapcpp2", "g++", "/usr/include/stdsoap2.h"),
        packages="gsoap libgsoap-dev g++",
        harmless=_GSOAP,
    ),
    Toolkit(
        "gsoap-c",
        (
            ("wsdl2h", "-c", "-o", "stubs.h", "{contract}"),
            ("soapcpp2", "-c", "-C", "-L", "-x", "-I/usr/share/gsoap/import", "stubs.h"),
            ("gcc", "-O0", "-fsyntax-only", "*.c"),
        ),
        needs=("wsdl2h", "soapcpp2", "gcc", "/usr/include/stdsoap2.h"),
        packages="gsoap libgsoap-dev gcc",
        harmless=_GSOAP,
    ),
    Toolkit(
        "axis",
        (
            ("java", *_BRIEF, "-cp", _AXIS, "org.apache.axis.wsdl.WSDL2Java", "-o", ".", "{contract}"),
            (*_JAVAC, "-cp", _AXIS, "**/*.java"),
        ),
        needs=("java", "javac", "/usr/share/java/axis.jar"),
        packages="libaxis-java default-jdk-headless",
        harmless=("Attachment support is disabled",),
    ),
    Toolkit(
        "jax-ws",
        (("wsimport", "-Xnocompile", "-s", ".", "{contract}"), (*_JAVAC, "-cp", _JAXWS, "**/*.java")),
        needs=("wsimport", "javac", _JAXWS),
        packages="jaxws libjaxws-java default-jdk-headless",
        refuses=_TYPED_PARTS,
    ),
    Toolkit(
        "soap4r",
        (
            ("ruby", "{here}/ruby/generate.rb", "{contract}"),
            ("ruby", "-I.", "-e", "Dir['./*.rb'].sort.each { |file| require file }"),
        ),
        needs=("ruby", "/usr/share/rubygems-integration/all/specifications/soap4r-*.gemspec"),
        packages="ruby-soap4r",
        harmless=(_SKIPS_JAXWS,),
    ),
    Toolkit(
        "tclws",
        (("tclsh", "{here}/tcl/load.tcl", "{contract}"),),
        needs=("tclsh", "/usr/lib/tcltk/tclws*/ClientSide.tcl"),
        packages="tclws",
    ),
    Toolkit(
        "mono",
        (
            ("wsdl2", "-out:stubs.cs", "{contract}"),
            ("mcs", "-target:library", "-r:System.Web.Services", "-out:stubs.dll", "stubs.cs"),
            ("wsdl", "-out:older.cs", "{contract}"),
            ("mcs", "-target:library", "-r:System.Web.Services", "-out:older.dll", "older.cs"),
        ),
        needs=("wsdl2", "wsdl", "mcs"),
        packages="mono-devel mono-mcs",
        heavy=True,
        refuses=_TYPED_PARTS,
    ),
    Toolkit(
        "kdsoap",
        (
            ("kdwsdl2cpp", "-o", "stubs.h", "{contract}"),
            ("kdwsdl2cpp", "-impl", "stubs.h", "-o", "stubs.cpp", "{contract}"),
            (
                *("g++", "-O0", "-fsyntax-only", "-fPIC", "-I/usr/include/KDSoapClient", f"-I{_QT}"),
                *(f"-I{_QT}/Qt{module}" for module in ("Core", "Network", "Xml")),
                "stubs.cpp",
            ),
        ),
        needs=("kdwsdl2cpp", "g++", "/usr/include/KDSoapClient/KDSoapClientInterface"),
        packages="libkdsoap-dev g++",
        harmless=(_SKIPS_JAXWS,),
        heavy=True,
    ),
)
