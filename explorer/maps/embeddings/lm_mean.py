"""Mean of the language model's hidden states over a sample's response tokens, computed during extraction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.maps.embeddings.base import Inputs
from explorer.maps.vectors import Vectors, unit_norm
from explorer.progress import Progress
from explorer.registry import param


@dataclass(frozen=True)
class Params:
    """Parameters of `lm-mean`."""

    centre: bool = param(
        True,
        "subtract the mean over all samples first: hidden states share one large direction, which makes every "
        "cosine similarity high (0.8 on average for the default model) and hides what differs",
    )


class LmMean:
    """v_i = u_i / |u_i|, u_i = m_i - mean_j m_j, m_i the mean hidden state over the counted response tokens.

    The states are those at the SAE's layer. Centring (Mu & Viswanath 2018, "All-but-the-top") can be switched off:
    then u_i = m_i. Cost: O(N d).
    """

    slug = "lm-mean"
    title = "LM hidden states (mean)"
    goal = "what the language model itself makes of the response; costs nothing after extraction"
    needs = frozenset({"lm_mean"})
    Params = Params

    def embed(self, inputs: Inputs, params: Params, rng: np.random.Generator, progress: Progress) -> Vectors:
        """See the class."""
        del rng
        assert inputs.lm_mean is not None
        progress("embed", 0, len(inputs.lm_mean), self.title)
        means = inputs.lm_mean
        nonzero = (means != 0).any(axis=1)
        if params.centre and nonzero.any():
            centre = means[nonzero].mean(axis=0, dtype=np.float64).astype(np.float32)
            means = np.where(nonzero[:, None], means - centre, 0.0).astype(np.float32)
        progress("embed", len(means), len(means), self.title)
        return unit_norm(means)
