"""The local engine runs the shards that are not done, in order, and reports how much text it has read."""

import pytest

from explorer.engine import ENGINES
from explorer.engine.local import LocalEngine
from explorer.errors import Cancelled, InputError

SHARDS = [(0, 4, 100), (5, 9, 300), (10, 14, 600)]


class Ledger:
    def __init__(self, done=()):
        self.tables = {number: "earlier" for number in done}

    def done(self, number):
        return number in self.tables

    def write(self, number, tables):
        self.tables[number] = tables


def run(ledger, progress=lambda *args: None):
    """Run with a worker that reads each shard in two batches; returns how often a worker was set up."""
    workers = []

    def make_worker():
        workers.append(1)

        def work(shard, tick):
            tick(10, 40)
            tick(30, 40)
            return shard

        return work

    LocalEngine().run(make_worker, SHARDS, ledger, progress)
    return len(workers)


def test_every_shard_is_run_once_by_one_worker():
    ledger = Ledger()
    assert run(ledger) == 1
    assert ledger.tables == dict(enumerate(SHARDS))


def test_shards_that_are_done_are_not_run_again():
    ledger = Ledger(done=[0, 2])
    assert run(ledger) == 1
    assert ledger.tables == {0: "earlier", 1: SHARDS[1], 2: "earlier"}


def test_no_worker_is_set_up_when_all_shards_are_done():
    assert run(Ledger(done=[0, 1, 2])) == 0


def test_progress_counts_characters_including_those_done_before():
    reports = []
    run(Ledger(done=[1]), lambda stage, done, total, note="": reports.append((stage, done, total)))
    assert reports == [("extract", done, 1000) for done in (325, 400, 550, 1000)]


def test_cancelling_keeps_the_shards_that_are_done():
    def cancel(stage, done, total, note=""):
        if done > 300:
            raise Cancelled("cancelled")

    ledger = Ledger()
    with pytest.raises(Cancelled):
        run(ledger, cancel)
    assert ledger.tables == {0: SHARDS[0]}


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"'magic'.*local"):
        ENGINES["magic"]
