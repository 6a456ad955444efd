"""ShareGPT: a JSON array of `conversations`. ShareGPT rows go out unchanged; others are converted."""

from __future__ import annotations

from pathlib import Path

from explorer.exports.formats.lines import NoParams, Options, dumped, write_array
from explorer.exports.picks import Pick, Picks
from explorer.exports.shapes import is_sharegpt, to_sharegpt
from explorer.progress import Progress


class ShareGptExport:
    """Conversations with `from` and `value`."""

    slug = "sharegpt"
    title = "ShareGPT (JSON array)"
    suffix = ".json"
    takes_extras = True
    Params = NoParams

    def write(self, picks: Picks, target: Path, params: Options, progress: Progress, *, ending: str) -> int:
        """Write the array; the text of an unchanged row is that of the source."""
        del params, ending

        def text(pick: Pick) -> str:
            return pick.raw if is_sharegpt(pick.origin) else dumped(to_sharegpt(pick))

        return write_array(picks, target, text, progress)
