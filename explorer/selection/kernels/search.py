"""Lazy greedy search, apart from the objectives that it maximises (one objective a module beside this one).

The search knows candidates 0..m-1 and two functions of an objective's state, a tuple of arrays:

    gain, key = value(state, p)     what candidate p adds, and the key to pick by (the gain, or the gain per cost)
    finished = take(state, p)       picks candidate p; True when no candidate can add anything any more

Keys fall as picks are added (submodularity), so an old key is an upper bound: the candidate with the largest key is the
best one if its key is still the largest when computed again (Minoux 1978). Sums are of fixed-point integers and do not
depend on their order, so the ranking equals that of naive greedy. Ties: smaller candidate.
"""

# ruff: noqa: ANN001, ANN201, ANN202 (the types of a kernel stand in its signature)
from __future__ import annotations

from explorer.selection.kernels.compiled import inlined


@inlined
def _precedes(key, p, q):
    """Whether candidate p comes off the heap before q: larger key, then smaller number."""
    return key[p] > key[q] or (key[p] == key[q] and p < q)


@inlined
def _sift_down(key, heap, size, at):
    """Let the entry at `at` sink to its place in the first `size` entries."""
    candidate = heap[at]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _precedes(key, heap[child + 1], heap[child]):
            child += 1
        if not _precedes(key, heap[child], candidate):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = candidate


@inlined
def heapify(key, heap, size):
    """Order the first `size` candidates of `heap` by `key`."""
    for at in range(size // 2 - 1, -1, -1):
        _sift_down(key, heap, size, at)


def lazy_greedy(value, take):
    """Compile the search for one objective.

    `fill(state, key, heap)` puts every candidate on the heap: `key` float64 [m], `heap` int32 [m].

    `search(state, key, heap, done, limit, picks, gains)` picks from a heap of the m - `done` candidates that are left,
    whose keys are upper bounds, until there are `limit` picks or `take` is finished; it writes `picks` and `gains` from
    `done` on and returns the number of picks.
    """

    @inlined
    def fill(state, key, heap):
        for p in range(len(heap)):
            _, key[p] = value(state, p)
            heap[p] = p
        heapify(key, heap, len(heap))

    @inlined
    def search(state, key, heap, done, limit, picks, gains):
        size = len(heap) - done
        while done < limit and size > 0:
            p = heap[0]
            gain, fresh = value(state, p)
            if fresh < key[p]:
                key[p] = fresh
                _sift_down(key, heap, size, 0)
                if heap[0] != p:
                    continue
            picks[done], gains[done] = p, gain
            done += 1
            size -= 1
            heap[0] = heap[size]
            _sift_down(key, heap, size, 0)
            if take(state, p):
                break
        return done

    return fill, search
