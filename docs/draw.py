"""Draws docs/reference/ from the tables in the code: `python docs/draw.py`, or ./toxw -e docs; --check only compares.

Rule: a fact that is a table in the code is not written down a second time by hand; tests/ground/test_docs.py compares.
"""

import argparse
import inspect
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from filemanager.domain import job
from filemanager.domain import transfer as managed
from filestore.domain import container
from filestore.domain import transfer as stored
from vofiles import contract, faults, properties
from vofiles.errors import VofilesError
from vofiles.shape import Part, parts

FOLDER = Path(__file__).parent / "reference"
VALUES: tuple[type[Any], ...] = (
    contract.Node,
    contract.Account,
    contract.Transfer,
    contract.Endpoint,
    contract.Receipt,
    contract.Job,
    contract.JobItem,
    contract.Service,
    contract.Container,
    contract.Property,
    contract.Digest,
    contract.Header,
    contract.Failure,
    contract.BundleHints,
    contract.FaultDetail,
)


def errors() -> str:
    """The error tree with its faults and statuses."""
    rows = []
    for name, error in faults.ERRORS.items():
        row = faults.row_of(error)
        ancestry = len(error.__mro__) - len(VofilesError.__mro__)
        if ancestry:
            shown = ("&emsp;" * (ancestry - 1)) + f"`{name}`"
            rows.append((shown, row.fault, row.blame, str(row.status), sentence(error).replace("{about}", "…")))
    return page(
        "Errors",
        "Every failure, in Python (`vofiles.errors`) and on the wire. An indented error is also the one above it. The "
        "status is that of answers without SOAP; a SOAP fault is HTTP 500, but 401 where credentials lack and 503 "
        "where the service is busy.",
        table(("error", "fault", "blame", "HTTP", "what it says"), rows),
    )


def operations() -> str:
    """Every operation with what goes in and out."""
    ports = (
        ("FileManager", contract.FILEMANAGER),
        ("Callback, spoken by stores to the FileManager", contract.CALLBACK),
        ("FileStore, spoken by FileManagers", contract.FILESTORE),
    )
    sections = []
    for title, port in ports:
        rows = [
            (f"`{one.name}`", sentence(one.request), fields(one.request), fields(one.answer), " ".join(one.faults))
            for one in port
        ]
        sections.append(f"## {title}\n" + table(("operation", "what it does", "request", "answer", "faults"), rows))
    values = ((f"`{value.__name__}`", sentence(value), fields(value)) for value in VALUES)
    sections.append("## Values\n" + table(("value", "what it is", "elements"), values))
    introduction = (
        "From `vofiles/contract/`; the texts for generators of stubs are in `wsdl/`. "
        "`?`: may be absent, `*`: any number."
    )
    return page("Operations", introduction, "\n".join(sections))


def states() -> str:
    """What may follow what, as diagrams."""
    moves = [(state, "", following) for state, next_ in managed.TRANSITIONS.items() for following in next_]
    sections = [
        "## A transfer in the FileManager\n" + diagram(moves),
        "## A transfer in a FileStore\n"
        "A broken connection gives the lease back: RECEIVING becomes what it was before, OFFERED or REQUESTED.\n"
        + diagram([(state, event, after) for (state, event), after in stored.TRANSITIONS.items()]),
        "## A job\n"
        "What failed can be tried again: FAILED and CANCELLED become QUEUED by retryJob.\n"
        + diagram([(state, "", after) for state, next_ in job.JOB_TRANSITIONS.items() for after in next_]),
        "## An item of a job\n"
        + diagram([(state, "", after) for state, next_ in job.ITEM_TRANSITIONS.items() for after in next_]),
        "## A container in a FileStore\n"
        + diagram([(state, event, after) for (state, event), after in container.TRANSITIONS.items()]),
    ]
    return page(
        "States", "The tables of what may become of a transfer, a job, an item and a container.", "\n".join(sections)
    )


def standard_properties() -> str:
    """The standard property keys."""
    rows = ((f"`{row.key}`", row.setter.value, row.meaning) for row in properties.STANDARD.values())
    return page(
        "Standard properties",
        "Keys with an agreed meaning, on nodes and accounts; any other word, URI or `{namespace}name` may be used "
        "beside them.",
        table(("key", "set by", "meaning"), rows),
    )


PAGES = {"errors.md": errors, "operations.md": operations, "states.md": states, "properties.md": standard_properties}


def sentence(thing: type[Any]) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def fields(value: type[Any]) -> str:
    """The elements of a wire value."""
    return ", ".join(element(part) for part in parts(cast("Any", value))) or "nothing"


def element(part: Part) -> str:
    """An element with its type and how often it comes."""
    kind = part.simple.xsd if part.simple else part.type.__name__
    often = "\\*" if part.many else "?" if part.optional else ""
    return f"{part.element}{often} ({kind})"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = (heads, ["---"] * len(heads), *rows)
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def diagram(moves: Iterable[tuple[str, str, str]]) -> str:
    """A state diagram in Mermaid, which forges draw."""
    lines = (f"    {before} --> {after}" + (f": {event}" if event else "") for before, event, after in moves)
    return "```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```\n"


def page(title: str, introduction: str, body: str) -> str:
    """A whole page."""
    return (
        f"<!-- Drawn by docs/draw.py: change the code, then ./toxw -e docs -->\n# {title}\n\n{introduction}\n\n{body}"
    )


def main() -> int:
    """Writes the pages, or says which differ."""
    parser = argparse.ArgumentParser(description="Draws docs/reference/ from the code.")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 where a page differs")
    check = parser.parse_args().check
    old = [name for name, draw in PAGES.items() if not same(FOLDER / name, draw())]
    if not check:
        FOLDER.mkdir(exist_ok=True)
        for name in old:
            (FOLDER / name).write_text(PAGES[name](), encoding="utf-8")
    print("\n".join(f"{'differs' if check else 'drawn'}: docs/reference/{name}" for name in old) or "all is as drawn")
    return 1 if check and old else 0


def same(path: Path, text: str) -> bool:
    """Whether the file holds the text."""
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
