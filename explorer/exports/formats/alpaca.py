"""Alpaca: a JSON array of instruction, input, output. Alpaca rows go out unchanged; others are converted."""

from __future__ import annotations

from pathlib import Path

from explorer.exports.formats.lines import NoParams, Options, dumped, write_array
from explorer.exports.picks import Pick, Picks
from explorer.exports.shapes import is_alpaca, to_alpaca
from explorer.progress import Progress


class AlpacaExport:
    """The format most instruction tuners read."""

    slug = "alpaca"
    title = "Alpaca (JSON array)"
    suffix = ".json"
    takes_extras = True
    Params = NoParams

    def write(self, picks: Picks, target: Path, params: Options, progress: Progress, *, ending: str) -> int:
        """Write the array; the text of an unchanged row is that of the source."""
        del params, ending
        system, history = picks.shape()

        def text(pick: Pick) -> str:
            if is_alpaca(pick.origin):
                return pick.raw
            return dumped(to_alpaca(pick, system=system, history=history))

        return write_array(picks, target, text, progress)
