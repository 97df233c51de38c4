"""The line of a key in a TOML text."""

from vofiles.tomllines import Lines

TEXT = '''# a comment = 1
identifier = "ivo://a/b"
story = """
[listen]
port = 1
"""

[ listen ]
port = 8080
"interface" = "::1"

[[stores]]
identifier = "ivo://a/[1]"
keys = [{id = "a"}, {id = "b"}]

[[stores]]
keys = [  # rotating
    {id = "c",
     secret = "]"},
    {id = "d"},
]
site = "Leicester"
[[stores.keys2]]
id = "e"
[[stores.keys2]]
id = "f"
allow = [
  "a = 1",
]
[limits]
body.rate = 1
'''


def test_the_line_of_each_key() -> None:
    lines = Lines(TEXT)
    expected = {
        "identifier": 2,
        "story": 3,
        "listen": 8,
        "listen.port": 9,
        "listen.interface": 10,
        "stores[1].identifier": 13,
        "stores[1].keys": 14,
        "stores[2].keys": 17,
        "stores[2].keys[1]": 18,
        "stores[2].keys[2]": 20,
        "stores[2].site": 22,
        "stores[2].keys2[1].id": 24,
        "stores[2].keys2[2].id": 26,
        "limits.body.rate": 31,
    }
    assert {name: lines.find(name) for name in expected} == expected


def test_what_is_not_there_has_the_line_of_what_it_would_stand_in() -> None:
    lines = Lines(TEXT)
    assert lines.find("listen.address") == 8
    assert lines.find("stores[1].keys[2].secret") == 14
    assert lines.find("stores[2].keys[1].secret") == 18
    assert lines.find("stores[2].address") == 16
    assert lines.find("data") is None
    assert lines.find("a = 1") is None
