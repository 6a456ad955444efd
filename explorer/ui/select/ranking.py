"""Rankings computed beside the app's reruns: one worker thread, progress for polling, results kept while they are used.

One ranking of all samples answers every budget of a nested method, so the budget slider is a prefix of it. A ranking
belongs to the process, not to a browser session: a reload finds it again. No Streamlit in here.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.errors import Cancelled, ExplorerError

if TYPE_CHECKING:
    from explorer.pipeline.pool import Gathered
    from explorer.pipeline.select import Ranked
    from explorer.selection.metrics import Curve
    from explorer.workspace import Store

KEPT = 12  # rankings
POOLS = 2  # pools of samples (features, embeddings …) kept in memory
BOUND_POINTS = 24  # budgets at which the certificate is worked out


@dataclass(frozen=True)
class Request:
    """What is asked for: everything that the ranking depends on. `budget` is "" for nested methods."""

    workspace: str
    samples: str
    activations: str
    method: str
    threshold: float
    segment: str
    seed: int
    params: str  # JSON object, keys sorted
    rules: str = "{}"  # JSON object as `Rules.record` writes it, the user's marks among them
    budget: str = ""

    @classmethod
    def of(cls, *, params: Mapping[str, Any], rules: Mapping[str, Any], **fields: Any) -> Request:
        """Return a request with `params` and `rules` (as `Rules.record` writes them) as mappings."""
        written = (json.dumps(dict(part), sort_keys=True, default=list) for part in (params, rules))
        return cls(**dict(zip(("params", "rules"), written, strict=True)), **fields)


@dataclass(frozen=True)
class Outcome:
    """A ranking with what the page draws of it. `bound` is (rows, most features any subset of that size covers)."""

    ranked: Ranked
    curve: Curve | None
    bound: tuple[np.ndarray, np.ndarray] | None
    tokens: np.ndarray | None  # int64 [n], response tokens of the first i+1 picks


@dataclass
class Task:
    """A ranking under way or done; `error` is one line for the user."""

    request: Request
    started: float = field(default_factory=time.time)
    stage: str = "waiting"
    share: float | None = None
    outcome: Outcome | None = None
    error: str = ""
    ended: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def running(self) -> bool:
        """Whether it is still to end."""
        return self.ended is None

    def progress(self, stage: str, done: float, total: float | None, note: str = "") -> None:
        """Take a report of the pipeline; stops it when the user cancelled."""
        self.stage = f"{stage} {note}".strip()
        self.share = done / total if total else None
        if self.stop.is_set():
            raise Cancelled("cancelled")


class Ranker:
    """The worker and what it made."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ranking")
        self._tasks: OrderedDict[Request, Task] = OrderedDict()
        self._gathered: OrderedDict[tuple[Any, ...], Gathered] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, request: Request) -> Task | None:
        """Return the task of a request, if it was started and is still kept."""
        with self._lock:
            if request in self._tasks:
                self._tasks.move_to_end(request)
            return self._tasks.get(request)

    def start(self, request: Request) -> Task:
        """Start a ranking, or return the one that is there; one that failed is tried again."""
        known = self.get(request)
        if known is not None and (known.running or known.outcome is not None):
            return known
        task = Task(request)
        with self._lock:
            self._tasks[request] = task
            while len(self._tasks) > KEPT:
                self._tasks.popitem(last=False)[1].stop.set()
        self._pool.submit(self._work, task)
        return task

    def _work(self, task: Task) -> None:
        try:
            task.progress("reading", 0, None)
            task.outcome = self._rank(task)
        except Cancelled:
            task.error = "cancelled"
        except ExplorerError as error:
            task.error = str(error)
        except Exception as error:  # a fault of ours must reach the page, not die in the thread
            task.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            task.ended = time.time()

    def _rank(self, task: Task) -> Outcome:
        from explorer.pipeline.select import rank
        from explorer.selection import Rules
        from explorer.selection.certificate import coverage_bounds
        from explorer.selection.metrics import coverage_curve
        from explorer.workspace import Store

        request = task.request
        store = Store.open(Path(request.workspace))
        params = json.loads(request.params)
        gathered = self._gather(task, store, params)
        task.progress("ranking", 0, None, request.method)
        ranked = rank(
            store,
            request.method,
            threshold=request.threshold,
            segment=request.segment,
            seed=request.seed,
            params=params,
            budget=request.budget or None,
            rules=Rules.read(json.loads(request.rules)),
            gathered=gathered,
            progress=task.progress,
        )
        task.progress("working out coverage", 0, None)
        sets, positions = ranked.pool.features, ranked.ranking.positions
        curve = bound = tokens = None
        if sets is not None and len(positions):
            curve = coverage_curve(sets, positions)
            rows = np.unique(np.geomspace(1, len(positions), BOUND_POINTS).astype(np.int64))
            bound = (rows, coverage_bounds(sets, positions, rows))
        if ranked.pool.response_tokens is not None:
            tokens = np.cumsum(ranked.pool.response_tokens[positions], dtype=np.int64)
        return Outcome(ranked, curve, bound, tokens)

    def _gather(self, task: Task, store: Store, params: Mapping[str, Any]) -> Gathered:
        from explorer.pipeline.pool import gather, sources
        from explorer.registry import build
        from explorer.selection import METHODS, Rules
        from explorer.workspace import Snapshot

        request = task.request
        how = METHODS[request.method]
        options = build(how.Params, params, owner=f"method {how.slug}")
        needs = how.requires(options) | Rules.read(json.loads(request.rules)).needs
        found = sources(Snapshot.newest(store), needs, references=how.references(options), progress=task.progress)
        column = getattr(options, "column", "")
        key = (request.workspace, tuple(found.inputs.items()), request.threshold, request.segment, column, needs)
        if key not in self._gathered:
            self._gathered[key] = gather(
                found, needs, threshold=request.threshold, segment=request.segment, column=column
            )
            while len(self._gathered) > POOLS:
                self._gathered.popitem(last=False)
        # What was made for an earlier ranking is not made again for this one.
        return dataclasses.replace(self._gathered[key], made=list(found.made))
