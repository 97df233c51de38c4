"""The tree as any caller sees it: accounts and their homes, nodes, listings, properties, deleting."""

from collections.abc import Callable

import pytest

from tests.filemanager.suite.conftest import Somebody
from tests.support.services import MANAGER, STORES
from vofiles.contract import (
    AccountKind,
    AddAccount,
    AddNode,
    BundleHints,
    Delete,
    DeleteAnswer,
    GetAccount,
    GetIdentifier,
    GetNode,
    ListChildren,
    NodeKind,
    Property,
    SetAccountProperties,
    SetProperties,
)
from vofiles.errors import (
    AccountNotFound,
    DuplicateNode,
    FolderNotEmpty,
    InvalidArgument,
    InvalidName,
    NodeNotFound,
    NotAFolder,
    ParentNotFound,
    PermissionDenied,
    ReadOnlyProperty,
    StoreNotFound,
)
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier

Arrive = Callable[[str], Somebody]


def test_the_service_says_who_it_is(dave: Somebody) -> None:
    assert dave.call(GetIdentifier()).identifier == MANAGER


def test_ones_own_account_needs_no_name(dave: Somebody) -> None:
    account = dave.call(GetAccount()).account
    assert account.identifier == Ivorn(MANAGER.authority, dave.user.name)
    assert dave.call(GetAccount(account.identifier)).account == account
    assert (account.name, account.kind) == (dave.user.name, AccountKind.PERSON)
    properties = (Property("filestore.preferred", str(STORES[1])),)
    assert dave.call(SetAccountProperties(properties=properties)).account.properties == properties
    assert dave.call(GetAccount()).account.properties == properties


def test_others_are_absent_and_accounts_are_not_made_by_everybody(dave: Somebody, arrive: Arrive) -> None:
    anna = arrive("anna")
    theirs = Ivorn(MANAGER.authority, dave.user.name)
    with pytest.raises(AccountNotFound):
        anna.call(GetAccount(theirs))
    with pytest.raises(PermissionDenied):
        anna.call(AddAccount(Ivorn(MANAGER.authority, "another")))


def test_a_node_is_answered_whole(dave: Somebody) -> None:
    answer = dave.call(
        AddNode(dave.home, "été & <co> 7.vot", NodeKind.FILE, (Property("{urn:x}a", "1 < 2\n & ü"), Property("b", "")))
    )
    node = answer.node
    assert (node.name, node.type, node.generation, node.version) == ("été & <co> 7.vot", NodeKind.FILE, 1, 0)
    assert (node.parent, node.owner) == (dave.home.node, Ivorn(MANAGER.authority, dave.user.name))
    assert {each.key: each.value for each in node.properties if "date" not in each.key} == {
        "{urn:x}a": "1 < 2\n & ü",
        "b": "",
    }
    assert dave.node(dave.at("été & <co> 7.vot")) == node
    assert dave.node(LongIdentifier(node.identifier)) == node


def test_names_in_a_folder_are_unique(dave: Somebody) -> None:
    dave.add("a")
    with pytest.raises(DuplicateNode):
        dave.add("a", NodeKind.FOLDER)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "x" * 256, "\u202ea"])
def test_names_that_cannot_be_are_refused(dave: Somebody, name: str) -> None:
    with pytest.raises(InvalidName):
        dave.call(AddNode(dave.home, name, NodeKind.FILE))
    assert dave.call(ListChildren(dave.home)).nodes == ()


def test_what_is_not_there_is_a_named_error(dave: Somebody, arrive: Arrive) -> None:
    file = dave.add("a")
    elsewhere = LongIdentifier(NodeIdentifier(Ivorn.parse("ivo://star.le.ac.uk/filemanager"), file.node.number))
    for node in (dave.at("none"), dave.at("a/b"), elsewhere, arrive("anna").home):
        with pytest.raises(NodeNotFound):
            dave.call(GetNode(node))
        with pytest.raises(ParentNotFound):
            dave.call(AddNode(node, "x", NodeKind.FILE))
    with pytest.raises(NotAFolder):
        dave.call(AddNode(file, "x", NodeKind.FILE))
    with pytest.raises(NotAFolder):
        dave.call(ListChildren(file))
    with pytest.raises(InvalidArgument):
        dave.call(AddNode(dave.home, "x", NodeKind.LINK))


def test_bundles(dave: Somebody) -> None:
    dave.add("a", NodeKind.FOLDER)
    dave.add("a/b", NodeKind.FOLDER)
    dave.add("a/b/c")

    def names(node: LongIdentifier, **hints: object) -> list[str]:
        return [each.name for each in dave.call(GetNode(node, BundleHints(**hints))).nodes]  # type: ignore[arg-type]

    assert names(dave.home, depth=1) == ["home", "a"]
    assert names(dave.home, depth=-1) == ["home", "a", "b", "c"]
    assert names(dave.home, depth=-1, maximum_extra_nodes=1) == ["home", "a"]
    assert names(dave.at("a/b/c"), parents=True) == ["c", "b", "a", "home"]
    assert names(dave.at("a/b/c")) == ["c"]


def test_pages(dave: Somebody) -> None:
    names = sorted(f"{number}é" for number in range(7))
    for name in reversed(names):
        dave.add(name)
    seen: list[str] = []
    after: str | None = None
    for _ in range(4):
        page = dave.call(ListChildren(dave.home, after, 2))
        seen += [node.name for node in page.nodes]
        after = page.next
    assert (seen, after) == (names, None)
    with pytest.raises(InvalidArgument):
        dave.call(ListChildren(dave.home, limit=0))


def test_properties(dave: Somebody) -> None:
    file = dave.add("a", colour="blue", mood="good")
    node = dave.call(SetProperties(file, (Property("colour", "red"),), ("mood",))).node
    assert node == dave.node(file)
    assert node.generation == 2
    assert [(each.key, each.value) for each in node.properties if each.key in {"colour", "mood"}] == [("colour", "red")]
    with pytest.raises(ReadOnlyProperty):
        dave.call(SetProperties(file, (Property("content.size", "1"),)))
    with pytest.raises(StoreNotFound):
        dave.call(SetProperties(file, (Property("filestore.preferred", "ivo://nowhere.org/filestore"),)))
    assert dave.node(file) == node


def test_deleting(dave: Somebody) -> None:
    folder = dave.add("a", NodeKind.FOLDER)
    dave.add("a/b")
    with pytest.raises(FolderNotEmpty):
        dave.call(Delete(folder))
    assert dave.call(Delete(dave.at("a/b"), purge=True)) == DeleteAnswer()
    dave.call(Delete(folder, purge=True))
    with pytest.raises(NodeNotFound):
        dave.call(Delete(folder))
    with pytest.raises(PermissionDenied):
        dave.call(Delete(dave.home))
    assert dave.call(ListChildren(dave.home)).nodes == ()
