"""Words that say what a feature is about, from its strongest contexts: peak words and class-based TF-IDF.

Local and free of keys. A label reads like words: the words it peaks on, then what its contexts are about.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)?")
_NAMES = {
    "\n": "line break", ".": "full stop", ",": "comma", ":": "colon", ";": "semicolon", "?": "question mark",
    "!": "exclamation mark", '"': "quotation mark", "'": "apostrophe", "(": "opening bracket", ")": "closing bracket",
    "-": "dash", "–": "dash", "—": "dash", "*": "asterisk", "#": "hash sign", "=": "equals sign", "+": "plus sign",
    "/": "slash", "|": "table bar", "`": "backtick", "{": "opening brace", "}": "closing brace", "$": "dollar sign",
    "[": "opening square bracket", "]": "closing square bracket", "%": "percent sign", "<": "less-than sign",
    ">": "greater-than sign", "_": "underscore", "\\": "backslash", "&": "ampersand", "@": "at sign", " ": "space",
}  # fmt: skip
STOPWORDS = frozenset(
    "a about above after again all also am an and any are as at be because been before being below between both but by "
    "can could did do does doing down during each few for from further had has have having he her here hers him his "
    "how i if in into is it its itself just let like made make many may me might more most much must my no nor not now "
    "of off on once one only or other our out over own per same she should so some such than that the their them then "
    "there these they this those through to too two under until up us use used using very was we were what when where "
    "which while who whom why will with within would you your yours".split()
)


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


def words(text: str) -> list[str]:
    """The content words of a text in lower case: letters only, no stop words, two letters at the least."""
    return [word for word in _WORD.findall(text.lower()) if word not in STOPWORDS]


def class_tfidf(documents: Iterable[Counter[str]], *, keep: int) -> list[list[str]]:
    """The `keep` words that set each document (class) apart from the others (class-based TF-IDF).

    Score of word w in class c: tf(w, c) * log(1 + A / f(w)), tf its share of the class's words, f(w) its share of all
    words and A the mean share of a word; source: Grootendorst 2022 (BERTopic). Ties: alphabetical. A word must occur
    twice in a class that has room to repeat itself.
    """
    classes = list(documents)
    everywhere: Counter[str] = Counter()
    for document in classes:
        everywhere.update(document)
    average = everywhere.total() / max(1, len(everywhere))
    chosen = []
    for document in classes:
        total, floor = max(1, document.total()), 2 if document.total() >= 20 else 1
        scores = [
            (-(count / total) * math.log(1 + average / everywhere[word]), word)
            for word, count in document.items()
            if count >= floor
        ]
        chosen.append([word for _, word in sorted(scores)[:keep]])
    return chosen


def top_peak_words(contexts: Sequence[Context], *, keep: int = 5) -> list[tuple[str, float]]:
    """The words the contexts peak on with their share of the contexts, most frequent first (ties: first seen)."""
    counts = Counter(context.peak_word for context in contexts if context.peak_word)
    return [(word, count / len(contexts)) for word, count in counts.most_common(keep)]


def make_label(peaks: Sequence[tuple[str, float]], topic: Sequence[str]) -> str:
    """A short label: up to three peak words that recur (at least 15 % of contexts), then up to three topic words."""
    heads = [word for word, share in peaks if share >= 0.15][:3] or [word for word, _ in peaks[:1]]
    about = [word for word in topic if not any(word in head or head in word for head in heads)][:3]
    head = ", ".join(f"“{word}”" if word.isalnum() else word for word in heads)
    return f"{head} · {', '.join(about)}" if about and head else head or ", ".join(about)
