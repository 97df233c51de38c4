"""The HTTP/1.1 engine of both servers: a twisted protocol with httptools; control handlers in a pool, streams on the
reactor.
"""

from .exchange import Abort, BodyConsumer, Exchange, Stream, StreamHandler
from .limits import Limits
from .messages import (
    Control,
    ControlHandler,
    FileBody,
    Headers,
    Later,
    Preadable,
    Refuse,
    Request,
    Response,
    refuse_as_text,
    text,
)
from .site import Route, Site

__all__ = [
    "Abort",
    "BodyConsumer",
    "Control",
    "ControlHandler",
    "Exchange",
    "FileBody",
    "Headers",
    "Later",
    "Limits",
    "Preadable",
    "Refuse",
    "Request",
    "Response",
    "Route",
    "Site",
    "Stream",
    "StreamHandler",
    "refuse_as_text",
    "text",
]
