"""The interface of selection methods: a pool of samples and a budget go in, a ranking comes out."""

from __future__ import annotations

from collections.abc import Callable
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
    "runs": "saved selections (set their names or ids)",
}


@dataclass(frozen=True)
class Pool:
    """Everything a method may look at, by position: sample i is row i of each array; None where there is none.

    `response_tokens` int32 [N]; `embeddings` float32 [N, d], unit norm; `clusters` int32 [N] with `distances`
    float32 [N] to the own centroid; `quality` float64 [N], NaN where the score failed; `tags` as feature sets;
    `hashes` [N] of text; `runs` the positions of stored selections in pick order; `sources` int32 [N], the number of
    the source that a row came from. `origin` of a part of a larger pool: the size of that pool and the place of each
    row in it.
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
    origin: tuple[int, Ints] | None = None

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

    def take(self, rows: Ints) -> Pool:
        """The pool of only `rows` (ascending); stored selections lose their picks outside them."""
        place = np.full(self.n, -1, np.int64)
        place[rows] = np.arange(len(rows))
        names = ("response_tokens", "embeddings", "clusters", "distances", "quality", "hashes", "sources")
        arrays = {name: getattr(self, name) for name in names}
        runs = (place[run] for run in self.runs)
        whole, origin = self.origin or (self.n, np.arange(self.n))
        return Pool(
            n=len(rows),
            features=self.features.take(rows) if self.features is not None else None,
            tags=self.tags.take(rows) if self.tags is not None else None,
            runs=tuple(places[places >= 0] for places in runs),
            origin=(whole, origin[rows]),
            **{name: array[rows] if array is not None else None for name, array in arrays.items()},
        )

    def draw(self, sample: Callable[[int], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Random numbers for the rows: those of `sample(n)`, drawn for all n rows of the whole pool.

        Methods draw in no other way. So what a row draws depends on the seed and on its place in the whole pool, and
        leaving out other rows does not change it.
        """
        whole, rows = self.origin or (self.n, slice(None))
        return sample(whole)[rows]

    def limit(self, budget: Budget) -> int:
        """How many samples a search must rank: those of the budget, or all of them for a budget in tokens."""
        return budget.rows(self.n) if budget.unit in ("rows", "share") else self.n

    def require(self, method: str, needs: frozenset[str]) -> None:
        """Raise an InputError of one line when the pool lacks something that the method needs."""
        attribute = {"lengths": "response_tokens"}
        for need in sorted(needs):
            value = getattr(self, attribute.get(need, need))
            if value is None or (need == "runs" and not value):
                refuse(f"method {method} needs {NEEDS[need]}")


@dataclass(frozen=True)
class Ranking:
    """Samples in the order they are picked: `positions` int64 [n], `gain` float64 [n], `round` int32 [n].

    `round` counts from 1; it is 0 for a method without rounds and for samples that no round can use (no feature at
    all). `info` holds what the method reports about the run, as JSON values.
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

    @classmethod
    def without_gain(cls, positions: npt.ArrayLike) -> Ranking:
        """Samples with gain 0 and round 0: taken by a rule, or because nothing better is left."""
        order = np.asarray(positions, dtype=np.int64)
        return cls.of(order, np.zeros(len(order)))

    def __len__(self) -> int:
        return len(self.positions)

    def then(self, other: Ranking) -> Ranking:
        """These picks, followed by those of `other`."""
        return Ranking(
            np.concatenate([self.positions, other.positions]),
            np.concatenate([self.gain, other.gain]),
            np.concatenate([self.round, other.round]),
            self.info | other.info,
        )

    def head(self, n: int) -> Ranking:
        """The first `n` picks."""
        return replace(self, positions=self.positions[:n], gain=self.gain[:n], round=self.round[:n])

    def only(self, positions: Ints) -> Ranking:
        """The picks that are among `positions`."""
        inside = np.isin(self.positions, positions)
        return replace(self, positions=self.positions[inside], gain=self.gain[inside], round=self.round[inside])

    def within(self, pool: Pool, budget: Budget) -> Ranking:
        """The picks that fit the budget; an InputError when not even the first one does."""
        fitting = budget.cut(pool.response_tokens, self.positions, pool.n)
        if fitting == 0 and len(self):
            first = self.positions[0]
            tokens = int(pool.response_tokens[first]) if pool.response_tokens is not None else 0
            refuse(
                f"no sample fits a budget of {budget.text}: the first pick, sample {first}, alone has {tokens} tokens"
            )
        return self.head(fitting)


class Method(Protocol):
    """One way to select. Stateless; each docstring states objective, needs, cost and tie rule."""

    slug: str
    title: str
    goal: str
    needs: frozenset[str]
    nested: bool
    seeded: bool = False
    """Whether the seed changes the ranking."""
    Params: type[Any]

    def prepare(self, params: Any) -> Any:
        """Replace a file that the parameters point to by its content, before anything is recorded."""
        return params

    def requires(self, params: Any) -> frozenset[str]:
        """What the pool must hold for these parameters."""
        del params
        return self.needs

    def references(self, params: Any) -> tuple[str, ...]:
        """Stored selections that these parameters name; they become `pool.runs`, in this order."""
        del params
        return ()

    def restricted(self, params: Any, rows: Ints) -> Any | None:
        """Translate parameters that name rows by number to a pool of only `rows`.

        None: the method ranks the whole pool, and other rows are then removed from its ranking.
        """
        del rows
        return params

    def opened(self, params: Any, positions: Ints) -> Any | None:
        """Parameters for a ranking that begins with these rows and counts them as picked; None if there are none."""
        del params, positions
        return None

    def certify(self, pool: Pool, ranking: Ranking, params: Any) -> float | None:
        """Lower bound on the share of the optimum of the method's own objective; None where unknown."""
        del pool, ranking, params
        return None

    def warm_up(self) -> None:
        """Load compiled kernels, so that loading them does not count as selection time."""
        return None

    def rank(self, pool: Pool, budget: Budget, params: Any, rng: np.random.Generator) -> Ranking:
        """Select up to `budget` from `pool`, best first; random numbers come from `pool.draw`."""
        ...
