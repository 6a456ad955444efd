"""The parts of the heuristic score: each looks at one way in which a response can be junk, and gives (0, 1]."""

from __future__ import annotations

import re
import zlib
from collections import Counter

FLOOR = 0.02  # the lowest value of a part: a product of parts stays above 0

_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_REFUSAL = re.compile(
    "|".join(
        (
            r"\bas an? (?:ai|artificial intelligence|(?:large )?language) (?:\w+ )?(?:model|assistant)\b",
            r"\bas an ai\b",
            r"\bi(?:'m| am)? (?:really |very |so |truly )?(?:sorry|afraid)\b[^.!?\n]{0,60}"
            r"\b(?:can(?:'|no)?t|cannot|unable|not able|won't|am not|don't)\b",
            r"\bi(?:'m| am) (?:unable|not able|not permitted|not allowed|not capable)\b",
            r"\bi (?:can(?:'|no)?t|cannot|won't|will not|must decline|have to decline|must refuse)\b[^.!?\n]{0,40}"
            r"\b(?:help|assist|answer|comply|fulfil|fulfill|provide|do that|create|write|generate|discuss|support"
            r"|engage|respond|request)\b",
            r"\bi (?:do not|don't) (?:have (?:access|the ability|enough information|personal)|feel comfortable"
            r"|understand)\b",
            r"\b(?:not (?:possible|able) to (?:answer|complete|fulfil|fulfill|provide)"
            r"|cannot be (?:answered|fulfilled|completed))\b",
            r"\bagainst (?:my|our) (?:programming|guidelines|policy|policies)\b",
        )
    ),
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\W*(?:<?\s*no\s?(?:output|input|response|answer|content)\s*>?|n/?a|none|null|nil|nan|todo|tbd|undefined|empty"
    r"|placeholder|lorem ipsum.*|\[?(?:insert|your|the)? ?(?:answer|response|text|output)(?: (?:here|goes here))?\]?"
    r"|i don'?t know|test|asdf\w*)\W*",
    re.IGNORECASE | re.DOTALL,
)
_ENDS = frozenset(".!?…。！？」』”’\"')]}>*_`~|:;%$€£°♪☺✓/=")
_DANGLING = frozenset(
    """a an the of and or but nor to in on at by for with from into onto upon that which who whose because since while
although though if when where as than is are was were be been being has have had do does did will would can could
should may might must shall not very more most such its their his her our your my this these those i we they he she
including like between among through during about against without within also so per via whether until unless""".split()
)
_CUT_WORD = re.compile(
    r"[^aeiou\W](?:[bcdfgkptvw]r|[bcfgkpw]l)$|[jqv]$|[bcdfghjklmpqrtvwxz]iv?$|qu$"
)  # no English word's end
_LIST = re.compile(r"\s*(?:[-*•+]|\d+[.)]|[a-zA-Z][.)]|#+|\|)\s*")
_CODE = re.compile(
    r"```|^\s*(?:def |class |import |from \w+ import|#include|public |SELECT |<\w+|\{|\}|return\b|print\()", re.M
)


def repetition(response: str) -> float:
    """1 less the share of the text that says again what it said: repeated sentences, four-word runs, loops.

    A tenth of repetition is allowed, as refrains, code and tables repeat themselves.
    """
    words = [word.lower() for word in _WORD.findall(response)]
    if len(words) < 6:
        return FLOOR if len(words) >= 4 and len(set(words)) == 1 else _stuck(response)
    sentences = [" ".join(_WORD.findall(s.lower())) for s in _SENTENCE.split(response)]
    long = [s for s in sentences if s.count(" ") >= 2]
    total = sum(map(len, long))
    again = sum((count - 1) * len(s) for s, count in Counter(long).items()) / total if total else 0.0
    runs = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
    same_runs = 1.0 - len(set(runs)) / len(runs) if runs else 0.0
    allowed = 0.1
    share = max(again, (same_runs - allowed) / (1 - allowed))
    if len(words) >= 12:  # the same few words over and over, in any order
        share = max(share, 1.0 - len(set(words)) / (0.15 * len(words)) if len(words) < 400 else 0.0)
    return min(_clip(1.0 - share), _stuck(response))


def _stuck(response: str) -> float:
    """Low where one character or a short string fills the text: seen by how far it can be compressed."""
    body = response.encode("utf-8", "replace")[:20_000]
    if len(body) < 120:
        longest = max((len(match[0]) for match in re.finditer(r"(\S)\1{7,}", response)), default=0)
        return FLOOR if longest and longest >= 0.5 * len(response.strip()) else 1.0
    ratio = len(zlib.compress(body, 6)) / len(body)
    limit = 0.16 if len(body) < 2_000 else 0.10  # long ordinary text packs to 0.3 and more, dense tables to 0.15
    return 1.0 if ratio >= limit else _clip(ratio / limit)


def truncation(response: str) -> float:
    """Low where the text stops in the middle: after a comma or a word that cannot end a sentence, or in a word.

    What a word's end is cannot be known without a dictionary, so prose that simply lacks its full stop counts as a
    weaker sign, and only where the rest of the text is punctuated. Short answers, lists, headings, verse and code may
    end as they like, unless a bracket, quotation or code fence is left open.
    """
    text = response.rstrip()
    if not text:
        return 1.0
    if text.count("```") % 2:
        return 0.3
    last_line = text.rsplit("\n", 1)[-1]
    words = _WORD.findall(last_line)
    tail = text[-1]
    if tail in ",-–—(" and len(words) >= 3:
        return 0.15
    code = _CODE.search(text) is not None
    if tail in _ENDS or not (tail.isalnum()):
        return 0.5 if not code and _open_quote(text) else 1.0
    if re.search(r"(?:[#@]\S+|\S*(?:://|www\.)\S+)$", last_line):  # a tag or an address
        return 1.0
    last = words[-1].lower() if words else ""
    if not code and last in _DANGLING and len(_WORD.findall(text)) >= 5 and len(words) >= 3:
        return 0.1
    if code or len(words) < 4:
        return 1.0
    if len(words) >= 8 and (_CUT_WORD.search(last) or _is_stump(last, text)):
        return 0.15
    before = [line for line in text.split("\n")[:-1] if len(_WORD.findall(line)) >= 4]
    if _LIST.match(last_line):
        items = [line for line in before if _LIST.match(line)]
        ended = sum(line.rstrip()[-1:] in ".!?;" for line in items)
        return 0.3 if ended == len(items) and len(words) >= (4 if len(items) >= 2 else 10) else 1.0
    rest = re.split(r"[.!?]\s+", last_line)
    if len(rest) > 1:  # sentences before it on its own line are ended, this one is not
        signed = "," in rest[-1] and len(rest[-1].split()) <= 4  # "Best regards, Anna"
        return 1.0 if signed else 0.15
    if before:
        ended = sum(line.rstrip()[-1:] in ".!?:;,)" for line in before)
        return 0.2 if ended >= 0.6 * len(before) and len(words) >= 5 else 1.0
    return 0.5 if len(words) >= 12 else 1.0


def _is_stump(last: str, text: str) -> bool:
    """Whether `last` occurs nowhere else in the text but begins a longer word of it."""
    others = {word.lower() for word in _WORD.findall(text)[:-1]}
    if last in others or len(last) < 3:
        return False
    return any(
        word.startswith(last) and word not in (f"{last}s", f"{last}es", f"{last}d", f"{last}ed") for word in others
    )


def _open_quote(text: str) -> bool:
    return text.count("“") > text.count("”") + 1 or text.count("(") > text.count(")") + 2


def refusal(response: str) -> float:
    """Low where the response declines in its first 240 characters, lower where it does nothing else.

    A refusal of a harmful request is a good answer that this cannot tell from a needless one.
    """
    match = _REFUSAL.search(response[:240].replace("’", "'"))
    if match is None:
        return 1.0
    return 0.1 if len(response) < 600 else 0.4


def emptiness(prompt: str, response: str) -> float:
    """`FLOOR` where nothing is said: blank, punctuation only, a placeholder, or the prompt given back."""
    bare = response.strip()
    if _PLACEHOLDER.fullmatch(bare):
        return FLOOR
    if not any(character.isalnum() for character in bare):
        return 1.0 if len(set(bare)) >= 4 else FLOOR  # a pattern or a row of emoji can be the answer
    said, asked = " ".join(bare.lower().split()), " ".join(prompt.lower().split())
    if len(said) >= 20 and (said == asked or (len(said) > 0.95 * len(asked) and said in asked)):
        return FLOOR
    return 1.0


def _clip(value: float) -> float:
    return min(1.0, max(FLOOR, value))
