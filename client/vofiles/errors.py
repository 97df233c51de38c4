"""Every failure that a user of vofiles can meet, as one tree:

    VofilesError
    ├── NotFound        NodeNotFound  ParentNotFound  AccountNotFound  ContentNotFound  ContainerNotFound
    │                   TransferNotFound  StoreNotFound  ServiceNotFound  TicketUnknown  VersionNotFound  JobNotFound
    ├── Conflict        DuplicateNode  DuplicateAccount  Busy  FolderNotEmpty  GenerationConflict  VersionConflict
    │                   TicketUsed  TransferEnded  JobEnded  IntoItself  KeyReused
    ├── WrongKind       NotAFile  NotAFolder  ReadOnlyProperty  WrongMethod
    ├── Refused         NotAuthenticated  PermissionDenied  QuotaExceeded  TicketExpired  AddressRefused  StoreFull
    │                   StoreReadOnly
    ├── Invalid         InvalidIdentifier  InvalidName  InvalidArgument  InvalidMessage  TooLarge  RangeUnsatisfiable
    │                   UnsupportedEncoding
    ├── Damaged         ChecksumMismatch  Incomplete
    ├── Unreachable     StoreUnreachable  CallbackUnreachable  SourceUnreachable  ServiceUnreachable  ServiceBusy
    └── Unexpected

Rule: pure, and knows no protocol (that is `faults`). A class's docstring is the sentence that its user reads, with
`{about}` for what it is about; `reason` says what was wrong and what would be right. Classes are only ever added: their
names are on the wire.
"""


class VofilesError(Exception):
    """Something went wrong with {about}"""

    def __init__(self, about: object = "", *, reason: str = "", properties: tuple[tuple[str, str], ...] = ()) -> None:
        sentence = (type(self).__doc__ or "").strip().format(about=str(about)).strip().rstrip(":")
        self.message = f"{sentence}: {reason}" if reason else sentence
        """The whole sentence, for people."""
        self.properties = properties
        """Facts for programs, as (key, value) pairs."""
        super().__init__(self.message)

    @classmethod
    def received(cls, message: str, properties: tuple[tuple[str, str], ...] = ()) -> "VofilesError":
        """The error as another service worded it, word for word."""
        error = cls.__new__(cls)
        Exception.__init__(error, message)
        error.message, error.properties = message, properties
        return error

    @property
    def name(self) -> str:
        """The name of the error on the wire."""
        return type(self).__name__

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self).received, (self.message, self.properties))


class NotFound(VofilesError):
    """There is no {about}"""


class NodeNotFound(NotFound):
    """There is no node {about}"""


class ParentNotFound(NotFound):
    """There is no parent folder {about}"""


class AccountNotFound(NotFound):
    """There is no account {about}"""


class ContentNotFound(NotFound):
    """The file has no content yet: {about}"""


class ContainerNotFound(NotFound):
    """There is no container {about}"""


class TransferNotFound(NotFound):
    """There is no transfer {about}"""


class StoreNotFound(NotFound):
    """There is no file store {about}"""


class ServiceNotFound(NotFound):
    """There is no known service {about}"""


class VersionNotFound(NotFound):
    """This content is not kept, or there never was one: {about}"""


class JobNotFound(NotFound):
    """There is no job {about}"""


class TicketUnknown(NotFound):
    """This transfer address is not valid: ask the FileManager for a new one"""


class Conflict(VofilesError):
    """Something else stands in the way of {about}"""


class DuplicateNode(Conflict):
    """There is already an entry of this name: {about}"""


class DuplicateAccount(Conflict):
    """There is already an account {about}"""


class Busy(Conflict):
    """Somebody else is working on {about}"""


class FolderNotEmpty(Conflict):
    """The folder is not empty: {about}"""


class GenerationConflict(Conflict):
    """The node has changed meanwhile: {about}"""


class VersionConflict(Conflict):
    """The content has changed meanwhile: {about}"""


class TicketUsed(Conflict):
    """This transfer address has been used for other bytes: ask the FileManager for a new one"""


class TransferEnded(Conflict):
    """The transfer has ended already: {about}"""


class JobEnded(Conflict):
    """The job has ended already: {about}"""


class IntoItself(Conflict):
    """A folder cannot go into itself or into what is below it: {about}"""


class KeyReused(Conflict):
    """This idempotency key was used for another request: {about}"""


class WrongKind(VofilesError):
    """This cannot be done with {about}"""


class NotAFile(WrongKind):
    """This is not a file: {about}"""


class NotAFolder(WrongKind):
    """This is not a folder: {about}"""


class ReadOnlyProperty(WrongKind):
    """The service alone sets the property {about}"""


class WrongMethod(WrongKind):
    """This transfer address is for another method: {about}"""


class Refused(VofilesError):
    """This is refused: {about}"""


class NotAuthenticated(Refused):
    """Say who you are: no valid credentials came with the request"""


class PermissionDenied(Refused):
    """You may not do this: {about}"""


class QuotaExceeded(Refused):
    """There is not enough space left for {about}"""


class TicketExpired(Refused):
    """This transfer address has expired: ask the FileManager for a new one"""


class AddressRefused(Refused):
    """This service does not connect to {about}"""


class StoreFull(Refused):
    """The file store is full: {about}"""


class StoreReadOnly(Refused):
    """The file store takes no new content: {about}"""


class Invalid(VofilesError):
    """This is not valid: {about}"""


class InvalidIdentifier(Invalid):
    """This is not a valid identifier: {about}"""


class InvalidName(Invalid):
    """This is not a valid name: {about}"""


class InvalidArgument(Invalid):
    """This is not a valid value for {about}"""


class InvalidMessage(Invalid):
    """The request cannot be read: {about}"""


class TooLarge(Invalid):
    """This is too large: {about}"""


class RangeUnsatisfiable(Invalid):
    """The content does not have the range {about}"""


class UnsupportedEncoding(Invalid):
    """Content-Encoding is not taken: {about}"""


class Damaged(VofilesError):
    """The bytes are not what they should be: {about}"""


class ChecksumMismatch(Damaged):
    """The bytes do not have the digest they should have: {about}"""


class Incomplete(Damaged):
    """The bytes ended too early: {about}"""


class Unreachable(VofilesError):
    """No answer from {about}"""


class StoreUnreachable(Unreachable):
    """No answer from the file store {about}"""


class CallbackUnreachable(Unreachable):
    """No answer from the FileManager that waits for {about}"""


class SourceUnreachable(Unreachable):
    """No usable answer from {about}"""


class ServiceUnreachable(Unreachable):
    """No answer from the service {about}"""


class ServiceBusy(Unreachable):
    """The service has too much to do just now, try again: {about}"""


class Unexpected(VofilesError):
    """The service failed; its operators can find out why by the number {about}"""
