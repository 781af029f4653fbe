"""An example connector whose system is a dictionary: the contract at its shortest, and a partner for engine tests."""

from connectors.memory.connector import MemoryConnector, MemorySettings
from connectors.memory.directory import DIRECTORIES, Directory

__all__ = ["DIRECTORIES", "Directory", "MemoryConnector", "MemorySettings"]
