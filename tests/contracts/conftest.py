"""What holds for the tests of contracts: each request is decoded in both ways, and alike."""

from tests.support.bothways import both_ways

__all__ = ["both_ways"]
