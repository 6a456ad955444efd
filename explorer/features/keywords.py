"""Words that distinguish one group of texts from the others (class-based TF-IDF), and names made from them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

MAX_CHARS = 3_000  # of each text that are read
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’](?=[^\W\d_]))*")
_LONGEST = 24
STOPWORDS = frozenset(
    """a able about above across after again against all almost along already also although always am among an and
another any anyone anything are aren't around as ask at away back based be became because become been before being
below best better between both but by came can can't cannot certain come common consider could couldn't create day
days did didn't different do does doesn't doing don't done down due during each easily either else enough ensure
especially etc even ever every everyone everything example few find first following for found from full further gave
get gets getting give given gives giving go goes going good got great had hadn't has hasn't have haven't having he
he's help helps her here hers herself high him himself his how however i i'd i'll i'm i've if important in include
includes including instead into is isn't it it's its itself just keep kind know known large last later least left less
let let's like likely little long look lot made main make makes making many may maybe me mean means might mine more
most much must my myself name need needs never new next no non none nor not nothing now number of off often on once
one ones only onto or other others our ours out over own part people per perhaps place please possible provide put
rather re read really right said same say says second see seem seen several shall she should shouldn't show similar
since small so some someone something specific start still such sure take taken takes tell than that that's the their
theirs them themselves then there there's these they they're thing things think this those though three through thus
time times to together too took toward true try two type types under until up upon us use used useful user uses using
usually various very via want was wasn't way ways we we'll we're we've well went were weren't what what's when where
whether which while who whole whom whose why will with within without won't word words work would wouldn't write
written year years yes yet you you'd you'll you're you've your yours yourself answer question response instruction
input output sentence text following given generate describe explain list statement task additionally overall therefore
moreover furthermore thus hence finally firstly lastly second third zero two three four five six seven eight nine ten
hundred endoftext potential total easy""".split()
)


def words_of(text: str) -> set[str]:
    """The distinct lower-case words of at least three letters in the first `MAX_CHARS`, without stop words."""
    words = (word.lower().replace("’", "'") for word in _WORD.findall(text[:MAX_CHARS]))
    return {word for word in words if 3 <= len(word) <= _LONGEST and word not in STOPWORDS}


def class_words(
    texts: Iterable[str], labels: NDArray[np.int32], k: int, *, top: int = 10, lowest: int = 2
) -> list[list[str]]:
    """Find the `top` words of each of k classes by class-based TF-IDF, best first.

    score(w, c) = share(w, c) * log(1 + k * share(w, c) / sum_c' share(w, c')), share(w, c) the share of the class's
    texts that contain w (after Grootendorst 2022; a text counts once, so repetition inside a text adds nothing). Words
    in fewer than `lowest` texts of a class are left out unless the class has no others; ties go by alphabet.
    """
    counts: list[Counter[str]] = [Counter() for _ in range(k)]
    for text, label in zip(texts, labels, strict=True):
        if label >= 0:
            counts[label].update(words_of(text))
    sizes = np.maximum(np.bincount(labels[labels >= 0], minlength=k), 1)
    total: Counter[str] = Counter()
    for label, counter in enumerate(counts):
        for word, count in counter.items():
            total[word] += count / sizes[label]  # type: ignore[assignment]
    best = []
    for label, counter in enumerate(counts):
        frequent = {w: c for w, c in counter.items() if c >= lowest} or counter
        scored = [
            (-(share := count / sizes[label]) * float(np.log1p(k * share / total[word])), word)
            for word, count in frequent.items()
        ]
        best.append(_distinct([word for _, word in sorted(scored)[: 4 * top]])[:top])
    return best


def _distinct(words: Sequence[str]) -> list[str]:
    """Drop a word that is another form of an earlier one (plural, -ed, -ing, possessive)."""
    first_forms: list[str] = []
    stems: set[str] = set()
    for word in words:
        root = stem(word)
        if root not in stems:
            stems.add(root)
            first_forms.append(word)
    return first_forms


def stem(word: str) -> str:
    """A word without its ending (plural, -ed, -ing, possessive): mostly equal for the forms of one word."""
    word = word.removesuffix("'s")
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            root = word[: -len(ending)]
            doubled = len(root) > 3 and root[-1] == root[-2] and root[-1] not in "aeiouls"
            return root[:-1] if doubled else root
    return word


def names_from(words: Sequence[Sequence[str]], *, length: int = 3) -> list[str]:
    """One name per class from its first words, `word, word, word`; equal names get further words, then a number."""
    names: list[str] = []
    for i, row in enumerate(words):
        name = ", ".join(row[:length]) or "no words"
        extra = length
        while name in names and extra < len(row):
            extra += 1
            name = ", ".join(row[:extra])
        names.append(name if name not in names else f"{name} ({i})")
    return names
