"""Names of nodes and the grammar of what people type."""

import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wirevalues import names
from vofiles.errors import InvalidName
from vofiles.names import MAX_DEPTH, MAX_NAME_BYTES, HomePath, NodeName, is_home_path, parse_home_path, parse_name

# An authority called just "home" cannot be told from one's own home in a URL; no community is called so.
authorities = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,12}", fullmatch=True).filter(lambda text: text != "home")
accounts = st.from_regex(r"[a-z0-9._-]{1,12}", fullmatch=True)
own_paths = st.builds(HomePath, st.lists(names, max_size=4).map(tuple))
others_paths = st.builds(HomePath, st.lists(names, max_size=4).map(tuple), authorities, accounts)
home_paths = own_paths | others_paths


@given(st.text(max_size=80))
def test_a_text_becomes_a_safe_name_or_none(text: str) -> None:
    try:
        name = parse_name(text)
    except InvalidName:
        return
    assert name == unicodedata.normalize("NFC", text) == parse_name(name)
    assert 0 < len(name.encode()) <= MAX_NAME_BYTES
    assert name not in {".", ".."}
    assert "/" not in name
    assert not {unicodedata.category(character) for character in name} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(character) for character in name} & {
        "LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "query-7.vot",
        "with spaces",
        " a ",
        "...",
        "~",
        "é",
        "天文",
        "\U0001f52d",
        "a:b",
        "{home}",
        "<b>",
        "-rf",
        "#1",
        "%2F",
    ],
)
def test_names_that_people_use(text: str) -> None:
    assert parse_name(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (".", "meaning of their own"),
        ("..", "meaning of their own"),
        ("a/b", "'/'"),
        ("a\x00", r"U\+0000"),
        ("a\rb", r"U\+000D"),
        ("a\nb", r"U\+000A"),
        ("a\tb", r"U\+0009"),
        ("a\x7f", r"U\+007F"),
        ("a\x85", r"U\+0085"),
        ("a\u2028b", r"U\+2028"),
        ("a\u2029b", r"U\+2029"),
        ("gpj\u202e.exe", r"U\+202E"),
        ("a\u200fb", r"U\+200F"),
        ("a\u2066b", r"U\+2066"),
        ("a\u061cb", r"U\+061C"),
        ("a\ud800", r"U\+D800"),
        ("a\ufffe", r"U\+FFFE"),
        ("a\uffff", r"U\+FFFF"),
        ("a\U0001fffe", r"U\+1FFFE"),
        ("x" * 256, "256 bytes"),
        ("é" * 128, "256 bytes"),
    ],
)
def test_names_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidName, match=words) as caught:
        parse_name(text)
    assert caught.value.message.isascii()
    assert len(caught.value.message) < 700


def test_the_longest_names() -> None:
    assert parse_name("x" * 255) == "x" * 255
    assert parse_name("é" * 127 + "x") == "é" * 127 + "x"


def test_what_counts_is_the_size_in_normal_form() -> None:
    assert parse_name("e\u0301" * 127) == "é" * 127  # 381 bytes as typed, 254 as kept


def test_the_longest_spelling_of_a_longest_name_is_taken() -> None:
    assert parse_name("\u1fbe\u0308\u0301" * 127) == "\u0390" * 127  # 889 bytes as typed, 254 as kept


def test_what_no_normal_form_makes_short_enough_is_refused_as_it_came() -> None:
    # Sorting 32 000 marks takes seconds: a text that long is never brought to its normal form, where it is shorter.
    with pytest.raises(InvalidName, match="1200 bytes"):
        parse_name("e\u0301" * 400)
    with pytest.raises(InvalidName, match="3000 bytes"):
        parse_name("\ud800" * 1000)


def test_two_spellings_of_one_name_are_one_name() -> None:
    assert parse_name("Ame\u0301lie") == parse_name("Amélie")
    assert parse_name("\u212b") == "Å"


@given(home_paths)
def test_a_path_survives_being_written_and_read(path: HomePath) -> None:
    assert parse_home_path(str(path)) == path
    assert parse_home_path(path.url()) == path
    assert path.url().isascii()
    assert is_home_path(str(path))
    assert is_home_path(path.url())
    assert pickle.loads(pickle.dumps(path)) == path


@given(own_paths)
def test_every_form_of_home_is_the_same(path: HomePath) -> None:
    tail = "/".join(path.path)
    for form in (f"home:{tail}", f"{{home}}/{tail}", f"<home>/{tail}", f"home://{tail}//"):
        assert parse_home_path(form) == path


@given(others_paths)
def test_every_form_of_anothers_root_is_the_same(path: HomePath) -> None:
    tail, owner = "/".join(path.path), f"{path.authority}/{path.account}"
    for form in (f"{{{owner}}}/{tail}", f"<{owner}>/{tail}", f"{{{owner.upper()}}}//{tail}/"):
        assert parse_home_path(form) == path


@pytest.mark.parametrize(
    "text", ["home:", "home:/", "{home}", "{home}/", "<home>", "vofiles://home", "vofiles://home/", "vofiles://home//"]
)
def test_the_root_itself(text: str) -> None:
    root = parse_home_path(text)
    assert root == HomePath()
    assert root.name is None
    assert root.parent == root


def test_steps_up_and_down() -> None:
    path = parse_home_path("home:a").child("e\u0301")
    assert path == HomePath((NodeName("a"), NodeName("é")))
    assert path.name == "é"
    assert path.parent == parse_home_path("home:a")
    other = parse_home_path("{ast.cam.ac.uk/dave}/a/b")
    assert other.parent.child("c") == parse_home_path("vofiles://ast.cam.ac.uk/dave/a/c")
    assert (other.authority, other.account) == ("ast.cam.ac.uk", "dave")
    with pytest.raises(InvalidName):
        path.child("..")


def test_only_urls_are_percent_decoded() -> None:
    assert parse_home_path("home:a%20b").path == ("a%20b",)
    assert parse_home_path("vofiles://home/a%20b/%C3%A9").path == ("a b", "é")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a/b",
        "/home/dave",
        "~/a",
        "Home:a",
        "{home}a",
        "{homes}/a",
        "{dave}/a",
        "<home}/a",
        "{a/b>/c",
        "{/dave}/a",
        "{a b/dave}/c",
        "vofiles:home/a",
        "vofiles://ast.cam.ac.uk",
        "ivo://a/b#1",
        "home:../a",
        "home:a/./b",
        "vofiles://home/a%2Fb",
        "vofiles://home/%FF",
        "vofiles://home/%2e%2e",
        "home:a\x00",
        "home:" + "a/" * (MAX_DEPTH + 1),
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        parse_home_path(text)


def test_the_deepest_path() -> None:
    assert len(parse_home_path("home:" + "a/" * MAX_DEPTH).path) == MAX_DEPTH


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("home:a", True),
        ("{x/y}/a", True),
        ("vofiles://home", True),
        ("<home>/a", True),
        ("home", False),
        ("./home:a", False),
        ("/a", False),
    ],
)
def test_what_is_meant_as_a_path_in_a_tree(text: str, *, expected: bool) -> None:
    assert is_home_path(text) is expected
