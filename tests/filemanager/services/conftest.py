"""What holds for the tests of use cases: what is told of a node from memory is what is so."""

from tests.support.keptright import kept_right

__all__ = ["kept_right"]
