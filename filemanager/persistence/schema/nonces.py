"""Signed requests that have been used."""

from filemanager.persistence.schema.metadata import METADATA, TEXT
from vofiles.serving.nonces import nonces_table

NONCES = nonces_table(METADATA, TEXT)
