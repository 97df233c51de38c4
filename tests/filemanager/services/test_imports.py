"""Imports: which store is chosen, what it is told, what becomes of a store that does not answer."""

import pytest

from filemanager.domain.caller import Caller
from filemanager.domain.store import StoreState
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, World, below, property_of, store_of
from tests.support.localstores import SERVICE
from vofiles.contract import (
    Digest,
    Direction,
    GetTransfer,
    ImportData,
    ImportInit,
    Property,
    SetAccountProperties,
    SetProperties,
    Transfer,
    TransferState,
)
from vofiles.errors import (
    AddressRefused,
    InvalidArgument,
    NotAuthenticated,
    StoreFull,
    StoreNotFound,
    StoreReadOnly,
    StoreUnreachable,
    TooLarge,
    VofilesError,
)
from vofiles.ivorn import Ivorn, LongIdentifier

PREFERRED = "filestore.preferred"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def prefer(world: World, caller: Caller, node: LongIdentifier, store: Ivorn) -> None:
    world.desk.nodes.set_properties(caller, SetProperties(node, (Property(PREFERRED, str(store)),)))


def chosen(world: World, caller: Caller, node: LongIdentifier, store: Ivorn | None = None) -> Ivorn:
    return store_of(world.offer(caller, node, store=store))


# --- the choice, one level at a time; each level's store is not what the levels below would have given ---


def test_the_argument_goes_first(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a", filestore_preferred=str(EDINBURGH))
    assert chosen(world, dave, file, LEICESTER) == LEICESTER


def test_the_nodes_own_preference_comes_next(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "f", filestore_preferred=str(EDINBURGH))
    file = world.add_file(dave, "a", folder, filestore_preferred=str(LEICESTER))
    assert chosen(world, dave, file) == LEICESTER


def test_then_the_nearest_ancestors(world: World, dave: Caller) -> None:
    world.desk.accounts.set_account_properties(
        dave, SetAccountProperties(properties=(Property(PREFERRED, str(CAMBRIDGE)),))
    )
    top = world.add_folder(dave, "top", filestore_preferred=str(EDINBURGH))
    middle = world.add_folder(dave, "middle", top, filestore_preferred=str(LEICESTER))
    file = world.add_file(dave, "a", world.add_folder(dave, "low", middle))
    assert chosen(world, dave, file) == LEICESTER
    world.desk.nodes.set_properties(dave, SetProperties(middle, (), (PREFERRED,)))
    assert chosen(world, dave, file) == EDINBURGH


def test_the_root_is_an_ancestor_too(world: World, dave: Caller) -> None:
    prefer(world, dave, world.home(dave), LEICESTER)
    assert chosen(world, dave, world.add_file(dave, "a")) == LEICESTER


def test_then_the_accounts() -> None:
    world = World(default_store=EDINBURGH)
    dave = world.add_account("dave", filestore_preferred=str(LEICESTER))
    assert chosen(world, dave, world.add_file(dave, "a")) == LEICESTER


def test_then_the_services_default() -> None:
    world = World(default_store=LEICESTER)
    dave = world.add_account("dave")
    assert chosen(world, dave, world.add_file(dave, "a")) == LEICESTER


def test_then_any_other(world: World, dave: Caller) -> None:
    assert chosen(world, dave, world.add_file(dave, "a")) == CAMBRIDGE


def test_without_any_store_nothing_can_be_imported() -> None:
    world = World(names=())
    dave = world.add_account("dave")
    with pytest.raises(StoreNotFound):
        world.offer(dave, world.add_file(dave, "a"))


# --- stores that take nothing ---


@pytest.mark.parametrize("state", [StoreState.OFFLINE, StoreState.READONLY, StoreState.DRAINING])
def test_preferred_stores_that_take_nothing_are_passed_over(world: World, dave: Caller, state: str) -> None:
    world.know_store(LEICESTER, state=state)
    file = world.add_file(dave, "a", filestore_preferred=str(LEICESTER))
    assert chosen(world, dave, file) == CAMBRIDGE
    assert world.stores.asked == [("importInit", CAMBRIDGE)]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (StoreState.OFFLINE, StoreUnreachable),
        (StoreState.READONLY, StoreReadOnly),
        (StoreState.DRAINING, StoreReadOnly),
    ],
)
def test_a_named_store_that_takes_nothing_is_an_error(
    world: World, dave: Caller, state: str, error: type[VofilesError]
) -> None:
    world.know_store(LEICESTER, state=state)
    file = world.add_file(dave, "a")
    with pytest.raises(error, match=str(LEICESTER)):
        world.offer(dave, file, store=LEICESTER)
    with pytest.raises(StoreNotFound):
        world.offer(dave, file, store=Ivorn.parse("ivo://nowhere.org/filestore"))
    assert world.stores.asked == []


def test_full_stores_are_passed_over_and_named_ones_are_an_error(world: World, dave: Caller) -> None:
    world.know_store(LEICESTER, free=10)
    file = world.add_file(dave, "a", filestore_preferred=str(LEICESTER))
    assert store_of(world.offer(dave, file, size=11)) == CAMBRIDGE
    assert store_of(world.offer(dave, file, size=10)) == LEICESTER
    with pytest.raises(StoreFull):
        world.offer(dave, file, size=11, store=LEICESTER)


@pytest.mark.parametrize("refusal", [StoreUnreachable(LEICESTER), StoreFull(LEICESTER), StoreReadOnly(LEICESTER)])
def test_a_store_that_says_so_itself_is_passed_over_too(world: World, dave: Caller, refusal: VofilesError) -> None:
    world.stores[LEICESTER].refusal = refusal
    file = world.add_file(dave, "a", filestore_preferred=str(LEICESTER))
    assert chosen(world, dave, file) == CAMBRIDGE
    with pytest.raises(type(refusal)):
        world.offer(dave, file, store=LEICESTER)


def test_when_no_store_is_left_the_first_ones_failure_is_told(world: World, dave: Caller) -> None:
    world.stores[LEICESTER].down = world.stores[CAMBRIDGE].down = True
    world.stores[EDINBURGH].refusal = StoreFull(EDINBURGH)
    file = world.add_file(dave, "a", filestore_preferred=str(LEICESTER))
    with pytest.raises(StoreUnreachable, match=str(LEICESTER)):
        world.offer(dave, file)
    assert [store for _, store in world.stores.asked] == [LEICESTER, CAMBRIDGE, EDINBURGH]


def test_all_attempts_together_keep_nobody_waiting_longer_than_one_store_may(world: World, dave: Caller) -> None:
    def hang(operation: str) -> None:
        world.watch.seconds += world.stores.patience[-1]

    world.stores.before = hang
    for name in world.names:
        world.stores[name].down = True
    with pytest.raises(StoreUnreachable):
        world.offer(dave, world.add_file(dave, "a"))
    assert world.watch.seconds <= world.terms.store_timeout
    assert len(world.stores.asked) == 2


# --- a store that fails ---


def test_a_store_down_leaves_the_old_content_and_a_failed_transfer(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"old", store=LEICESTER)
    before = world.node(dave, file)
    world.stores[LEICESTER].down = True
    with pytest.raises(StoreUnreachable):
        world.offer(dave, file, store=LEICESTER)
    assert world.node(dave, file) == before
    assert world.database.read(lambda tx: tx.transfers.open_transfers(1_000)) == []
    world.stores[LEICESTER].down = False
    assert [verb for verb, _ in world.run_errands()] == ["cancelTransfer"]
    assert world.get(dave, file) == b"old"


def test_a_store_whose_answer_is_lost_keeps_nothing(world: World, dave: Caller) -> None:
    def lose(operation: str) -> None:
        raise StoreUnreachable(CAMBRIDGE, reason="the answer was lost")

    file = world.add_file(dave, "a")
    world.stores.after = lose
    with pytest.raises(StoreUnreachable):
        world.offer(dave, file, store=CAMBRIDGE)
    world.stores.after = lambda operation: None
    ((verb, number),) = world.run_errands()
    assert verb == "cancelTransfer"
    stored = world.stores[CAMBRIDGE].store.catalogue.read(lambda records: records.find_transfer(number))
    assert stored is not None
    assert stored.state == TransferState.CANCELLED
    assert world.node(dave, file).version == 0


def test_a_store_that_does_not_know_us_is_out_of_order_and_not_our_callers_fault(world: World, dave: Caller) -> None:
    world.stores[CAMBRIDGE].refusal = NotAuthenticated()
    with pytest.raises(StoreUnreachable, match="does not accept this service"):
        world.offer(dave, world.add_file(dave, "a"), store=CAMBRIDGE)


def test_what_a_store_refuses_for_good_is_told_at_once(world: World, dave: Caller) -> None:
    world.stores[CAMBRIDGE].refusal = TooLarge("12 bytes")
    with pytest.raises(TooLarge):
        world.offer(dave, world.add_file(dave, "a"), size=12)
    assert len(world.stores.asked) == 1


# --- what the store is told and what comes back ---


def test_an_offer_has_what_the_client_needs(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "solar project")
    file = world.add_file(dave, "a.vot", folder, content_type="text/xml")
    offer = world.offer(dave, file, size=3)
    (endpoint,) = offer.endpoints
    assert (offer.direction, offer.state, endpoint.protocol, endpoint.method) == (
        Direction.IMPORT_INIT, TransferState.OFFERED, "HTTP", "PUT",
    )  # fmt: skip
    assert offer.expiry is not None
    assert offer.container is not None
    kept = world.stores[CAMBRIDGE].store.catalogue.read(lambda records: records.find_transfer(offer.transfer))
    assert kept is not None
    assert (kept.manager, kept.promise.size, kept.promise.content_type) == (SERVICE, 3, "text/xml")
    container = world.stores[CAMBRIDGE].store.catalogue.read(lambda records: records.find_container(kept.container))
    assert container is not None
    assert (container.owner, container.node) == (dave.account, below(world.home(dave), "solar project/a.vot"))


def test_the_location_shows_from_the_offer_on(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    offer = world.offer(dave, file)
    node = world.node(dave, file)
    assert property_of(node, "filestore.location") == str(offer.container)
    assert property_of(node, "filestore.location.state") == "EMPTY"
    assert (node.version, node.size) == (0, None)


def test_a_rewrite_shows_the_old_location_until_the_new_bytes_are_in(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    first = world.put(dave, file, b"one")
    second = world.offer(dave, file, store=LEICESTER)
    assert property_of(world.node(dave, file), "filestore.location") == str(first.container)
    world.send(second, b"two")
    world.stores.deliver(world.desk)
    node = world.node(dave, file)
    assert property_of(node, "filestore.location") == str(second.container)
    assert property_of(node, "filestore.location.state") == "AVAILABLE"


@pytest.mark.parametrize(
    "told",
    [
        {"size": -1},
        {"maximum_size": -1},
        {"size": 2, "maximum_size": 1},
        {"content_type": "no type"},
        {"content_type": "a/b\r\nx: y"},
        {"digests": (Digest("crc", "00"),)},
        {"digests": (Digest("sha-256", "abc"),)},
        {"digests": (Digest("sha-256", "g" * 64),)},
    ],
)
def test_announcements_that_cannot_be_are_refused(world: World, dave: Caller, told: dict[str, object]) -> None:
    file = world.add_file(dave, "a")
    with pytest.raises(InvalidArgument):
        world.offer(dave, file, **told)
    assert world.stores.asked == []


def test_digests_are_compared_whatever_their_case(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
    world.put(dave, file, b"abc", digests=(Digest("SHA-256", sha256),))
    assert Digest("sha-256", sha256.lower()) in world.node(dave, file).digests


# --- importData ---


def begin(world: World, caller: Caller, node: LongIdentifier, url: str, **told: str) -> Transfer:
    return world.desk.imports.import_data(caller, ImportData(node, url, **told))  # type: ignore[arg-type]


def test_a_store_fetches(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.stores[CAMBRIDGE].web.pages["http://source/a"] = b"fetched"
    transfer = begin(world, dave, file, "http://source/a")
    assert transfer.state == TransferState.REQUESTED
    assert transfer.endpoints == ()
    world.stores.move()
    world.stores.deliver(world.desk)
    answer = world.desk.transfers.get_outcome(dave, transfer.transfer)
    assert answer.transfer.state == TransferState.COMPLETED
    assert answer.node is not None
    assert (answer.node.size, answer.node.content_type) == (7, "image/fits")
    assert world.get(dave, file) == b"fetched"


def test_a_fetch_that_fails_says_why_and_leaves_the_old_content(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    world.put(dave, file, b"old")
    transfer = begin(world, dave, file, "http://source/none")
    world.stores.move()
    world.stores.deliver(world.desk)
    seen = world.desk.transfers.get_transfer(dave, GetTransfer(transfer.transfer).transfer).transfer
    assert seen.failure is not None
    assert (seen.state, seen.failure.name) == (TransferState.FAILED, "SourceUnreachable")
    with pytest.raises(VofilesError, match="http://source/none") as raised:
        world.desk.transfers.get_outcome(dave, transfer.transfer)
    assert raised.value.name == "SourceUnreachable"
    assert world.get(dave, file) == b"old"


@pytest.mark.parametrize(
    ("url", "told", "error"),
    [
        ("file:///etc/passwd", {}, AddressRefused),
        ("ftp://source/a", {}, AddressRefused),
        ("a", {}, AddressRefused),
        ("http:///a", {}, InvalidArgument),
        ("http://source/a b", {}, InvalidArgument),
        ("http://[::1/a", {}, InvalidArgument),
        ("http://source/" + "a" * 9000, {}, InvalidArgument),
        ("http://source/a", {"protocol": "FTP"}, InvalidArgument),
        ("http://source/a", {"method": "DELETE"}, InvalidArgument),
    ],
)
def test_addresses_that_no_store_would_use_are_refused_before_anything_begins(
    world: World, dave: Caller, url: str, told: dict[str, str], error: type[VofilesError]
) -> None:
    file = world.add_file(dave, "a")
    with pytest.raises(error):
        begin(world, dave, file, url, **told)
    assert world.stores.asked == []


def test_import_init_is_the_same_for_every_form_of_the_identifier(world: World, dave: Caller) -> None:
    world.add_file(dave, "b", world.add_folder(dave, "a"))
    offer = world.desk.imports.import_init(dave, ImportInit(below(world.home(dave), "a/b")))
    world.send(offer, b"by path")
    world.stores.deliver(world.desk)
    assert world.get(dave, below(world.home(dave), "a/b")) == b"by path"
