"""Load any SAE that sae-lens supports: a folder, `release/sae_id`, or the default that ships with the project."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.errors import InputError, refuse
from explorer.lm.model import LoadedModel
from explorer.lm.reader import layer_hook
from explorer.network import hub_if_reachable

DEFAULT_SAE = Path(__file__).parents[2] / "data" / "sae" / "smollm2-135m-instruct-l20-4096"
SINK_FACTOR = 8.0  # tokens whose norm is more than this many times the median are attention sinks


@dataclass(frozen=True)
class LoadedSAE:
    """A sae-lens SAE ready for inference, and the hook that it reads. `fingerprint` identifies its weights."""

    name: str
    sae: Any
    hook_name: str
    fingerprint: str
    folder: Path | None

    @property
    def d_in(self) -> int:
        """Width of the activations that the SAE reads."""
        return int(self.sae.cfg.d_in)

    @property
    def d_sae(self) -> int:
        """Number of features (latent width)."""
        return int(self.sae.cfg.d_sae)

    @property
    def architecture(self) -> str:
        """The sae-lens family: standard, topk, jumprelu, gated."""
        return self.sae.cfg.architecture()

    @property
    def default_threshold(self) -> float:
        """The activation above which a feature counts as present by default; 0 counts every activation."""
        return float(self.sae.cfg.metadata.get("default_threshold", 0.0))

    @property
    def prepend_bos(self) -> bool:
        """Whether the SAE was trained on sequences that begin with the start-of-sequence token."""
        return bool(self.sae.cfg.metadata.get("prepend_bos", True))

    @property
    def neuronpedia_id(self) -> str | None:
        """`model/layer-source` on Neuronpedia, if the SAE's metadata gives it."""
        return self.sae.cfg.metadata.get("neuronpedia_id")


def load_sae(name: str = "default", *, layer: int | None = None, device: str = "cpu") -> LoadedSAE:
    """Load an SAE in float32. `name`: `default`, a folder with cfg.json, `release/sae_id` of sae-lens, or a Hub path.

    `layer` is needed only for an SAE without a hook in its metadata. Decoder norms are folded into the encoder where
    that changes no feature set (values then agree with Neuronpedia's).

    Raises:
        InputError: the SAE cannot be loaded; the message lists what `name` may be.
    """
    from sae_lens import SAE

    folder = DEFAULT_SAE if name in ("", "default") else Path(name)
    on_disk = (folder / "cfg.json").is_file()
    if not on_disk and (folder.exists() or name.startswith((".", "/", "~"))):
        refuse(f"SAE {name!r}: {folder} has no cfg.json", allowed="a folder in sae-lens format, or release/sae_id")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if on_disk:
                sae = SAE.load_from_disk(folder, device=device, dtype="float32")
            else:
                with hub_if_reachable():
                    sae = SAE.from_pretrained(*_release_and_id(name), device=device, dtype="float32")
    except Exception as error:  # sae-lens and its loaders raise anything from KeyError to HTTP errors
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(
            f"SAE {name!r} could not be loaded ({reason}); allowed: default, a folder in sae-lens format, or "
            "release/sae_id of sae-lens"
        ) from error
    _fold_decoder_norm(sae)
    sae.eval().requires_grad_(False)
    hook = sae.cfg.metadata.get("hook_name")
    if hook is None and layer is None:
        refuse(f"SAE {name!r} does not say which layer it reads", allowed="--layer N")
    canonical = folder.resolve().name if on_disk else name
    return LoadedSAE(
        canonical, sae, hook or layer_hook(int(layer or 0)), _fingerprint(sae), folder if on_disk else None
    )


def _release_and_id(name: str) -> tuple[str, str]:
    """Split `release/sae_id` of a release in sae-lens's directory, or else `owner/repository/path` on the Hub."""
    from sae_lens.loading.pretrained_saes_directory import get_pretrained_saes_directory

    release, _, sae_id = name.partition("/")
    if release in get_pretrained_saes_directory() or name.count("/") < 2:
        return release, sae_id
    owner, repository, path = name.split("/", 2)
    return f"{owner}/{repository}", path


def check_layer(sae: LoadedSAE, layer: int | None) -> None:
    """Refuse a layer other than the one that the SAE was trained on."""
    if layer is not None and layer_hook(layer) != sae.hook_name:
        allowed = "that layer (leave --layer out)"
        refuse(f"--layer {layer}: SAE {sae.name} was trained on {sae.hook_name}", allowed=allowed)


def check_fit(sae: LoadedSAE, model: LoadedModel) -> None:
    """Refuse an SAE of the residual stream whose width is not the model's."""
    if sae.d_in != model.d_model and sae.hook_name.endswith(("resid_pre", "resid_mid", "resid_post")):
        refuse(
            f"SAE {sae.name} reads activations of width {sae.d_in}, but model {model.name} has width {model.d_model}",
            allowed="an SAE trained on this model",
        )


def _fold_decoder_norm(sae: Any) -> None:
    """Fold decoder norms into the encoder where sae-lens allows it and the order of activations stays the same."""
    family = sae.cfg.architecture()
    if family in ("standard", "gated", "jumprelu") or (family == "topk" and sae.cfg.rescale_acts_by_decoder_norm):
        sae.fold_W_dec_norm()
        if family == "topk":
            sae.cfg.rescale_acts_by_decoder_norm = False


def _fingerprint(sae: Any) -> str:
    import hashlib

    digest = hashlib.blake2b(digest_size=8)
    for key, tensor in sorted(sae.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()
