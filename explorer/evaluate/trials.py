"""One training run of the proof, kept by what it was made from: asked for again, it costs nothing.

A trial that is killed leaves nothing; those before it are kept, so a stopped evaluation goes on where it was, and one
with a further selection trains only on that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from explorer.errors import ExplorerError
from explorer.evaluate.benchmarks import Suite
from explorer.lm.finetune import Params, finetuned
from explorer.lm.model import LoadedModel
from explorer.lm.packing import Row
from explorer.progress import Progress, silent
from explorer.quality.losses import mean_losses
from explorer.workspace.artifact import write_json

VERSION = 1  # raised when the same inputs train or are measured in another way
READ_TOKENS = 2048  # tokens at once when losses are measured


@dataclass(frozen=True)
class Trial:
    """A model fine-tuned on `rows` rows, and its loss (nats a response token) on each held-out row.

    `tokens` and `response_tokens` count every pass; `training` is the loss of each optimiser step. A trial on no rows
    is the base model itself.
    """

    losses: tuple[float, ...]
    training: tuple[float, ...]
    rows: int
    tokens: int
    response_tokens: int
    seconds: float
    benchmarks: dict[str, list[float]] = field(default_factory=dict)  # 1 or 0 for each item


class Trials:
    """Trials of one model and one held-out set, kept under `root`/.cache/trials."""

    def __init__(
        self, root: Path, model: Mapping[str, Any], held_out: Sequence[Row], suite: Suite | None = None
    ) -> None:
        self.folder = root / ".cache" / "trials"
        self._common = {"version": VERSION, "model": dict(model), "held_out": _digest(held_out)}
        if suite is not None:
            self._common["benchmarks"] = suite.identity
        self._held_out, self._suite = held_out, suite

    def find(self, rows: Sequence[Row], params: Params, seed: int) -> Trial | None:
        """The trial that was made from just this, if there is one."""
        file = self._file(rows, params, seed)
        if not file.is_file():
            return None
        try:
            found = json.loads(file.read_text("utf-8"))
            return Trial(**{**found, "losses": tuple(found["losses"]), "training": tuple(found["training"])})
        except (ValueError, KeyError, TypeError) as error:
            raise ExplorerError(f"{file} cannot be read ({error}); delete that file") from error

    def make(
        self,
        loaded: LoadedModel,
        rows: Sequence[Row],
        params: Params,
        seed: int,
        *,
        progress: Progress = silent,
        stage: str = "fine-tune",
    ) -> Trial:
        """Fine-tune `loaded` on `rows`, measure it, keep and return the result.

        Raises:
            NotFinite: the training loss left the numbers.
            ExplorerError: out of memory.
        """
        if rows:
            with finetuned(loaded, rows, params, seed=seed, progress=progress, stage=stage) as tuned:
                made = replace(
                    self._measured(tuned.loaded, progress, stage),
                    training=tuned.losses,
                    rows=len(rows),
                    tokens=tuned.tokens,
                    response_tokens=tuned.response_tokens,
                    seconds=round(tuned.seconds, 3),
                )
        else:
            made = self._measured(loaded, progress, stage)
        if not np.isfinite(made.losses).all():
            raise ExplorerError(f"{stage}: the held-out loss is not finite; lower learning_rate")
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self._file(rows, params, seed), asdict(made))
        return made

    def _measured(self, loaded: LoadedModel, progress: Progress, stage: str) -> Trial:
        progress(stage, 1, None, "measuring on held-out rows")
        losses = mean_losses(loaded, self._held_out, READ_TOKENS)
        scores = self._suite.score(loaded) if self._suite is not None else {}
        return Trial(tuple(losses.tolist()), (), 0, 0, 0, 0.0, scores)

    def _file(self, rows: Sequence[Row], params: Params, seed: int) -> Path:
        # Without rows nothing is trained, so how and with which seed does not matter.
        how = {"params": asdict(params), "seed": seed} if rows else {"params": {"max_tokens": params.max_tokens}}
        identity = {**self._common, **how, "rows": _digest(rows)}
        text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
        return self.folder / f"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}.json"


def _digest(rows: Sequence[Row]) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for ids, scored in rows:
        digest.update(np.int64(len(ids)).tobytes() + ids.astype(np.int32).tobytes() + np.packbits(scored).tobytes())
    return digest.hexdigest()
