"""Read the activations at one hook point without running any layer beyond it.

Batches are padded on the right and attention is causal, so no counted token attends to padding. The attention mask can
therefore be omitted, which allows the fastest attention kernel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.errors import refuse
from explorer.lm.model import LoadedModel

if TYPE_CHECKING:
    import torch


class _Reached(Exception):
    """Ends the forward pass at the hook; carries the activations."""

    def __init__(self, value: torch.Tensor) -> None:
        self.value = value


@dataclass(frozen=True)
class HookPoint:
    """A place in a Hugging Face model: the path of a module, and whether its input or its output is read."""

    name: str
    module: str
    side: str  # "input" or "output"
    layer: int


def layer_hook(layer: int) -> str:
    """TransformerLens's name for the residual stream after block `layer`."""
    return f"blocks.{layer}.hook_resid_post"


def resolve_hook(name: str, model: Any) -> HookPoint:
    """Translate a TransformerLens hook name, or a module path, to a place in a Hugging Face model.

    Supported: `blocks.N.hook_resid_pre|hook_resid_mid|hook_resid_post|hook_attn_out|hook_mlp_out`,
    `blocks.N.attn.hook_z`, and any module path of the model itself (`model.layers.20`).
    """
    modules = dict(model.named_modules())
    match = re.fullmatch(r"blocks\.(\d+)\.(\w+(?:\.\w+)?)", name)
    if match is None:
        if name in modules:
            number = re.search(r"\.(\d+)(?:\.|$)", name)
            return HookPoint(name, name, "output", int(number.group(1)) if number else 0)
        refuse(f"hook {name!r} is not a place in this model", allowed="blocks.N.hook_resid_post … or a module path")
    layer, point = int(match.group(1)), match.group(2)
    blocks = _blocks_path(modules)
    count = sum(1 for path in modules if re.fullmatch(rf"{re.escape(blocks)}\.\d+", path))
    if layer >= count:
        refuse(f"hook {name!r}: the model has no layer {layer}", allowed=f"0 to {count - 1}")
    block = f"{blocks}.{layer}"
    candidates: dict[str, tuple[tuple[str, ...], str]] = {
        "hook_resid_post": (("",), "output"),
        "hook_resid_pre": (("",), "input"),
        # Gemma normalises the branches' outputs before adding them, and TransformerLens hooks after that norm.
        "hook_resid_mid": (("pre_feedforward_layernorm", "post_attention_layernorm", "ln_2"), "input"),
        "hook_mlp_out": (("post_feedforward_layernorm", "mlp"), "output"),
        "hook_attn_out": (("post_attention_layernorm*", "self_attn", "attn", "attention"), "output"),
        "attn.hook_z": (("self_attn.o_proj", "attn.c_proj", "attention.dense"), "input"),
    }
    if point not in candidates:
        refuse(f"hook {name!r} is not supported", allowed=[f"blocks.N.{key}" for key in candidates])
    options, side = candidates[point]
    norms_branches = f"{block}.pre_feedforward_layernorm" in modules
    for option in options:
        if option.endswith("*") and not norms_branches:
            continue
        path = f"{block}.{option.rstrip('*')}" if option else block
        if path in modules:
            return HookPoint(name, path, side, layer)
    return refuse(f"hook {name!r}: this architecture has no such module", allowed="a module path of the model")


def _blocks_path(modules: dict[str, Any]) -> str:
    import torch

    lists = [path for path, module in modules.items() if isinstance(module, torch.nn.ModuleList) and len(module) > 0]
    known = [path for path in lists if re.search(r"(^|\.)(layers|h|blocks)$", path)]
    if not known:
        refuse("the model's list of transformer blocks has an unknown name", allowed="layers, h or blocks")
    return min(known, key=len)


class Reader:
    """Reads the activations at a hook of a loaded model: `reader(ids) -> [B, T, d]`."""

    def __init__(self, loaded: LoadedModel, hook_name: str) -> None:
        self.loaded = loaded
        self.hook = resolve_hook(hook_name, loaded.model)
        self._module = loaded.model.get_submodule(self.hook.module)
        self._body = loaded.model.base_model

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """Run the model on right-padded `ids` int64 [B, T] up to the hook; returns [B, T, d] in the model's dtype."""
        import torch

        def stop_after(_module: Any, _args: Any, output: Any) -> None:
            raise _Reached(output[0] if isinstance(output, tuple) else output)

        def stop_before(_module: Any, args: Any, kwargs: Any) -> None:
            raise _Reached(args[0] if args else kwargs["hidden_states"])

        if self.hook.side == "output":
            handle = self._module.register_forward_hook(stop_after)
        else:
            handle = self._module.register_forward_pre_hook(stop_before, with_kwargs=True)
        try:
            with torch.inference_mode():
                self._body(input_ids=ids.to(self.loaded.device), use_cache=False)
        except _Reached as reached:
            return reached.value
        finally:
            handle.remove()
        raise RuntimeError(f"the forward pass never reached {self.hook.module}")
