"""DEITA: quality times complexity first, leaving out samples too similar to one already taken."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.dissimilar import rank_dissimilar
from explorer.selection.method import Method, Pool, Ranking
from explorer.selection.scores import from_zero, scored


@dataclass(frozen=True)
class Params:
    """Options of deita."""

    complexity: str = param(
        "features", "what counts as complex: many features, or a long response", choices=("features", "length")
    )
    max_similarity: float = param(
        0.9, "accept when the cosine to the nearest accepted sample is below this", minimum=-1.0, maximum=1.0
    )


class Deita(Method):
    """A scan by falling quality * complexity with a limit on similarity.

    Objective: maximise the sum of q(x) * c(x) over S with all cosines inside S below `max_similarity`, greedily; the
    gain of a pick is q * c. c is |F_i| or the response tokens: the paper's own complexity model is not used. Negative
    scores shift all scores up until the lowest is 0. When a scan ends short of the budget, the accepted samples are
    set aside and the others are scanned again (the next round). Samples without a score come last.
    Needs: embeddings (computed in 16-bit fixed point), quality, feature sets or lengths.
    Cost: O(N * picks * d) per pass. Nested: yes. Ties: smaller sample id.
    Source: Liu et al. 2024, "What Makes Good Data for Alignment?", arXiv 2312.15685.
    """

    slug = "deita"
    title = "DEITA"
    goal = "Good and complex answers without near-duplicates"
    needs = frozenset({"embeddings", "quality", "features"})
    nested = True
    Params = Params

    def requires(self, params: Params) -> frozenset[str]:
        """Lengths in place of feature sets where they measure complexity."""
        return frozenset({"embeddings", "quality", "features" if params.complexity == "features" else "lengths"})

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.similarity  # noqa: F401

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by passes over the samples; `rng` is not used."""
        del rng
        pool.require(self.slug, self.requires(params))
        known, missing = scored(pool, self.slug)
        complexity = pool.response_tokens if params.complexity == "length" else pool.features and pool.features.sizes
        assert pool.quality is not None and complexity is not None
        score = from_zero(pool.quality) * np.asarray(complexity, np.float64)
        ranking = rank_dissimilar(pool, budget, score, known, params.max_similarity)
        return replace(ranking, info=ranking.info | {"missing_quality": len(missing)})
