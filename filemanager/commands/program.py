"""The program `filemanager`. Rule: one value, which every command's file uses."""

from typing import Final

from filemanager.config import Config, load
from vofiles.serving.program import Program

PROGRAM: Final = Program[Config]("filemanager", load, lambda settings: settings.database)
