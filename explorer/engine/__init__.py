"""Engines that run the shards of an extraction: one per file, listed here."""

from explorer.engine.local import LocalEngine
from explorer.registry import Registry

ENGINES: Registry[LocalEngine] = Registry("engine", [LocalEngine()])
