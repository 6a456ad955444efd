"""What a selection method is: a pool of samples and a budget go in, a ranking comes out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from explorer.errors import refuse
from explorer.features.sets import FeatureSets
from explorer.selection.budget import Budget

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NEEDS = {
    "features": "the feature sets of an extraction (run: extract)",
    "lengths": "the response lengths of an extraction (run: extract)",
    "embeddings": "embeddings (run: embed)",
    "clusters": "clusters (run: cluster)",
    "quality": "a quality score (run: score)",
    "tags": "a column of tags (set the parameter column)",
    "hashes": "the content hashes of the samples",
    "runs": "stored selections (set their names or ids)",
}


@dataclass(frozen=True)
class Pool:
    """Everything a method may look at, by position: sample i is row i of each array; what is not there is None.

    `response_tokens` int32 [N]; `embeddings` float32 [N, d], unit norm; `clusters` int32 [N] with `distances`
    float32 [N] to the own centroid; `quality` float64 [N], NaN where the score failed; `tags` as feature sets;
    `hashes` [N] of text; `runs` the positions of stored selections in pick order; `sources` int32 [N], the number of
    the source that a row came from.
    """

    n: int
    features: FeatureSets | None = None
    response_tokens: npt.NDArray[np.int32] | None = None
    embeddings: npt.NDArray[np.float32] | None = None
    clusters: npt.NDArray[np.int32] | None = None
    distances: npt.NDArray[np.float32] | None = None
    quality: Floats | None = None
    tags: FeatureSets | None = None
    hashes: npt.NDArray[Any] | None = None
    runs: tuple[Ints, ...] = ()
    sources: npt.NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        if self.n < 1:
            refuse("there is no sample to select from", got=self.n, allowed="1 or more samples")
        sizes = {
            "features": self.features.n if self.features is not None else self.n,
            "tags": self.tags.n if self.tags is not None else self.n,
        }
        for name in ("response_tokens", "embeddings", "clusters", "distances", "quality", "hashes", "sources"):
            value = getattr(self, name)
            sizes[name] = self.n if value is None else len(value)
        wrong = {name: size for name, size in sizes.items() if size != self.n}
        if wrong:
            raise ValueError(f"a pool of {self.n} samples cannot hold {wrong}")

    def take(self, kept: Ints) -> Pool:
        """The pool of only the rows `kept` (ascending); what a stored selection holds besides them is left out."""
        place = np.full(self.n, -1, np.int64)
        place[kept] = np.arange(len(kept))
        arrays = ("response_tokens", "embeddings", "clusters", "distances", "quality", "hashes", "sources")
        inner = {name: getattr(self, name) for name in arrays}
        return Pool(
            n=len(kept),
            features=self.features.take(kept) if self.features is not None else None,
            tags=self.tags.take(kept) if self.tags is not None else None,
            runs=tuple(found[found >= 0] for found in (place[run] for run in self.runs)),
            **{name: value[kept] if value is not None else None for name, value in inner.items()},
        )

    def require(self, method: str, needs: frozenset[str]) -> None:
        """Refuse in one line when something a method needs is not in the pool."""
        attribute = {"lengths": "response_tokens"}
        for need in sorted(needs):
            value = getattr(self, attribute.get(need, need))
            if value is None or (need == "runs" and not value):
                refuse(f"method {method} needs {NEEDS[need]}")


@dataclass(frozen=True)
class Ranking:
    """Samples in the order they are picked: `positions` int64 [n], `gain` float64 [n], `round` int32 [n].

    `round` counts from 1; it is 0 for a method without rounds and for samples that no round can use (no feature at
    all). `info` holds what a method wants to be known, as JSON values.
    """

    positions: Ints
    gain: Floats
    round: npt.NDArray[np.int32]
    info: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.positions) == len(self.gain) == len(self.round):
            raise ValueError(f"a ranking of {len(self.positions)}, {len(self.gain)} and {len(self.round)} entries")

    @classmethod
    def of(cls, positions: npt.ArrayLike, gain: npt.ArrayLike, **info: Any) -> Ranking:
        """A ranking without rounds."""
        order = np.asarray(positions, dtype=np.int64)
        return cls(order, np.asarray(gain, dtype=np.float64), np.zeros(len(order), np.int32), info)

    def __len__(self) -> int:
        return len(self.positions)

    def head(self, n: int) -> Ranking:
        """The first `n` picks."""
        return replace(self, positions=self.positions[:n], gain=self.gain[:n], round=self.round[:n])

    def within(self, pool: Pool, budget: Budget) -> Ranking:
        """The picks that fit the budget; one that no pick fits into is refused."""
        fitting = budget.cut(pool.response_tokens, self.positions, pool.n)
        if fitting == 0 and len(self):
            first = self.positions[0]
            tokens = int(pool.response_tokens[first]) if pool.response_tokens is not None else 0
            refuse(
                f"no sample fits a budget of {budget.text}: the first pick, sample {first}, alone has {tokens} tokens"
            )
        return self.head(fitting)


class Method(Protocol):
    """One way to select. Stateless; subclasses state objective, needs, cost and tie rule in their docstring."""

    slug: str
    title: str
    goal: str
    needs: frozenset[str]
    nested: bool
    seeded: bool = False
    """Whether the seed changes the ranking."""
    Params: type[Any]

    def prepare(self, params: Any) -> Any:
        """Replace what the parameters only point to (a file) by what it holds, before anything is recorded."""
        return params

    def requires(self, params: Any) -> frozenset[str]:
        """What the pool must hold for these parameters."""
        del params
        return self.needs

    def references(self, params: Any) -> tuple[str, ...]:
        """Stored selections that these parameters name; they come in as `pool.runs`, in this order."""
        del params
        return ()

    def restricted(self, params: Any, kept: Ints) -> Any | None:
        """The same parameters for a pool of only the rows `kept`, where those name rows by number.

        None: the method ranks the whole pool, and the other rows are left out of its ranking.
        """
        del kept
        return params

    def opened(self, params: Any, positions: Ints) -> Any | None:
        """Parameters for a ranking that begins with these rows and counts them as picked; None where it cannot."""
        del params, positions
        return None

    def certify(self, pool: Pool, ranking: Ranking, params: Any) -> float | None:
        """At least this share of the best value of the method's own objective is reached; None where unknown."""
        del pool, ranking, params
        return None

    def warm_up(self) -> None:
        """Load compiled kernels, so that their loading is not counted as selection time."""
        return None

    def rank(self, pool: Pool, budget: Budget, params: Any, rng: np.random.Generator) -> Ranking:
        """Select up to `budget` from `pool`, best first."""
        ...
