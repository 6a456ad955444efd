"""Names for features from their strongest contexts: the words they peak on, then what the contexts are about.

Local and free of keys. The topic words come from `explorer.maps.words`, as those of clusters do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_NAMES = {
    "\n": "line break", ".": "full stop", ",": "comma", ":": "colon", ";": "semicolon", "?": "question mark",
    "!": "exclamation mark", '"': "quotation mark", "'": "apostrophe", "(": "opening bracket", ")": "closing bracket",
    "-": "dash", "–": "dash", "—": "dash", "*": "asterisk", "#": "hash sign", "=": "equals sign", "+": "plus sign",
    "/": "slash", "|": "table bar", "`": "backtick", "{": "opening brace", "}": "closing brace", "$": "dollar sign",
    "[": "opening square bracket", "]": "closing square bracket", "%": "percent sign", "<": "less-than sign",
    ">": "greater-than sign", "_": "underscore", "\\": "backslash", "&": "ampersand", "@": "at sign", " ": "space",
}  # fmt: skip
_SIGNS = frozenset(_NAMES.values())


@dataclass(frozen=True)
class Context:
    """One example of a feature: its tokens, and which of them it peaks on."""

    tokens: Sequence[str]
    peak: int

    @property
    def text(self) -> str:
        """The tokens as running text."""
        return "".join(self.tokens)

    @property
    def peak_word(self) -> str:
        """The whole word around the peak token in lower case, or the name of the sign it peaks on."""
        token = self.tokens[self.peak] if self.peak < len(self.tokens) else ""
        core = token.strip()
        if not core:
            return "line break" if "\n" in token else ("space" if token else "")
        if not any(character.isalnum() for character in core):
            return _NAMES.get(core, _NAMES.get(core[0], core) if len(set(core)) == 1 else core)
        start, stop = self.peak, self.peak + 1
        while start > 0 and not self.tokens[start][:1].isspace() and self.tokens[start - 1][-1:].isalnum():
            start -= 1
        while stop < len(self.tokens) and self.tokens[stop][:1].isalnum():
            stop += 1
        return "".join(self.tokens[start:stop]).strip().lower()


def top_peak_words(contexts: Sequence[Context], *, keep: int = 5) -> list[tuple[str, float]]:
    """The words the contexts peak on with their share of the contexts, most frequent first (ties: first seen)."""
    counts = Counter(context.peak_word for context in contexts if context.peak_word)
    return [(word, count / len(contexts)) for word, count in counts.most_common(keep)]


def make_label(peaks: Sequence[tuple[str, float]], topic: Sequence[str]) -> str:
    """A short label: up to three peak words that recur (at least 15 % of contexts), then up to three topic words."""
    heads = [word for word, share in peaks if share >= 0.15][:3] or [word for word, _ in peaks[:1]]
    about = [word for word in topic if not any(word in head or head in word for head in heads)][:3]
    head = ", ".join(word if word in _SIGNS or not word.isalnum() else f"“{word}”" for word in heads)
    return f"{head} · {', '.join(about)}" if about and head else head or ", ".join(about)
