"""Accounts: made with their one home, seen by themselves, described by properties."""

import pytest

from filemanager.domain.caller import Caller
from tests.support.filemanager import COMMUNITY, LEICESTER, OPERATOR, World, property_of
from tests.support.localstores import SERVICE
from vofiles.contract import (
    AccountKind,
    AddAccount,
    GetAccount,
    NodeKind,
    Property,
    SetAccountProperties,
)
from vofiles.errors import (
    AccountNotFound,
    DuplicateAccount,
    InvalidArgument,
    InvalidIdentifier,
    InvalidName,
    PermissionDenied,
    ReadOnlyProperty,
    StoreNotFound,
)
from vofiles.ivorn import Ivorn, LongIdentifier

DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")


def add(world: World, caller: Caller = OPERATOR, account: Ivorn = DAVE, **told: object) -> object:
    return world.desk.accounts.add_account(caller, AddAccount(account, **told))  # type: ignore[arg-type]


def test_an_account_has_a_home_and_nothing_else() -> None:
    world = World()
    dave = world.add_account("dave")
    account = world.desk.accounts.get_account(dave, GetAccount())
    home = world.node(dave, LongIdentifier(account.home))
    assert (home.name, home.type, home.owner, home.parent) == ("home", NodeKind.FOLDER, DAVE, None)
    assert property_of(home, "community.home.space") == str(DAVE)
    assert account.home.service == SERVICE
    assert (account.name, account.kind, account.created) == ("dave", AccountKind.PERSON, world.watch.now())
    assert world.changes() == ["addAccount"]


def test_the_public_name_can_be_chosen_and_is_unique_in_the_community() -> None:
    world = World()
    add(world, name="David")
    with pytest.raises(DuplicateAccount):
        add(world, account=Ivorn.parse(f"{COMMUNITY}/david.2"), name="David")
    with pytest.raises(DuplicateAccount):
        add(world)
    assert world.changes() == ["addAccount"]


@pytest.mark.parametrize(
    ("account", "error"),
    [
        ("ivo://ast.cam.ac.uk", InvalidIdentifier),
        ("ivo://ast.cam.ac.uk/dave?x", InvalidIdentifier),
        ("ivo://elsewhere.org/dave", InvalidArgument),
    ],
)
def test_who_can_be_no_account_here_is_refused(account: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        add(World(), account=Ivorn.parse(account))


def test_a_kind_or_name_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        add(World(), kind="ROBOT")
    with pytest.raises(InvalidName):
        add(World(), name="a/b")


def test_people_make_no_accounts() -> None:
    world = World()
    dave = world.add_account("dave")
    with pytest.raises(PermissionDenied):
        add(world, dave, Ivorn.parse(f"{COMMUNITY}/anna"))


def test_a_communitys_service_makes_accounts_of_its_own_community_only() -> None:
    world = World()
    portal = Caller(Ivorn.parse(f"{COMMUNITY}/portal"), AccountKind.SERVICE)
    stranger = Caller(Ivorn.parse("ivo://star.le.ac.uk/portal"), AccountKind.SERVICE)
    with pytest.raises(PermissionDenied):
        add(world, stranger)
    add(world, portal)
    with pytest.raises(PermissionDenied):
        add(world, portal, Ivorn.parse(f"{COMMUNITY}/portal2"), kind=AccountKind.SERVICE)
    assert world.desk.accounts.get_account(portal, GetAccount(DAVE)).identifier == DAVE


def test_another_account_looks_absent() -> None:
    world = World()
    dave, anna = world.add_account("dave"), world.add_account("anna")
    with pytest.raises(AccountNotFound) as seen:
        world.desk.accounts.get_account(anna, GetAccount(dave.account))
    with pytest.raises(AccountNotFound) as absent:
        world.desk.accounts.get_account(anna, GetAccount(Ivorn.parse(f"{COMMUNITY}/nobody")))
    assert seen.value.message.replace("dave", "nobody") == absent.value.message
    with pytest.raises(AccountNotFound):
        world.desk.accounts.set_account_properties(anna, SetAccountProperties(dave.account))
    assert world.desk.accounts.get_account(OPERATOR, GetAccount(dave.account)).identifier == dave.account


def test_properties_are_set_changed_and_removed() -> None:
    world = World()
    dave = world.add_account("dave", mood="good")

    def edit(remove: tuple[str, ...] = (), **values: str) -> dict[str, str]:
        properties = tuple(Property(key, value) for key, value in values.items())
        account = world.desk.accounts.set_account_properties(
            dave, SetAccountProperties(None, properties, remove_keys=remove)
        )
        return {each.key: each.value for each in account.properties}

    assert edit(colour="blue") == {"mood": "good", "colour": "blue"}
    assert edit(("mood", "nothing"), colour="red") == {"colour": "red"}
    assert edit(colour="red") == {"colour": "red"}
    assert world.changes() == ["addAccount", "setAccountProperties", "setAccountProperties"]


def test_properties_of_the_service_and_unknown_stores_are_refused() -> None:
    world = World()
    with pytest.raises(ReadOnlyProperty):
        add(world, properties=(Property("filestore.location", "x"),))
    with pytest.raises(StoreNotFound):
        add(world, properties=(Property("filestore.preferred", "ivo://nowhere.org/filestore"),))
    with pytest.raises(InvalidIdentifier):
        add(world, properties=(Property("filestore.preferred", "Leicester"),))
    account = world.desk.accounts.add_account(
        OPERATOR, AddAccount(DAVE, properties=(Property("filestore.preferred", str(LEICESTER).upper()),))
    )
    assert account.properties == (Property("filestore.preferred", str(LEICESTER)),)
