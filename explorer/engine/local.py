"""Run shards one after the other in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from explorer.progress import Progress

Shard = tuple[int, int, int]  # first sample id, last sample id, characters
Tick = Callable[[int, int], None]  # tokens just read, and the tokens of the whole shard


class ShardLedger(Protocol):
    """Knows which shards are done and writes those that are not."""

    def done(self, number: int) -> bool:
        """Whether shard `number` need not be run again."""
        ...

    def write(self, number: int, tables: Any) -> None:
        """Write the tables of shard `number` and mark it done."""
        ...


class LocalEngine:
    """The default: one process, as many threads as torch takes."""

    slug = "local"

    def run(
        self,
        make: Callable[[], Callable[[Shard, Tick], Any]],
        shards: Sequence[Shard],
        ledger: ShardLedger,
        progress: Progress,
    ) -> None:
        """Run every shard that `ledger` does not have yet, telling `progress` the characters done."""
        pending = [number for number in range(len(shards)) if not ledger.done(number)]
        if not pending:
            return
        total = float(sum(chars for _, _, chars in shards))
        finished = total - sum(shards[number][2] for number in pending)
        run = make()
        started, tokens = time.perf_counter(), 0
        for number in pending:
            chars = shards[number][2]

            def tick(read: int, of: int, *, chars: int = chars) -> None:
                nonlocal finished, tokens
                tokens += read
                finished += chars * read / max(1, of)
                rate = tokens / (time.perf_counter() - started)
                progress("extract", min(finished, total), total, f"{rate:,.0f} tokens/s")

            ledger.write(number, run(shards[number], tick))
