"""The clients of the interop suite: what each needs, how it is built, and how its programs are run.

Rule: a row is all that the tests know of a client; what its programs do is in job.md. In commands `{here}` is the
client's folder, `{built}` the empty folder that its build runs in, `{contract}` the FileManager's WSDL as it is served.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

INTEROP: Final = Path(__file__).resolve().parent
MICROSECOND: Final = 1
MILLISECOND: Final = 1_000
SECOND: Final = 1_000_000
ZONE: Final = "Asia/Kolkata"
"""Of the programs: neither UTC nor whole hours from it."""


@dataclass(frozen=True)
class Client:
    """A toolkit with which people write SOAP clients."""

    name: str
    """Of its folder, too."""
    job: tuple[str, ...]
    """Runs the main job, before its arguments."""
    recipe: tuple[str, ...] = ()
    """Runs the recipe, before its arguments; nothing where there is none."""
    build: tuple[tuple[str, ...], ...] = ()
    needs: tuple[str, ...] = ()
    """Programs (on the path) and patterns of files (absolute) without which it cannot be tried."""
    packages: str = ""
    """What has them, for who reads why a test was skipped."""
    install: str = ""
    """What installs the rest for who uses the recipe elsewhere; here the environment or the build has it."""
    tick: int = MICROSECOND
    """The finest step of its type of dates, in microseconds."""

    @property
    def folder(self) -> Path:
        return INTEROP / self.name


ZEEP: Final = Client(
    "zeep",
    install="pip install zeep",
    job=(sys.executable, "{here}/job.py"),
    recipe=(sys.executable, "{here}/recipe.py"),
)
SUDS: Final = Client(
    "suds",
    install="pip install suds",
    job=(sys.executable, "{here}/job.py"),
    recipe=(sys.executable, "{here}/recipe.py"),
)
NODE: Final = Client(
    "node",
    build=(
        ("cp", "-r", "{here}/.", "."),
        ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
    ),
    # A module is looked for beside the program that wants it.
    job=("node", "job.js"),
    recipe=("node", "recipe.mjs"),
    needs=("node", "npm"),
    packages="nodejs npm",
    install="npm install soap",
    tick=MILLISECOND,
)
# PHP takes its zone from its settings and not from the environment.
_PHP_JOB: Final = ("php", "-d", f"date.timezone={ZONE}", "{here}/job.php")
PHP: Final = Client(
    "php",
    job=_PHP_JOB,
    recipe=("php", "{here}/recipe.php"),
    needs=("php", "/usr/lib/php/*/soap.so"),
    packages="php-cli php-soap",
)
PERL: Final = Client(
    "perl",
    job=("perl", "{here}/job.pl"),
    recipe=("perl", "{here}/recipe.pl"),
    needs=("perl", "/usr/share/perl5/SOAP/Lite.pm"),
    packages="libsoap-lite-perl",
)
_GSOAP_OBJECTS: Final = ("soapC.o", "soapFileManagerSoapProxy.o", "-lgsoap++")
GSOAP: Final = Client(
    "gsoap",
    build=(
        ("wsdl2h", "-t", "{here}/typemap.dat", "-o", "fm.h", "{contract}"),
        ("soapcpp2", "-j", "-C", "-L", "-x", "-w", "-I/usr/share/gsoap/import", "fm.h"),
        ("g++", "-O0", "-c", "soapC.cpp", "soapFileManagerSoapProxy.cpp"),
        ("g++", "-O0", "-I.", "-o", "job", "{here}/job.cpp", *_GSOAP_OBJECTS),
        ("g++", "-O0", "-I.", "-o", "recipe", "{here}/recipe.cpp", *_GSOAP_OBJECTS),
    ),
    job=("./job",),
    recipe=("./recipe",),
    needs=("wsdl2h", "soapcpp2", "g++", "/usr/include/stdsoap2.h"),
    packages="gsoap libgsoap-dev g++",
    tick=SECOND,
)
_JARS: Final = ("axis", "jaxrpc", "saaj", "wsdl4j", "commons-logging", "commons-discovery")
CLASSES: Final = ":".join(f"/usr/share/java/{jar}.jar" for jar in _JARS)
# What programs that run once, for a second or two, are better off with.
_BRIEF: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_JAVAC: Final = ("javac", *(f"-J{option}" for option in _BRIEF), "-proc:none", "-g:none", "-nowarn")
_JAVA: Final = ("java", *_BRIEF, "-Dorg.apache.commons.logging.Log=org.apache.commons.logging.impl.NoOpLog")
AXIS: Final = Client(
    "axis",
    build=(
        (*_JAVA, "-cp", CLASSES, "org.apache.axis.wsdl.WSDL2Java", "-p", "vofiles", "-o", "stubs", "{contract}"),
        (
            *(*_JAVAC, "-encoding", "UTF-8", "-cp", CLASSES, "-sourcepath", "stubs", "-d", "classes"),
            *("{here}/Job.java", "{here}/recipe.java"),
        ),
    ),
    job=(*_JAVA, "-cp", f"classes:{CLASSES}", "Job"),
    recipe=(*_JAVA, "-cp", f"classes:{CLASSES}", "Recipe"),
    needs=("java", "javac", "/usr/share/java/axis.jar"),
    packages="default-jdk-headless libaxis-java",
    tick=MILLISECOND,
)

CLIENTS: Final = (ZEEP, SUDS, NODE, PHP, PERL, GSOAP, AXIS)


def _astrogrid_axis(name: str, program: str, contract: str, *before: tuple[str, ...]) -> Client:
    stubs = ("org.apache.axis.wsdl.WSDL2Java", "-w", "-p", "org.astrogrid.filemanager.common", "-o", "stubs")
    sources = f"stubs:{INTEROP}/astrogrid_axis"
    return Client(
        name,
        build=(
            *before,
            (*_JAVA, "-cp", CLASSES, *stubs, contract),
            (
                *(*_JAVAC, "-encoding", "UTF-8", "-cp", CLASSES, "-sourcepath", sources, "-d", "classes"),
                f"{{here}}/{program}.java",
            ),
        ),
        job=(*_JAVA, "-cp", f"classes:{CLASSES}", program),
        needs=AXIS.needs,
        packages=AXIS.packages,
        tick=MILLISECOND,
    )


ASTROGRID: Final = (
    Client("astrogrid_zeep", job=(sys.executable, "{here}/job.py"), tick=MILLISECOND),
    Client("astrogrid_php", job=_PHP_JOB, needs=PHP.needs, packages=PHP.packages, tick=MILLISECOND),
    _astrogrid_axis("astrogrid_axis", "Published", "{contract}"),
    _astrogrid_axis(
        "astrogrid_axis_spoken",
        "Spoken",
        "spoken.wsdl",
        (sys.executable, "{here}/spoken.py", "{contract}", "spoken.wsdl"),
    ),
)
"""Those of the AstroGrid API, whose job is in astrogrid.md."""
