"""What a change to a model's modules leaves behind, for comparing a model before and after."""

from typing import Any


def traces(model: Any) -> dict[str, tuple[type, list[str], str]]:
    """Of each module: its type, the names set on the instance itself, and its attention implementation."""
    return {
        name: (
            type(module),
            sorted(module.__dict__),
            getattr(getattr(module, "config", None), "_attn_implementation", ""),
        )
        for name, module in model.named_modules()
    }
