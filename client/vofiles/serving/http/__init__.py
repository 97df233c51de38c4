"""The HTTP/1.1 engine of both servers: a twisted protocol with httptools; control handlers in a pool, streams on the
reactor.
"""

from .access import AccessLog, AccessRecord
from .exchange import Abort, BodyConsumer, Exchange, Stream, StreamHandler
from .limits import Limits
from .loan import Loan
from .messages import (
    Check,
    Control,
    ControlHandler,
    FileBody,
    Headers,
    Later,
    LaterBody,
    Preadable,
    Refuse,
    Request,
    Response,
    refuse_as_text,
    text,
)
from .pool import Pool
from .reactor import Clock, Reactor, get_reactor
from .server import Listening, serve
from .site import Route, Site

__all__ = [
    "Abort",
    "AccessLog",
    "AccessRecord",
    "BodyConsumer",
    "Check",
    "Clock",
    "Control",
    "ControlHandler",
    "Exchange",
    "FileBody",
    "Headers",
    "Later",
    "LaterBody",
    "Limits",
    "Listening",
    "Loan",
    "Pool",
    "Preadable",
    "Reactor",
    "Refuse",
    "Request",
    "Response",
    "Route",
    "Site",
    "Stream",
    "StreamHandler",
    "get_reactor",
    "refuse_as_text",
    "serve",
    "text",
]
