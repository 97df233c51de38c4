"""Logging in: passwords, tokens, what is remembered, and what guessing costs. Real argon2, a database in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.persistence.memory.database import MemoryDatabase
from filemanager.remote.machine import Argon2Passwords, SystemNumbers
from filemanager.services.accounts import AccountService
from filemanager.services.credentials import LONGEST_PASSWORD, REMEMBERED_FOR, CredentialService
from filemanager.services.repeats import Once
from filemanager.services.throttle import FAILURES_OF_ORIGIN, FAILURES_OF_PAIR, WINDOW
from vofiles.contract import AccountKind, AddAccount
from vofiles.errors import AccountNotFound, InvalidArgument, NotAuthenticated, PermissionDenied, ServiceBusy
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn

SERVICE = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
COMMUNITY = Ivorn.parse("ivo://ast.cam.ac.uk")
DAVE, ANNA = COMMUNITY.authority + "/dave", COMMUNITY.authority + "/anna"
OPERATOR = Caller(SERVICE, AccountKind.SERVICE, administrator=True)
ORIGIN = "192.0.2.7"


class Watch:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> Instant:
        return Instant(1_700_000_000 * SECOND + int(self.seconds * SECOND))

    def elapsed(self) -> float:
        return self.seconds


class CountingPasswords(Argon2Passwords):
    """The real hashes, counted."""

    def __init__(self) -> None:
        super().__init__()
        self.checks = 0

    def verify_password(self, password_hash: str, password: str) -> bool:
        self.checks += 1
        return super().verify_password(password_hash, password)


@dataclass
class World:
    watch: Watch = field(default_factory=Watch)
    passwords: CountingPasswords = field(default_factory=CountingPasswords)
    database: MemoryDatabase = field(default_factory=MemoryDatabase)

    def __post_init__(self) -> None:
        config = Config(SERVICE, (COMMUNITY,), "sqlite:///unused")
        numbers = SystemNumbers()
        self.service = CredentialService(config, self.database, self.watch, numbers, self.passwords)
        accounts = AccountService(config, self.database, self.watch, numbers, Once(config, self.database, self.watch))
        for name in ("dave", "anna"):
            account = Ivorn.parse(f"ivo://ast.cam.ac.uk/{name}")
            accounts.add_account(OPERATOR, AddAccount(account))
            self.service.set_password(OPERATOR, account, f"{name}'s secret")

    def log_in(self, name: str = "dave", password: str = "dave's secret", origin: str = ORIGIN) -> Caller:
        return self.service.authenticate_password(name, password, origin)


@pytest.fixture
def world() -> World:
    return World()


def message_of(fails: Callable[[], object]) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        fails()
    return caught.value.message


def test_the_right_password(world: World) -> None:
    caller = world.log_in()
    assert (caller.account, caller.administrator) == (Ivorn.parse("ivo://ast.cam.ac.uk/dave"), False)


def test_wrong_and_unknown_get_the_same_answer_after_the_same_work(world: World) -> None:
    before = world.passwords.checks
    wrong = message_of(lambda: world.log_in(password="a guess"))
    assert world.passwords.checks == before + 1
    unknown = message_of(lambda: world.log_in("nobody", "a guess"))
    impossible = message_of(lambda: world.log_in("no body\0", "a guess"))
    assert world.passwords.checks == before + 3
    assert wrong == unknown == impossible
    assert "dave" not in wrong


def test_a_verified_password_is_remembered_for_a_minute_and_no_other_with_it(world: World) -> None:
    world.log_in()
    checks = world.passwords.checks
    world.watch.seconds = REMEMBERED_FOR - 1
    world.log_in()
    assert world.passwords.checks == checks
    message_of(lambda: world.log_in("anna", "dave's secret"))
    world.watch.seconds = REMEMBERED_FOR + 1
    world.log_in()
    assert world.passwords.checks == checks + 2


def test_a_changed_password_is_forgotten_at_once(world: World) -> None:
    world.log_in()
    world.service.set_password(OPERATOR, Ivorn.parse("ivo://ast.cam.ac.uk/dave"), "another secret")
    message_of(world.log_in)
    world.log_in(password="another secret")


def test_guessing_ends_soon_and_locks_out_nobody_else(world: World) -> None:
    world.log_in(origin="192.0.2.9")
    for number in range(FAILURES_OF_PAIR):
        message_of(lambda number=number: world.log_in(password=f"guess {number}"))  # type: ignore[misc]
    with pytest.raises(ServiceBusy, match="too many wrong passwords"):
        world.log_in(password="dave's  secret")
    assert world.log_in(origin="192.0.2.9").account.resource == "dave"
    assert world.log_in("anna", "anna's secret").account.resource == "anna"
    world.watch.seconds += WINDOW + 1
    assert world.log_in().account.resource == "dave"


def test_going_through_many_accounts_ends_too(world: World) -> None:
    for number in range(FAILURES_OF_ORIGIN):
        message_of(lambda number=number: world.log_in(f"user{number}", "x" * (LONGEST_PASSWORD + 1)))  # type: ignore[misc]
    with pytest.raises(ServiceBusy):
        world.log_in()


def test_a_token_acts_for_its_account_until_it_ends(world: World) -> None:
    dave = world.log_in()
    text, lifetime = world.service.issue_token(dave)
    assert world.service.authenticate_token(text) == dave
    world.watch.seconds = lifetime + 1
    assert "expired" in message_of(lambda: world.service.authenticate_token(text))


def test_a_token_is_revoked_by_its_owner_only(world: World) -> None:
    dave, anna = world.log_in(), world.log_in("anna", "anna's secret")
    text, _ = world.service.issue_token(dave)
    world.service.revoke_token(anna, text)
    assert world.service.authenticate_token(text) == dave
    world.service.revoke_token(dave, text)
    message_of(lambda: world.service.authenticate_token(text))
    world.service.revoke_token(dave, text)


def test_tokens_are_not_kept_in_the_clear(world: World) -> None:
    text, _ = world.service.issue_token(world.log_in())
    message_of(lambda: world.service.authenticate_token(text[:-1]))
    assert text not in repr(world.database.read(lambda tx: tx.credentials.find_token(b"")))
    assert world.database.read(lambda tx: tx.credentials.find_token(text.encode())) is None


def test_only_administrators_set_passwords_and_make_tokens_for_others(world: World) -> None:
    dave, anna = world.log_in(), Ivorn.parse("ivo://ast.cam.ac.uk/anna")
    with pytest.raises(PermissionDenied):
        world.service.set_password(dave, anna, "taken over")
    with pytest.raises(PermissionDenied):
        world.service.issue_token_for(dave, anna)
    text, _ = world.service.issue_token_for(OPERATOR, anna)
    assert world.service.authenticate_token(text).account == anna


def test_bad_passwords_are_named(world: World) -> None:
    anna = Ivorn.parse("ivo://ast.cam.ac.uk/anna")
    for password in ("short", "x" * (LONGEST_PASSWORD + 1)):
        with pytest.raises(InvalidArgument, match="password"):
            world.service.set_password(OPERATOR, anna, password)
    with pytest.raises(AccountNotFound):
        world.service.set_password(OPERATOR, Ivorn.parse("ivo://ast.cam.ac.uk/nobody"), "long enough")
