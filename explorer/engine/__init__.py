"""Where the shards of an extraction are run. One engine a file, listed here."""

from explorer.engine.local import LocalEngine
from explorer.registry import Registry

ENGINES: Registry[LocalEngine] = Registry("engine", [LocalEngine()])
