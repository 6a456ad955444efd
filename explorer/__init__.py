"""SAE Data Explorer: choose instruction-tuning data by the features a language model sees in it.

`from explorer import Workspace` is the notebook's way in; `python -m explorer` the command line's. Nothing heavy is
imported until it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.notebook import Workspace

__all__ = ["Workspace", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "Workspace":
        from explorer.notebook import Workspace

        return Workspace
    raise AttributeError(f"module 'explorer' has no attribute {name!r}")
