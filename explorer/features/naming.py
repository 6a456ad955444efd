"""Local labels for features from their top activating contexts: where they peak, on which words, and the topic.

Needs no model and no API key. These rules apply in order, to distinct contexts: position (start of an answer, end of a
prompt); numbers, years and names; word pieces and endings; words grouped by their forms; fixed phrases; and for words
that say little alone (`the`, a comma) the neighbouring word. Topic words come from `explorer.features.keywords`, as
those of clusters do, and are added only where enough of the contexts contain them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from explorer.features.keywords import STOPWORDS, stem, words_of
from explorer.lm.layout import TURN

_NAMES = {
    "\n": "line break", ".": "full stop", ",": "comma", ":": "colon", ";": "semicolon", "?": "question mark",
    "!": "exclamation mark", '"': "quotation mark", "'": "apostrophe", "(": "opening bracket", ")": "closing bracket",
    "-": "dash", "–": "dash", "—": "dash", "*": "asterisk", "#": "hash sign", "=": "equals sign", "+": "plus sign",
    "/": "slash", "|": "table bar", "`": "backtick", "{": "opening brace", "}": "closing brace", "$": "dollar sign",
    "[": "opening square bracket", "]": "closing square bracket", "%": "percent sign", "<": "less-than sign",
    ">": "greater-than sign", "_": "underscore", "\\": "backslash", "&": "ampersand", "@": "at sign", " ": "space",
    "×": "multiplication sign", "…": "ellipsis", "...": "ellipsis", "”": "closing quotation mark",
    "“": "opening quotation mark", "’": "apostrophe", "•": "bullet", "°": "degree sign", "€": "euro sign",
}  # fmt: skip
_SIGNS = frozenset(_NAMES.values())
_ENDINGS = (
    "ation",
    "ment",
    "ness",
    "able",
    "ously",
    "ing",
    "ity",
    "ful",
    "ive",
    "ist",
    "ism",
    "est",
    "ous",
    "ly",
    "ed",
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_LAST_WORD = re.compile(r"(?<![^\W_])([^\W_]+(?:['’][^\W_]+)*)[ ]?$")
_NEXT_WORD = re.compile(r"^[ ]?([^\W_]+(?:['’][^\W_]+)*)")

OFTEN = 0.6  # share of the contexts from which a rule applies
BESIDE = 0.4  # share from which a neighbouring word is named
HEAD = 0.15  # share from which a peak word is part of the label
TOPIC = 0.25  # share of the contexts from which a topic word is added


@dataclass(frozen=True)
class Context:
    """One context of a feature: its tokens, the index of the peak token, and its segment."""

    tokens: Sequence[str]
    peak: int
    segment: str = ""

    @property
    def text(self) -> str:
        """The tokens as running text."""
        return "".join(self.tokens)

    @property
    def peak_token(self) -> str:
        """The token it peaks on."""
        return self.tokens[self.peak] if self.peak < len(self.tokens) else ""

    @cached_property
    def span(self) -> tuple[int, int]:
        """First token of the whole word around the peak, and the one after its last."""
        start, stop = self.peak, self.peak + 1
        if not any(character.isalnum() for character in self.peak_token):
            return start, stop
        while start > 0 and not self.tokens[start][:1].isspace() and self.tokens[start - 1][-1:].isalnum():
            start -= 1
        while stop < len(self.tokens) and self.tokens[stop][:1].isalnum():
            stop += 1
        return start, stop

    @cached_property
    def written(self) -> str:
        """The whole word around the peak as written, or the bare sign."""
        start, stop = self.span
        return "".join(self.tokens[start:stop]).strip()

    @property
    def peak_word(self) -> str:
        """The whole word around the peak token in lower case, or the name of the sign it peaks on."""
        token = self.peak_token
        core = token.strip()
        if not core:
            return "line break" if "\n" in token else ("space" if token else "")
        if not any(character.isalnum() for character in core):
            return _NAMES.get(core, _NAMES.get(core[0], core) if len(set(core)) == 1 else core)
        return self.written.lower()

    @cached_property
    def before(self) -> str:
        """The word directly before the peak word, in lower case; empty after a sign or a line break."""
        match = _LAST_WORD.search("".join(self.tokens[: self.span[0]]) + self._space)
        return match[1].lower() if match else ""

    @cached_property
    def after(self) -> str:
        """The word directly after the peak word, in lower case."""
        match = _NEXT_WORD.match("".join(self.tokens[self.span[1] :]))
        return match[1].lower() if match else ""

    @property
    def _space(self) -> str:
        first = self.tokens[self.span[0]] if self.tokens else ""
        return first[: len(first) - len(first.lstrip(" "))]

    @cached_property
    def place(self) -> str:
        """`start of the answer`, `end of the prompt` … where the peak word is the first or last of its text."""
        start, stop = self.span
        earlier = [token for token in self.tokens[:start] if token.strip()]
        later = [token for token in self.tokens[stop:] if token.strip()]
        name = {"response": "answer", "prompt": "prompt"}.get(self.segment)
        if name is None:
            return ""
        if not earlier or earlier[-1] == TURN:
            return f"start of the {name}"
        if not later or later[0] == TURN:
            return f"end of the {name}"
        return "start of a line" if "".join(self.tokens[:start])[-1:] == "\n" and self.peak_token.strip() else ""


@dataclass(frozen=True)
class Name:
    """A feature's label, the words it peaks on (most frequent first) and the words of its contexts."""

    label: str
    peaks: tuple[str, ...]
    words: tuple[str, ...]


def distinct(contexts: Sequence[Context]) -> list[Context]:
    """Drop contexts with the same words around the peak (three to each side, all digits equal)."""
    by_words: dict[tuple[str, ...], Context] = {}
    for context in contexts:
        low, high = max(0, context.peak - 6), context.peak + 7
        near = "".join(context.tokens[low:high]).lower()
        by_words.setdefault(tuple(re.sub(r"\d", "0", word) for word in _WORD.findall(near)), context)
    return list(by_words.values())


def top_peak_words(contexts: Sequence[Context], *, keep: int = 5) -> list[tuple[str, float]]:
    """Peak words with their share of the contexts, most frequent first (ties: first seen)."""
    counts = Counter(context.peak_word for context in contexts if context.peak_word)
    return [(word, count / len(contexts)) for word, count in counts.most_common(keep)]


def name_feature(contexts: Sequence[Context], topic: Sequence[str]) -> Name:
    """Name a feature from its contexts (strongest first) and candidate topic words (best first)."""
    peaks = tuple(word for word, _ in top_peak_words(contexts))
    differing = distinct([context for context in contexts if context.peak_word])
    if not differing:
        return Name("", peaks, tuple(topic))
    head = _head(differing)
    about = _supported(topic, differing, head)[:3]
    if not head:
        several = ", ".join(_quoted(word) for word in peaks[:3])
        return Name(f"about {', '.join(about)}" if len(about) > 1 else several, peaks, tuple(topic))
    return Name(f"{head} ({', '.join(about)})" if about else head, peaks, tuple(topic))


def _head(contexts: Sequence[Context]) -> str:
    place, often = _most(context.place for context in contexts)
    what = _what(contexts)
    if place and often >= OFTEN:
        return f"{place}: {what}" if what else place
    return what


def _what(contexts: Sequence[Context]) -> str:
    peaks = [context.peak_word for context in contexts]
    groups = _grouped(peaks)
    strongest = groups[0][1] if groups else 0.0
    digits = [peak for peak in peaks if peak[:1].isdigit()]
    if len(digits) >= OFTEN * len(peaks) and strongest < 0.5:
        years = [peak for peak in digits if re.fullmatch(r"(1\d|20)\d\ds?", peak)]
        return "years" if len(years) >= OFTEN * len(digits) else "numbers"
    if strongest < 0.3:
        if shape := _shape(contexts):
            return shape
    heads = [word for word, share in groups if share >= HEAD][:3]
    if not heads:
        return ""
    if sum(share for word, share in groups if word in _SIGNS) >= OFTEN and len(heads) > 2:
        return f"punctuation: {', '.join(heads)}"
    if heads[0] in _SIGNS or heads[0] in STOPWORDS or len(heads[0]) < 3 or not heads[0].isalnum():
        return _with_neighbour(contexts, heads)
    shares = dict(groups)
    telling = [word for word in heads if (word not in STOPWORDS and word not in _SIGNS) or shares[word] >= 2 * HEAD]
    return _phrase(contexts, heads[0]) or ", ".join(word if len(word) > 2 else f"“{word}”" for word in telling)


def _shape(contexts: Sequence[Context]) -> str:
    """What different peak words have in common: a beginning, an ending, or that they are names."""
    token, often = _most(context.peak_token.strip().lower() for context in contexts)
    whole = [context.written.lower() for context in contexts if context.peak_token.strip().lower() == token]
    if token.isalnum() and often >= 0.5 and len(set(whole)) > 1:
        if all(word.startswith(token) for word in whole):
            return f"words beginning with “{token}”"
        if all(word.endswith(token) for word in whole):
            return f"words ending in “{token}”"
        return f"words with “{token}” in them"
    words = [context.written for context in contexts if context.written.isalpha()]
    if len(words) < OFTEN * len(contexts):
        return ""
    named = [c.written for c in contexts if c.written[:1].isupper() and c.before and not c.place]
    if len(named) >= 0.7 * len(contexts):
        return f"names: {', '.join(dict.fromkeys(named[:3]))}"
    for ending in _ENDINGS:
        if sum(word.lower().endswith(ending) and len(word) > len(ending) + 2 for word in words) >= 0.8 * len(contexts):
            return f"words ending in “{ending}”"
    return ""


def _with_neighbour(contexts: Sequence[Context], heads: Sequence[str]) -> str:
    """A word or sign that says little alone, with its most frequent neighbour."""
    mine = [context for context in contexts if context.peak_word == heads[0]]
    before, b = _most(context.before for context in mine)
    after, a = _most(context.after for context in mine)
    listed = " or ".join(_quoted(word) for word in heads[:2])
    if len(mine) < 3 or max(a if after else 0, b if before else 0) < BESIDE:
        return listed
    sign = heads[0] in _SIGNS or not any(character.isalnum() for character in heads[0])
    name = _quoted(heads[0])
    if after and (a >= b or not before):
        return f"{name} before “{after}”" if sign else f"“{heads[0]} {after}”"
    return f"{name} after “{before}”" if sign else f"“{before} {heads[0]}”"


def _phrase(contexts: Sequence[Context], word: str) -> str:
    """The two-word phrase that most contexts of `word` contain, where the other word is no stop word."""
    mine = [context for context in contexts if stem(context.peak_word) == stem(word)]
    if len(mine) < max(3, OFTEN * len(contexts)):
        return ""
    for side, order in (("before", "{1} {0}"), ("after", "{0} {1}")):
        other, often = _most(getattr(context, side) for context in mine)
        if often >= OFTEN and len(other) > 2 and other not in STOPWORDS:
            return order.format(word, other)
    return ""


def _grouped(peaks: Sequence[str]) -> list[tuple[str, float]]:
    """Peak words grouped by stem: (most frequent form, share), most frequent first."""
    counts, forms = Counter(), {}
    for word, count in Counter(peaks).most_common():
        root = stem(word) if word not in _SIGNS else word
        forms.setdefault(root, word)
        counts[root] += count
    return [(forms[root], count / len(peaks)) for root, count in counts.most_common()]


def _supported(topic: Sequence[str], contexts: Sequence[Context], head: str) -> list[str]:
    """Topic words that enough of the contexts contain and the head does not."""
    counts: Counter[str] = Counter()
    for context in contexts:
        counts.update({stem(word) for word in words_of(context.text)})
    needed = max(3 if len(contexts) > 5 else 2, TOPIC * len(contexts))
    in_head = {stem(word) for word in _WORD.findall(head.lower())}
    return [word for word in topic if counts[stem(word)] >= needed and stem(word) not in in_head]


def _most(values: Iterable[str]) -> tuple[str, float]:
    counts = Counter(values)
    word, count = counts.most_common(1)[0] if counts else ("", 0)
    return word, count / max(1, counts.total())


def _quoted(word: str) -> str:
    plain = word in _SIGNS or (len(word) > 2 and word not in STOPWORDS and word[:1].isalpha())
    return word if plain else f"“{word}”"
