"""Probe: the features that are active in a typed text, and the effect of one feature on the next token.

`load` loads the model and the SAE of the newest extraction once. Values are those that `extract` would store for the
same text: same template, same hook, same sinks left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import MissingStep, refuse
from explorer.lm.layout import PROMPT, RESPONSE, TEMPLATE, Turn, lay_out
from explorer.progress import Progress, silent
from explorer.workspace import Artifact, Snapshot

if TYPE_CHECKING:
    import torch

    from explorer.lm.model import LoadedModel
    from explorer.sae.load import LoadedSAE

MAX_TOKENS = 2048
MAX_FACTOR = 20.0


@dataclass(frozen=True)
class Reading:
    """The features of a text: `tokens` and `segment` int8 [T] (1 prompt, 2 response), without template tokens.

    `entries` are (token, feature, activation) as int32, int32, float32 arrays; `sinks` bool [T] marks attention sinks,
    whose features are not counted; `truncated` is set where the text was cut.
    """

    tokens: list[str]
    segment: NDArray[np.int8]
    sinks: NDArray[np.bool_]
    token: NDArray[np.int32]
    feature: NDArray[np.int32]
    value: NDArray[np.float32]
    truncated: bool

    def strongest(self, keep: int) -> list[list[tuple[int, float]]]:
        """The `keep` strongest (feature, activation) pairs of each token."""
        by_token: list[list[tuple[int, float]]] = [[] for _ in self.tokens]
        for i in np.lexsort((self.feature, -self.value, self.token)):
            pairs = by_token[self.token[i]]
            if len(pairs) < keep:
                pairs.append((int(self.feature[i]), float(self.value[i])))
        return by_token

    def largest(self, segment: str = "all") -> dict[int, float]:
        """The largest activation of each feature over the tokens of a segment."""
        code = {"prompt": (PROMPT,), "response": (RESPONSE,), "all": (PROMPT, RESPONSE)}[segment]
        inside = np.isin(self.segment[self.token], code)
        largest: dict[int, float] = {}
        for feature, value in zip(self.feature[inside].tolist(), self.value[inside].tolist(), strict=True):
            largest[feature] = max(value, largest.get(feature, 0.0))
        return largest

    def of(self, feature: int) -> NDArray[np.float32]:
        """Activation of one feature on each token, float32 [T]."""
        values = np.zeros(len(self.tokens), dtype=np.float32)
        own = self.feature == feature
        values[self.token[own]] = self.value[own]
        return values

    def counts(self, threshold: float) -> NDArray[np.int64]:
        """Number of features above `threshold` on each token, int64 [T]."""
        return np.bincount(self.token[self.value > threshold], minlength=len(self.tokens))


@dataclass(frozen=True)
class Steering:
    """Next-token probabilities with one feature unchanged and changed: (token, before, after), largest change first.

    `divergence` is KL(before || after) in bits; the feature's activation is multiplied by `factor` on every token (0
    turns it off). `written` are the continuations without and with the change.
    """

    feature: int
    factor: float
    active_tokens: int
    divergence: float
    tokens: list[tuple[str, float, float]]
    written: tuple[str, str]


class Probe:
    """A model and SAE loaded by `load`."""

    def __init__(self, model: LoadedModel, sae: LoadedSAE, median_norm: float) -> None:
        from explorer.lm.reader import Reader
        from explorer.sae.encode import SparseEncoder

        self.model, self.sae = model, sae
        self._sink = median_norm
        self._reader = Reader(model, sae.hook_name)
        self._encode = SparseEncoder(sae)

    def read(self, turns: Sequence[Turn]) -> Reading:
        """Encode a conversation, (role, content) turns, token by token. An empty one is refused."""
        import torch

        from explorer.sae.load import SINK_FACTOR

        if not any(content.strip() for _, content in turns):
            refuse("there is no text to read", allowed="a prompt, a response or both")
        [layout] = lay_out(self.model.tokenizer, [turns], max_tokens=MAX_TOKENS, prepend_bos=self.sae.prepend_bos)
        ids = torch.from_numpy(layout.ids.astype(np.int64))[None]
        acts = self._reader(ids)[0].float()
        counted = torch.from_numpy(layout.segment != TEMPLATE).to(acts.device)
        sink = (acts.norm(dim=-1) > SINK_FACTOR * self._sink) & counted
        rows = torch.nonzero(counted & ~sink).flatten()
        entries = self._encode(acts[rows])
        kept = np.flatnonzero(layout.segment != TEMPLATE)
        place = np.full(len(layout), -1, dtype=np.int32)
        place[kept] = np.arange(len(kept))
        texts = layout.texts()
        return Reading(
            tokens=[texts[i] for i in kept],
            segment=layout.segment[kept],
            sinks=sink.cpu().numpy()[kept],
            token=place[rows.cpu().numpy()[entries.row]],
            feature=entries.feature,
            value=entries.value,
            truncated=layout.truncated,
        )

    def steer(
        self, turns: Sequence[Turn], feature: int, factor: float, *, added: float = 0.0, words: int = 16
    ) -> Steering:
        """Change one feature's activation to `factor` times its value plus `added`, and compare the next token.

        Only the feature's own part of the residual stream changes, x + decode(a') - decode(a), so the SAE's error stays
        the same. `words` tokens are generated greedily with and without the change.
        """
        import torch

        if not 0 <= feature < self.sae.d_sae:
            refuse("there is no such feature", got=feature, allowed=f"0 to {self.sae.d_sae - 1}")
        if not -MAX_FACTOR <= factor <= MAX_FACTOR:
            refuse("the factor is out of range", got=factor, allowed=f"-{MAX_FACTOR:g} to {MAX_FACTOR:g}")
        ids = self._prompt_ids(turns)
        with torch.inference_mode():
            plain = self._next(ids, None)
            change = _Change(self, feature, factor, added)
            changed = self._next(ids, change)
            p, q = torch.softmax(plain, -1), torch.softmax(changed, -1)
            divergence = float((p * (torch.log2(p + 1e-12) - torch.log2(q + 1e-12))).sum())
            best = torch.unique(torch.cat([p.topk(8).indices, q.topk(8).indices]))
            written = (self._write(ids, None, words), self._write(ids, change, words))
        rows = [(self.model.tokenizer.decode([int(i)]), float(p[i]), float(q[i])) for i in best]
        rows.sort(key=lambda row: (-abs(row[2] - row[1]), row[0]))
        return Steering(feature, factor, change.active, divergence, rows, written)

    def _prompt_ids(self, turns: Sequence[Turn]) -> torch.Tensor:
        """Token ids up to the next token: after the response so far, or at its start."""
        import torch

        from explorer.lm.layout import render

        last_is_answer = bool(turns) and turns[-1][0] == "assistant" and bool(turns[-1][1])
        text, spans = render(
            self.model.tokenizer, turns, prepend_bos=self.sae.prepend_bos, generation_prompt=not last_is_answer
        )
        if last_is_answer:
            text = text[: spans[-1][1]]
        if not text.strip():
            refuse("there is no text to read", allowed="a prompt, a response or both")
        ids = self.model.tokenizer(text, add_special_tokens=False)["input_ids"][-MAX_TOKENS:]
        return torch.tensor([ids])

    def _next(self, ids: torch.Tensor, change: _Change | None) -> torch.Tensor:
        with _hooked(self, change):
            return self.model.model(input_ids=ids.to(self.model.device), use_cache=False).logits[0, -1].float().cpu()

    def _write(self, ids: torch.Tensor, change: _Change | None, words: int) -> str:
        import torch

        end = {self.model.tokenizer.eos_token_id, *(self.model.tokenizer.all_special_ids or [])}
        written: list[int] = []
        for _ in range(words):
            longer = torch.cat([ids, torch.tensor([written], dtype=ids.dtype)], dim=1) if written else ids
            token = int(self._next(longer, change).argmax())
            if token in end:
                break
            written.append(token)
        return self.model.tokenizer.decode(written)


class _Change:
    """Changes one feature in the residual stream at the hook; counts the tokens it is active on."""

    def __init__(self, probe: Probe, feature: int, factor: float, added: float) -> None:
        self._sae = probe.sae.sae
        self.feature, self.factor, self.added = feature, factor, added
        self.active = 0

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return `x` [B, T, d] with the feature changed."""
        flat = x.reshape(-1, x.shape[-1]).float()
        before = self._sae.encode(flat)
        decoded = self._sae.decode(before)
        after = before.clone()
        after[:, self.feature] = after[:, self.feature] * self.factor + self.added
        self.active = int((before[:, self.feature] > 0).sum())
        return (flat + self._sae.decode(after) - decoded).to(x.dtype).reshape(x.shape)


class _hooked:
    """A context in which the model's hook point is changed."""

    def __init__(self, probe: Probe, change: _Change | None) -> None:
        self._probe, self._change, self._handle = probe, change, None

    def __enter__(self) -> None:
        if self._change is None:
            return
        hook, change = self._probe._reader.hook, self._change
        module = self._probe.model.model.get_submodule(hook.module)

        def after(_module: Any, _args: Any, output: Any) -> Any:
            return (change(output[0]), *output[1:]) if isinstance(output, tuple) else change(output)

        def before(_module: Any, args: Any, kwargs: Any) -> Any:
            if args:
                return (change(args[0]), *args[1:]), kwargs
            return args, {**kwargs, "hidden_states": change(kwargs["hidden_states"])}

        if hook.side == "output":
            self._handle = module.register_forward_hook(after)
        else:
            self._handle = module.register_forward_pre_hook(before, with_kwargs=True)

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.remove()


def load(snapshot: Snapshot, *, model: str = "default", sae: str = "default", progress: Progress = silent) -> Probe:
    """Load the model and the SAE of a snapshot's extraction; `model` and `sae` name other places of the same ones.

    Raises:
        InputError: one of them cannot be loaded, or is not the one of the extraction.
    """
    from explorer.lm.model import load_model, model_fingerprint
    from explorer.sae.load import check_fit, load_sae

    activations = snapshot.require("activations")
    where, recorded = activations.manifest.info, activations.manifest.parameters
    if "model_source" not in where:
        raise MissingStep(f"{activations.ref} does not record its model; run extract again")
    progress("probe", 0, 3, f"loading {recorded['sae']}")
    loaded_sae = load_sae(sae if sae != "default" else where["sae_source"])
    progress("probe", 1, 3, f"loading {recorded['model']}")
    loaded = load_model(model if model != "default" else where["model_source"], dtype=recorded["dtype"])
    check_fit(loaded_sae, loaded)
    same = model_fingerprint(loaded) == recorded["model_fingerprint"]
    if not same or loaded_sae.fingerprint != recorded["sae_fingerprint"]:
        what = "SAE" if same else "model"
        refuse(
            f"the {what} is not the one of the extraction",
            allowed=f"{recorded['model']} and {recorded['sae']}",
        )
    progress("probe", 2, 3, "measuring")
    probe = Probe(loaded, loaded_sae, _median_norm(activations, loaded_sae))
    progress("probe", 3, 3)
    return probe


def _median_norm(activations: Artifact, sae: LoadedSAE) -> float:
    """Median norm of the residual stream, from which the extraction detected sinks."""
    norm = activations.manifest.info.get("median_norm") or sae.sae.cfg.metadata.get("median_norm")
    return float(norm) if norm else float("inf")
