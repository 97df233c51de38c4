"""Which constraint a change would have broken, told alike for SQLite and PostgreSQL.

Rule: the answers follow the naming convention of the schema (`uq_nodes_parent_name`), with `nn_table_column` for a
value that must not be missing and `fk` for a reference to nothing, which SQLite does not tell by name.
"""

import re
from collections.abc import Callable, Mapping

from sqlalchemy.exc import IntegrityError

FOREIGN_KEY = "fk"

_SQLITE = re.compile(r"(?P<kind>UNIQUE|NOT NULL) constraint failed: (?P<table>\w+)\.(?P<columns>\w+(?:, \w+\.\w+)*)\Z")
_KINDS = {"UNIQUE": "uq", "NOT NULL": "nn"}
_NOT_NULL_VIOLATION, _FOREIGN_KEY_VIOLATION = "23502", "23503"  # PostgreSQL, appendix A


def violated(error: IntegrityError) -> str:
    """The constraint in the way; the database's whole sentence where it is one that nobody asks about."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        if diagnosis.sqlstate == _FOREIGN_KEY_VIOLATION:
            return FOREIGN_KEY
        if diagnosis.sqlstate == _NOT_NULL_VIOLATION:
            return f"nn_{diagnosis.table_name}_{diagnosis.column_name}"
        return str(diagnosis.constraint_name)
    sentence = str(error.orig)
    if sentence.startswith("FOREIGN KEY"):
        return FOREIGN_KEY
    match = _SQLITE.match(sentence)
    if match is None:
        return sentence
    columns = "_".join(column.rpartition(".")[2] for column in match["columns"].split(", "))
    return f"{_KINDS[match['kind']]}_{match['table']}_{columns}"


def refusal(error: IntegrityError, known: Mapping[str, Callable[[], Exception]]) -> Exception:
    """What to raise for a broken constraint: the error for it in `known`, else the database's own."""
    make = known.get(violated(error))
    return error if make is None else make()
