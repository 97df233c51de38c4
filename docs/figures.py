"""The figures of the documents: constants of the code, as they are written in prose.

Rule: a number that the code has is taken from there; units are put into what people read in.
"""

from filemanager.config import JobTerms, Terms
from filemanager.domain.repeat import MAX_KEY
from filemanager.services.throttle import FAILURES_OF_PAIR
from filemanager.services.throttle import WINDOW as THROTTLE
from filestore.domain import byterange, staging
from filestore.domain.stretch import SUMS
from filestore.domain.terms import Terms as StoreTerms
from filestore.services import parts
from vofiles import ivorn, names, properties
from vofiles.contract import FILEMANAGER_NAMESPACE, FILESTORE_NAMESPACE
from vofiles.faults import CATEGORIES
from vofiles.instant import SECOND
from vofiles.serving import letters, soap, xmlgate
from vofiles.serving.http import Limits
from vofiles.serving.nonces import WINDOW
from vofiles.serving.signatures import ALGORITHM, COMPONENTS

DAY = 86_400


def figures() -> dict[str, str]:
    """The figures, by the names of their places."""
    terms, jobs, store, limits = Terms(), JobTerms(), StoreTerms(), Limits()
    return {
        "FILEMANAGER_NAMESPACE": FILEMANAGER_NAMESPACE,
        "FILESTORE_NAMESPACE": FILESTORE_NAMESPACE,
        "TOKEN_DAYS": number(terms.token_lifetime / DAY),
        "FAILURES": number(FAILURES_OF_PAIR),
        "THROTTLE": number(THROTTLE),
        "MAX_LENGTH": number(ivorn.MAX_LENGTH),
        "MAX_NAME_BYTES": number(names.MAX_NAME_BYTES),
        "NAME_DEPTH": number(names.MAX_DEPTH),
        "MAX_KEY_BYTES": number(properties.MAX_KEY_BYTES),
        "MAX_VALUE_KIB": number(properties.MAX_VALUE_BYTES / 1024),
        "MAX_PROPERTIES": number(properties.MAX_PROPERTIES),
        "RETRY_AFTER": number(soap.RETRY_AFTER),
        "CATEGORY_COUNT": number(len(CATEGORIES)),
        "MAX_KEY": number(MAX_KEY),
        "KEEP_KEYS_DAYS": number(terms.keep_keys / DAY),
        "maximum_page": number(terms.maximum_page),
        "maximum_extra_nodes": number(terms.maximum_extra_nodes),
        "maximum_wait": number(terms.maximum_wait),
        "job_wait": number(jobs.wait),
        "job_keep_days": number(jobs.keep / DAY),
        "maximum_items": number(jobs.maximum_items),
        "TICKET_MINUTES": number(store.ticket_lifetime / SECOND / 60),
        "MOST_RANGES": number(byterange.MOST),
        "PART_MIB": number(staging.PART / staging.MIB),
        "MOST_PARTS": number(staging.MOST),
        "LONGEST_HOURS": number(store.longest_transfer / SECOND / 3600),
        "SAFE_MIB": number(parts.SAFE_EVERY / staging.MIB),
        "SAFE_SECONDS": number(parts.SAFE_AFTER / SECOND),
        "SUMS": ", ".join(SUMS),
        "body_rate": number(limits.body_rate),
        "body_window": number(limits.body_window),
        "ALGORITHM": ALGORITHM,
        "COMPONENTS": " ".join(COMPONENTS),
        "WINDOW": number(WINDOW),
        "OUTBOX_DAYS": number(letters.KEPT / SECOND / DAY),
        "limits": _limits(limits),
    }


def number(value: float) -> str:
    """A whole number, in groups of three digits. Raises ValueError for another: its unit would be the wrong one."""
    if value != int(value):
        raise ValueError(f"{value} is no whole number")
    return f"{int(value):,}".replace(",", " ")


def _limits(limits: Limits) -> str:
    rows = (
        ("body", f"{number(xmlgate.MAX_BODY / 1024)} KiB"),
        ("elements", number(xmlgate.MAX_ELEMENTS)),
        ("elements within one another", number(xmlgate.MAX_DEPTH)),
        ("attributes of one element, declarations of namespaces included", number(xmlgate.MAX_ATTRIBUTES)),
        ("one element's text, or one attribute", f"{number(xmlgate.MAX_VALUE / 1024)} KiB"),
        ("request line, and each header", f"{number(limits.line / 1024)} KiB"),
        ("headers", f"{number(limits.headers)}, {number(limits.head / 1024)} KiB in all"),
        ("time from the first byte of the head to its last", f"{number(limits.head_seconds)} s"),
        ("pause between two requests on one connection", f"{number(limits.idle_seconds)} s"),
    )
    return "\n".join(f"| {what} | {most} |" for what, most in rows)
