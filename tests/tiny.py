"""Tiny random models and SAEs of every family, made on the spot, so that tests need no download."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from sae_lens.registry import get_sae_class, get_sae_training_class
from sae_lens.saes.sae import SAEMetadata
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from explorer.lm.model import LoadedModel, load_model

D_MODEL, LAYERS = 32, 3
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + CHAT
TEXT = [
    "The quick brown fox jumps over the lazy dog.",
    "Write a poem about the sea, the sand and the sky!",
    "def add(a, b):\n    return a + b",
    "Paris is the capital of France; 12 + 30 = 42.",
]


def tokenizer(*, chat: str | None = CHAT) -> transformers.PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer of about 400 tokens."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|im_start|>", "<|im_end|>", "<s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    raw.train_from_iterator(TEXT * 5, trainer)
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<s>", eos_token="<|im_end|>")
    wrapped.chat_template = chat
    return wrapped


def _shape(**more: object) -> dict[str, object]:
    shape = {"hidden_size": D_MODEL, "num_hidden_layers": LAYERS, "num_attention_heads": 4, "intermediate_size": 48}
    return {**shape, "vocab_size": 400, "max_position_embeddings": 256, "bos_token_id": 2, "eos_token_id": 1, **more}


def config(family: str) -> transformers.PretrainedConfig:
    """The configuration of a tiny model of one architecture."""
    grouped = {"num_key_value_heads": 2, "head_dim": 8}
    if family == "gpt2":
        return transformers.GPT2Config(
            n_embd=D_MODEL, n_layer=LAYERS, n_head=4, n_positions=256, vocab_size=400, bos_token_id=2, eos_token_id=1
        )
    configs = {
        "llama": lambda: transformers.LlamaConfig(**_shape(**grouped)),
        "gemma2": lambda: transformers.Gemma2Config(**_shape(**grouped, sliding_window=64)),
        "gemma3": lambda: transformers.Gemma3TextConfig(**_shape(**grouped, sliding_window=64)),
        "neox": lambda: transformers.GPTNeoXConfig(**_shape()),
        "qwen2": lambda: transformers.Qwen2Config(**_shape(num_key_value_heads=2)),
        "qwen3": lambda: transformers.Qwen3Config(**_shape(**grouped)),
    }
    return configs[family]()


FAMILIES = ("llama", "gemma2", "gemma3", "gpt2", "neox", "qwen2", "qwen3")


def save_model(folder: Path, family: str = "llama", *, chat: str | None = CHAT) -> Path:
    """Write a tiny random model with its tokenizer to `folder`."""
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(config(family))
    model.save_pretrained(folder)
    tokenizer(chat=chat).save_pretrained(folder)
    return folder


def trainable(folder: Path, family: str) -> LoadedModel:
    """Load a tiny model saved to `folder`, with dropout switched off: it trains the same each time."""
    loaded = load_model(str(save_model(folder, family)), dtype="float32", device="cpu")
    for module in loaded.model.modules():
        if isinstance(module, torch.nn.Dropout):  # GPT-2 has some
            module.p = 0.0
    return loaded


SAES = {
    "standard": {},
    "topk": {"k": 8},
    "topk-rescaled": {"k": 8, "rescale_acts_by_decoder_norm": True},
    "jumprelu": {},
    "gated": {},
    "layer-norm": {"normalize_activations": "layer_norm"},
}


TRAINED = ("topk", "jumprelu", "batchtopk", "matryoshka_batchtopk", "gated", "standard")


def save_trained_sae(folder: Path, architecture: str, *, d_in: int = D_MODEL, width: int = 64) -> Path:
    """Write what sae-lens saves for inference of an SAE in training (BatchTopK and Matryoshka become JumpReLU)."""
    torch.manual_seed(1)
    sae_class, config_class = get_sae_training_class(architecture)
    more = {"k": 8} if "topk" in architecture else {}
    if architecture == "matryoshka_batchtopk":
        more["matryoshka_widths"] = [16, 32, width]
    about = SAEMetadata(model_name="tiny", hook_name="blocks.1.hook_resid_post", prepend_bos=True)
    sae = sae_class(config_class(d_in=d_in, d_sae=width, metadata=about, **more))
    if hasattr(sae, "topk_threshold"):
        sae.topk_threshold.fill_(0.001)
    sae.save_inference_model(folder)
    return folder


def save_sae(
    folder: Path,
    family: str = "topk",
    *,
    d_in: int = D_MODEL,
    width: int = 64,
    hook: str | None = "",
    seed: int = 0,
    bias: bool = True,
) -> Path:
    """Write a random SAE of one family in sae-lens format to `folder`; without `bias` its features follow the text."""
    torch.manual_seed(seed)
    architecture = {"topk-rescaled": "topk", "layer-norm": "standard"}.get(family, family)
    sae_class, config_class = get_sae_class(architecture)
    name = "blocks.1.hook_resid_post" if hook == "" else hook
    about = {"model_name": "tiny", "prepend_bos": True} | ({"hook_name": name} if name else {})
    sae = sae_class(config_class(d_in=d_in, d_sae=width, metadata=SAEMetadata(**about), **SAES[family]))
    with torch.no_grad():
        for part, parameter in sae.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * (0.3 if bias or not part.startswith("b_") else 0.0))
        if architecture == "jumprelu":
            sae.threshold.copy_(torch.rand_like(sae.threshold))
    sae.save_model(folder)
    return folder
