"""Run shards one after another in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from explorer.progress import Progress

Shard = tuple[int, int, int]  # first sample id, last sample id, characters
Tick = Callable[[int, int], None]  # tokens just read, tokens of the whole shard


class ShardLedger(Protocol):
    """Records which shards are done and writes the tables of the others."""

    def done(self, number: int) -> bool:
        """Whether shard `number` is done."""
        ...

    def write(self, number: int, tables: Any) -> None:
        """Write the tables of shard `number` and mark it done."""
        ...


class LocalEngine:
    """The default engine: one process, with as many threads as torch uses."""

    slug = "local"

    def run(
        self,
        make_worker: Callable[[], Callable[[Shard, Tick], Any]],
        shards: Sequence[Shard],
        ledger: ShardLedger,
        progress: Progress,
    ) -> None:
        """Run every shard that `ledger` does not have yet, reporting progress in characters."""
        pending = [number for number in range(len(shards)) if not ledger.done(number)]
        if not pending:
            return
        total = float(sum(chars for _, _, chars in shards))
        finished = total - sum(shards[number][2] for number in pending)
        run_shard = make_worker()
        started, tokens = time.perf_counter(), 0
        for number in pending:
            chars = shards[number][2]

            def tick(tokens_read: int, shard_tokens: int, *, chars: int = chars) -> None:
                nonlocal finished, tokens
                tokens += tokens_read
                finished += chars * tokens_read / max(1, shard_tokens)
                rate = tokens / (time.perf_counter() - started)
                progress("extract", min(finished, total), total, f"{rate:,.0f} tokens/s")

            ledger.write(number, run_shard(shards[number], tick))
