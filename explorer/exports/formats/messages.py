"""OpenAI messages as JSON lines, as TRL and most chat tuners read them. Such rows go out unchanged."""

from __future__ import annotations

from pathlib import Path

from explorer.exports.formats.lines import NoParams, Options, dumped, write_lines
from explorer.exports.picks import Pick, Picks
from explorer.exports.shapes import is_messages, one_line, to_messages
from explorer.progress import Progress


class MessagesExport:
    """Conversations with `role` and `content`."""

    slug = "messages"
    title = "OpenAI messages (JSON lines)"
    suffix = ".jsonl"
    takes_extras = True
    Params = NoParams

    def write(self, picks: Picks, target: Path, params: Options, progress: Progress, *, ending: str) -> int:
        """Write the lines; the text of an unchanged row is that of the source, on one line."""
        del params, ending

        def text(pick: Pick) -> str:
            return one_line(pick.raw) if is_messages(pick.origin) else dumped(to_messages(pick))

        return write_lines(picks, target, text, progress)
