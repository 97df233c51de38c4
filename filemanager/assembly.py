"""One FileManager, put together from its configuration: every implementation meets its port here, and nowhere else.

Rule: decides nothing. `prepare` does all that may fail before anybody is served (schema, stores), `start` serves,
`stop` ends in the reverse order.
"""

from collections.abc import Iterator
from socket import socket
from typing import Final

from twisted.internet.defer import Deferred

from filemanager import config
from filemanager.api import tokens
from filemanager.api.admin import measures
from filemanager.api.admin.health import health_route
from filemanager.api.admin.readiness import readiness_route
from filemanager.api.astrogrid import v02
from filemanager.api.astrogrid.service import PATH as ASTROGRID_PATH
from filemanager.api.astrogrid.service import astrogrid_service
from filemanager.api.astrogrid.trust import trusting, warn_of
from filemanager.api.identity import caller_identity, security_identity
from filemanager.api.soap.atonce import callers_at_once, desk_at_once, tried
from filemanager.api.soap.callback import callback_service
from filemanager.api.soap.native import CALLBACK_PATH, PATH, native_service
from filemanager.domain.account import Account
from filemanager.domain.login import find_account_identifier
from filemanager.persistence.engine import open_database, schema_check
from filemanager.ports import Bulletin, Database, ErrandSender, StoreControl, Transaction
from filemanager.remote.errands import errand_outbox
from filemanager.remote.machine import Argon2Passwords, SystemClock, SystemNumbers
from filemanager.remote.stores import SoapStoreControl
from filemanager.services.credentials import require_password
from filemanager.services.desk import Desk, keep_stores, make_desk
from filemanager.services.operating import disable_account
from vofiles.contract import AddAccount
from vofiles.errors import InvalidIdentifier
from vofiles.instant import SECOND
from vofiles.ivorn import Ivorn
from vofiles.serving.company import Alone, Company, Duty
from vofiles.serving.crew import Crew
from vofiles.serving.http import AccessLog, Reactor, Site
from vofiles.serving.keyring import Key, Keyring, Peer
from vofiles.serving.logs import bound_request_id
from vofiles.serving.nonces import WINDOW, Nonces, SharedNonces
from vofiles.serving.seat import ALONE, Seat
from vofiles.serving.service import Service
from vofiles.serving.signatures import Verifier
from vofiles.serving.upkeep import Ticker

CONTROL_THREADS: Final = 16
"""Some wait for stores while others answer from the database."""
UPKEEP: Final = 15.0
"""Seconds between two looks at transfers whose time is over."""
PRUNING: Final = 300.0
"""Seconds between two looks at jobs that ended long ago."""


class FileManager:
    """A FileManager that serves on a listening socket, which it owns from now on."""

    def __init__(
        self,
        settings: config.Config,
        listener: socket,
        reactor: Reactor,
        access: AccessLog,
        seat: Seat = ALONE,
    ) -> None:
        self._settings, self._seat = settings, seat
        metrics = seat.metrics(settings.metrics)
        self._service = Service(settings.listen, listener, reactor, access, settings.limits, metrics)
        self.address = self._service.address
        """The base URL by which others are told to reach it."""

    @property
    def keyring(self) -> Keyring:
        """The keys shared with stores, as they are now."""
        return self._keyring

    @property
    def metrics_address(self) -> str:
        """Base URL of its metrics, once it serves; empty where there are none."""
        return self._service.metrics_address

    def prepare(self) -> None:
        """Open the database and put everything together. Blocks.

        Raises ConfigurationError, SchemaRefused, ServiceBusy, ValueError, OSError.
        """
        try:
            self._prepare()
        except BaseException:
            self._service.close()
            raise

    def start(self) -> None:
        """Serve. On the reactor, or before it runs. Raises ValueError, OSError for an unusable certificate."""
        self._service.start(self.site, self._control)
        self._company.start(self._duties)

    def reload(self, settings: config.Config) -> None:
        """Take the keys, and nothing else, from a configuration that was read anew."""
        self._keyring.replace(peers_of(settings))

    def stop(self, grace: float | None = None) -> Deferred[None]:
        """Accept no more, give what runs `grace` seconds (else as configured), and close everything. On the reactor."""
        return self._service.stop(grace)

    def _prepare(self) -> None:
        settings, clock = self._settings, SystemClock()
        database = open_database(settings.database)
        self._service.to_close(database.close)
        if self._seat.first:
            # Another worker that starts again must not take back what an operator is setting just now.
            keep_stores(settings, database)
        self._keyring = Keyring(peers_of(settings))
        stores = self._stores = stores_of(settings, self._keyring)
        self._service.to_close(stores.close)
        self._database, self._clock = database, clock
        self._company = company_of(settings, self._seat)
        self._service.to_close(self._company.stop)
        self._errands = Errands(self._company)
        desk = self.desk = open_desk(settings, database, stores, self._errands, self._company)
        self._control = self._service.make_pool("control", CONTROL_THREADS)
        self.site = self._open_site(desk, database.at_once())
        measures.register(self._service.measures, database, stores, clock, lambda: database.groups)

    def _open_site(self, desk: Desk, ready: Database | None) -> Site:
        """What is served to whom, at which paths; `ready` is the database where it can be read at once."""
        settings, database = self._settings, self._database
        by_security = security_identity(desk.credentials, behind_proxy=settings.listen.behind_proxy)
        identify = caller_identity(desk.credentials)
        at_once = old_at_once = None
        if ready is not None:
            at_once = callers_at_once(desk, self.address, ready)
            old_at_once = tried(v02.functions(desk_at_once(desk, ready)), at_once.identify)
        callers = native_service(desk, self.address, identify, by_security, at_once)
        old_callers = astrogrid_service(
            v02.functions(desk),
            self.address,
            trusting(identify, settings.trusted, desk.credentials.authenticate_trusted),
            by_security=by_security,
            identifier=str(settings.identifier),
            at_once=old_at_once,
        )
        warn_of(settings.trusted)
        callbacks = callback_service(desk, self.address, Verifier(self._keyring, nonces=self._nonces()))
        return Site(
            [
                callers.route(PATH),
                callbacks.route(CALLBACK_PATH),
                old_callers.route(ASTROGRID_PATH),
                *tokens.routes(desk.credentials),
                health_route(database, settings.identifier),
                readiness_route(database, self._stores, schema_check(settings.database), settings.identifier),
            ]
        )

    def _duties(self) -> Iterator[tuple[str, Duty]]:
        """What is done once among all processes of the service, by the one that leads."""
        desk = self.desk
        errands = errand_outbox(self._database, self._stores, self._clock, self._settings.terms.store_timeout)
        self._errands.serve(errands)
        yield "errands", errands
        yield "upkeep", Ticker(desk.transfers.sweep, UPKEEP)
        yield "trash", Ticker(desk.trash_upkeep.sweep, UPKEEP, "trash")
        yield "stores", Ticker(desk.stores.look_after, UPKEEP, "stores")
        yield "retention", Ticker(desk.retention.sweep, UPKEEP, "retention")
        yield "pruning", Ticker(self._prune, PRUNING, "pruning")
        yield "jobs", Crew(desk.runner, self._settings.jobs.workers, "jobs")

    def _prune(self) -> None:
        self.desk.prune()
        before = self._clock.now() // SECOND - 2 * WINDOW
        self._database.write(lambda tx: tx.nonces.prune_nonces(before))

    def _nonces(self) -> Nonces | None:
        """The memory of nonces, where there are others to share it with."""
        if self._seat.alone:
            return None
        database = self._database
        return SharedNonces(
            lambda key, nonce, created: database.write(lambda tx: tx.nonces.add_nonce(key, nonce, created))
        )


class Office:
    """What an operator does on the service's own machine, with its database; the service may be running."""

    def __init__(self, settings: config.Config) -> None:
        """Open the database. Raises SchemaRefused, ServiceBusy, ValueError, OSError."""
        self._settings = settings
        self._database: Database = open_database(settings.database, readers=1)
        keep_stores(settings, self._database)
        stores = stores_of(settings, Keyring(peers_of(settings)))
        self._desk = open_desk(settings, self._database, stores, NoErrands())

    def add_account(self, who: str, name: str | None, kind: str, password: str, *, administrator: bool) -> Ivorn:
        """Make an account, its home and its password; the account's identifier.

        Raises InvalidIdentifier, InvalidArgument, DuplicateAccount and what else addAccount does.
        """
        identifier = self._identifier(who)
        require_password(password)
        request = AddAccount(identifier, name, kind)
        self._desk.accounts.add_account(self._desk.operator, request, administrator=administrator)
        self._desk.credentials.set_password(self._desk.operator, identifier, password)
        return identifier

    def set_password(self, who: str, password: str) -> None:
        """Raises InvalidIdentifier, AccountNotFound, InvalidArgument."""
        self._desk.credentials.set_password(self._desk.operator, self._identifier(who), password)

    def issue_token(self, who: str) -> str:
        """A fresh bearer token. Raises InvalidIdentifier, AccountNotFound."""
        text, _ = self._desk.credentials.issue_token_for(self._desk.operator, self._identifier(who))
        return text

    def disable_account(self, who: str) -> int:
        """Take away password and tokens; how many tokens. Raises InvalidIdentifier, AccountNotFound."""
        return disable_account(self._database, self._desk.operator, self._identifier(who))

    def list_accounts(self) -> Iterator[tuple[str, ...]]:
        """Identifier, kind, public name and home of every account, in the order of the identifiers."""
        after: Ivorn | None = None

        def look_up(tx: Transaction) -> list[Account]:
            return tx.accounts.list_accounts(after, 100)

        while page := self._database.read(look_up):
            for found in page:
                yield str(found.identifier), found.kind, found.name, f"{self._settings.identifier}#{found.home}"
            after = page[-1].identifier

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _identifier(self, who: str) -> Ivorn:
        found = find_account_identifier(who, self._settings.communities[0])
        if found is None:
            raise InvalidIdentifier(repr(who), reason="an account is called ivo://authority/name")
        return found


class Errands:
    """The ErrandSender of one of the service's processes: whichever leads carries them."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._outbox: ErrandSender = NoErrands()
        company.hear("errands", lambda _word: self._outbox.wake())

    def serve(self, outbox: ErrandSender) -> None:
        """From now on this process has the outbox that carries them."""
        self._outbox = outbox

    def wake(self) -> None:
        """There may be new errands; returns at once."""
        self._company.tell("errands")


class NoErrands:
    """The ErrandSender of a process that serves nobody: errands wait for the service's next look."""

    def wake(self) -> None:
        """Nothing is sent from here."""


def open_desk(
    settings: config.Config,
    database: Database,
    stores: StoreControl,
    errands: ErrandSender,
    bulletin: Bulletin | None = None,
) -> Desk:
    """The use cases on the real machine."""
    return make_desk(settings, database, stores, errands, SystemClock(), SystemNumbers(), Argon2Passwords(), bulletin)


def company_of(settings: config.Config, seat: Seat) -> Company:
    """The processes of the service, as the one with this seat sees them."""
    if seat.alone:
        return Alone()
    # With workers alone: its driver is in the [postgresql] extra.
    from vofiles.serving.postgresqlcompany import PostgresqlCompany

    return PostgresqlCompany(settings.database, str(settings.identifier))


def stores_of(settings: config.Config, keyring: Keyring) -> SoapStoreControl:
    """The stores of the configuration."""
    addresses = {entry.identifier: entry.address for entry in settings.stores}
    return SoapStoreControl(
        addresses, keyring, SystemClock(), request_id=bound_request_id, authorities=settings.authorities
    )


def peers_of(settings: config.Config) -> tuple[Peer, ...]:
    """The stores and the keys shared with them."""
    return tuple(
        Peer(entry.identifier, tuple(Key(key.id, key.secret) for key in entry.keys)) for entry in settings.stores
    )
