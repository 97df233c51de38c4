"""The program `filestore`. Rule: one value, which every command's file uses."""

from typing import Final

from filestore.config import load
from vofiles.serving.program import Program

PROGRAM: Final = Program("filestore", load)
