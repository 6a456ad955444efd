"""Rankings computed in a worker thread, with progress to poll and a cache of the last results.

One ranking of all samples answers every budget of a nested method, so the budget slider is a prefix of it. A ranking
belongs to the process, not to a browser session: a reload finds it again. No Streamlit in here.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.errors import Cancelled, ExplorerError
from explorer.selection.budget import Budget
from explorer.selection.spec import SelectionSpec

if TYPE_CHECKING:
    from explorer.pipeline.pool import LoadedPool
    from explorer.pipeline.select import Ranked
    from explorer.selection.metrics import Curve
    from explorer.workspace import Store

RANKINGS = 12  # held in memory
POOLS = 2  # pools of samples (features, embeddings …) held in memory
BOUND_POINTS = 24  # budgets at which the certificate is computed


@dataclass(frozen=True)
class Request:
    """Everything that a ranking depends on.

    `spec` names rows, the user's marks among them; its budget is everything for nested methods. `written` is the same
    as the user wrote it, for the address.
    """

    workspace: str
    samples: str
    activations: str
    spec: SelectionSpec
    written: SelectionSpec = field(compare=False)

    def at(self, budget: Budget) -> Request:
        """The same at another budget."""
        return replace(self, spec=replace(self.spec, budget=budget))


@dataclass(frozen=True)
class Outcome:
    """A ranking with what the page draws of it. `bound` is (rows, most features any subset of that size covers)."""

    ranked: Ranked
    curve: Curve | None
    bound: tuple[np.ndarray, np.ndarray] | None
    tokens: np.ndarray | None  # int64 [n], response tokens of the first i+1 picks


@dataclass
class Task:
    """A running or finished ranking; `error` is one line for the user."""

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
        """Whether it has not ended yet."""
        return self.ended is None

    def progress(self, stage: str, done: float, total: float | None, note: str = "") -> None:
        """Take a progress report of the pipeline; raises `Cancelled` after the user pressed Cancel."""
        self.stage = f"{stage} {note}".strip()
        self.share = done / total if total else None
        if self.stop.is_set():
            raise Cancelled("cancelled")


class Ranker:
    """The worker thread and its last results."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ranking")
        self._tasks: OrderedDict[Request, Task] = OrderedDict()
        self._pools: OrderedDict[tuple[Any, ...], LoadedPool] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, request: Request) -> Task | None:
        """Return the task of a request, if it was started and is still held."""
        with self._lock:
            if request in self._tasks:
                self._tasks.move_to_end(request)
            return self._tasks.get(request)

    def start(self, request: Request) -> Task:
        """Start a ranking, or return the task of an equal request; one that failed starts again."""
        known = self.get(request)
        if known is not None and (known.running or known.outcome is not None):
            return known
        task = Task(request)
        with self._lock:
            self._tasks[request] = task
            while len(self._tasks) > RANKINGS:
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
        from explorer.selection.certificate import coverage_bounds
        from explorer.selection.metrics import coverage_curve
        from explorer.workspace import Store

        spec = task.request.spec
        store = Store.open(Path(task.request.workspace))
        loaded = self._load(task, store)
        task.progress("ranking", 0, None, spec.method)
        ranked = rank(store, spec, loaded=loaded, progress=task.progress)
        task.progress("computing coverage", 0, None)
        sets, positions = ranked.pool.features, ranked.ranking.positions
        curve = bound = tokens = None
        if sets is not None and len(positions):
            curve = coverage_curve(sets, positions)
            rows = np.unique(np.geomspace(1, len(positions), BOUND_POINTS).astype(np.int64))
            bound = (rows, coverage_bounds(sets, positions, rows))
        if ranked.pool.response_tokens is not None:
            tokens = np.cumsum(ranked.pool.response_tokens[positions], dtype=np.int64)
        return Outcome(ranked, curve, bound, tokens)

    def _load(self, task: Task, store: Store) -> LoadedPool:
        from explorer.pipeline.select import inputs_of, pool_key, pool_of
        from explorer.workspace import Snapshot

        spec = task.request.spec
        inputs = inputs_of(Snapshot.newest(store), spec, task.progress)
        key = (task.request.workspace, *pool_key(inputs, spec))
        if key not in self._pools:
            self._pools[key] = pool_of(inputs, spec)
            while len(self._pools) > POOLS:
                self._pools.popitem(last=False)
        # An artifact that an earlier ranking made is not made by this one.
        return replace(self._pools[key], made=list(inputs.made))
