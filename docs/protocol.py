"""Draws docs/protocol.md and protocol-astrogrid.md: `python -m docs.protocol` (./toxw -e docs), --check.

    protocol.in.md      the prose, with a place `${…}` for each thing below
    exchanges           what tests/support/protocolplay.py has said to real services
    figures             constants of the code
    recipes             tests/interop/*/recipe.*, which the interop suite runs

Rule: no figure, request or answer is written down here or in the prose; tests/ground/test_protocol.py draws the page
anew and compares.
"""

import argparse
import logging
import re
import shlex
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path

import structlog

from docs import astrogrid
from docs.draw import fields, table
from docs.drawing import FOLDER, documentation, exchange, filled, link, prose
from docs.figures import figures
from tests.interop.clients import CLASSES, CLIENTS
from tests.interop.recipes import WITHOUT_JOB
from tests.support.exampleservices import SECRET, WSDL
from tests.support.exchanges import Exchange
from tests.support.protocolplay import play
from vofiles.contract import ALWAYS, CALLBACK, FILEMANAGER, FILESTORE, Operation
from vofiles.faults import CATEGORIES
from vofiles.serving.signatures import COMPONENTS, signature_base
from vofiles.shape import parts

ROOT = FOLDER.parent
PAGE = FOLDER / "protocol.md"
ASTROGRID = FOLDER / "protocol-astrogrid.md"
PROSE = "protocol.in.md"
PORTS = {"FileManager": FILEMANAGER, "FileManagerCallback": CALLBACK, "FileStore": FILESTORE}
SIGNED = "FileStore.importInit"
"""Which exchange shows a signature."""
RECIPES = {
    "curl": "curl, in a shell",
    "vofiles": "Python, by our own client",
    "zeep": "Python, zeep",
    "suds": "Python, suds",
    "node": "JavaScript, node with the package soap",
    "php": "PHP, SoapClient",
    "perl": "Perl, SOAP::Lite",
    "gsoap": "C++, gSOAP",
    "axis": "Java, Apache Axis 1.4",
}
"""Folders of tests/interop, and how people know what is in them."""
CONTRACT = "filemanager.wsdl"
_LANGUAGES = {"sh": "sh", "py": "python", "mjs": "js", "cjs": "js", "pl": "perl", "cpp": "cpp"}


def pages(exchanges: Mapping[str, Exchange]) -> dict[Path, str]:
    """Both pages. Raises KeyError as `page` does."""
    return {PAGE: page(exchanges), ASTROGRID: astrogrid.page(exchanges)}


def page(exchanges: Mapping[str, Exchange]) -> str:
    """The whole page. Raises KeyError for an operation that has no exchange, or a place that nothing is for."""
    places = {
        **figures(),
        **_listings(),
        **_signed(exchanges[SIGNED]),
        "contents": _contents(),
        "recipes": recipes(),
        "ALWAYS": ", ".join(ALWAYS),
        "faults": "\n\n".join(_fault(name, exchanges[f"fault.{name}"]) for name in CATEGORIES),
        "challenge": exchange(exchanges["fault.Refused"]),
        **{name: exchange(each) for name, each in exchanges.items() if "." not in name},
        **{name: exchange(each) for name, each in exchanges.items() if name.startswith(("data.", "fault."))},
        **{name: _port(name, operations, exchanges) for name, operations in PORTS.items()},
    }
    return filled(PROSE, places)


# --- operations ---


def _port(name: str, operations: Iterable[Operation], exchanges: Mapping[str, Exchange]) -> str:
    documented = documentation(WSDL[name], name)
    sections = []
    for operation in operations:
        faults = [fault for fault in operation.faults if fault not in ALWAYS]
        rows = [("takes", fields(operation.request)), ("answers", fields(operation.answer))]
        if faults:
            rows.append(("faults", ", ".join(faults)))
        told = f"{documented[operation.name]}\n\n{table(('', ''), rows)}"
        shown = exchange(exchanges[f"{name}.{operation.name}"])
        sections.append(f"## {_heading(name, operation.name)}\n{told}\n{shown}\n")
    return "\n".join(sections)


def _heading(port: str, operation: str) -> str:
    return operation if port == "FileManager" else f"{port}: {operation}"


def _fault(category: str, shown: Exchange) -> str:
    return f"### {category}\n{exchange(shown)}"


# --- lists ---


def _contents() -> str:
    chapters = [link(title) for title in re.findall(r"^## (.+)$", prose(PROSE), re.MULTILINE)]
    lines = [f"**About**: {' · '.join(chapters)}"]
    for port, operations in PORTS.items():
        links = (link(_heading(port, operation.name), operation.name) for operation in operations)
        lines.append(f"**{port}**: {' · '.join(links)}")
    return "\n\n".join(lines)


def _listings() -> dict[str, str]:
    """Which operations of the FileManager take what."""
    wanted = {
        "with_key": "idempotencyKey",
        "with_generation": "ifGeneration",
        "with_version": "ifVersion",
        "with_pages": "after",
        "with_wait": "wait",
    }
    taking = {place: _taking(element) for place, element in wanted.items()}
    assert all(taking.values()), taking
    return {place: ", ".join(f"`{name}`" for name in names) for place, names in taking.items()}


def _taking(element: str) -> list[str]:
    return [one.name for one in FILEMANAGER if any(part.element == element for part in parts(one.request))]


# --- recipes ---


def recipes() -> str:
    """The programs that the interop suite runs, as far as there are any, each as it stands."""
    folder = ROOT / "tests" / "interop"
    found = {name: path for name in RECIPES for path in (folder / name).glob("recipe.*")}
    return "\n\n".join(f"### {RECIPES[name]}\n{_steps(name)}{_program(path)}" for name, path in found.items())


def _program(path: Path) -> str:
    language = _LANGUAGES.get(path.suffix[1:], path.suffix[1:])
    return f"```{language}\n{path.read_text(encoding='utf-8').rstrip()}\n```"


def _steps(name: str) -> str:
    """What a recipe needs, how it is built where it needs stubs, and how it is run, as the suite does it."""
    client = next(each for each in (*CLIENTS, *WITHOUT_JOB) if each.name == name)
    needs = [f"Debian packages: {client.packages}."] if client.packages else []
    needs += [f"`{client.install}`."] if client.install else []
    told = [" ".join(needs)] if needs else []
    steps = [f'curl -o {CONTRACT} "ADDRESS?wsdl"'] if any("{contract}" in step for step in client.build) else []
    if steps:
        told += [f"With `{path.name}`:\n```\n{path.read_text().rstrip()}\n```" for path in client.folder.glob("*.dat")]
        steps += [words for step in client.build if (words := _words(step)) and not re.search(r"\bjob\b", words)]
    run = f"{_words(client.recipe)} ADDRESS USER PASSWORD FILE"
    how = f"```sh\n{_shortened([*steps, run])}\n```" if steps else f"Run: `{run}`"
    return "\n".join([*told, how, ""])


def _words(step: Iterable[str]) -> str:
    """A step as somebody types it who has no job beside the recipe, and more time."""
    wanted = [word for word in step if not re.match(r"(-J)?-XX:|-Dorg\.apache\.commons\.logging|\{here}/Job\.", word)]
    if wanted[0] == "env":
        wanted = wanted[2:]
    places = {"{here}/": "", "{contract}": CONTRACT, sys.executable: "python"}
    for place, text in places.items():
        wanted = [word.replace(place, text) for word in wanted]
    return shlex.join(wanted)


def _shortened(steps: Iterable[str]) -> str:
    """Lines of a shell, with the one long path in a variable."""
    text = "\n".join(steps)
    if CLASSES not in text:
        return text
    return f"jars={CLASSES}\n{text.replace(CLASSES, '$jars')}"


# --- signatures ---


def _signed(shown: Exchange) -> dict[str, str]:
    """A signed request to the byte, and what its signature is made of."""
    values = dict(shown.headers)
    params = values["Signature-Input"].partition("=")[2]
    digest = values["Content-Digest"]
    covered = {"@method": shown.method, "@path": shown.target, "@query": "?", "content-digest": digest}
    base = signature_base([(name, covered[name]) for name in COMPONENTS], params).decode()
    key = re.findall(r'keyid="([^"]*)"', params)
    head = [f"{shown.method} {shown.target} HTTP/1.1", *(f"{name}: {value}" for name, value in shown.headers)]
    text = "\n".join([*head, "", shown.body.decode()])
    return {
        "SIGNED_KEY": key[0],
        "SIGNED_SECRET": urlsafe_b64encode(SECRET).decode(),
        "signed": f"```http\n{text}\n```",
        "signature_base": f"```\n{base}\n```",
    }


def main() -> int:
    """Writes the pages, or says which differ."""
    parser = argparse.ArgumentParser(description="Draws docs/protocol.md and docs/protocol-astrogrid.md.")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 where a page differs")
    check = parser.parse_args().check
    quiet()
    drawn = pages(play())
    old = [path for path, text in drawn.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if not check:
        for path in old:
            path.write_text(drawn[path], encoding="utf-8")
    said = "differs" if check else "drawn"
    print("\n".join(f"{said}: {path.relative_to(ROOT)}" for path in old) or "all is as drawn")
    return 1 if check and old else 0


def quiet() -> None:
    """Have services say only what is wrong: here their faults are asked for."""
    logging.getLogger("spyne").setLevel(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


if __name__ == "__main__":
    sys.exit(main())
