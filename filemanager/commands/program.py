"""The program `filemanager`. Rule: one value, which every command's file uses."""

from typing import Final

from filemanager.config import load
from vofiles.serving.program import Program

PROGRAM: Final = Program("filemanager", load)
