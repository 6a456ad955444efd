"""The language part of the heuristic score: scripts and languages that do not belong together, and broken encoding."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter

from explorer.quality.heuristic_parts import FLOOR

# first code point of each block that matters, and what is written in it; "" are no letters of one script
_BLOCKS = (
    (0x0000, "latin"),
    (0x0370, "greek"),
    (0x0400, "cyrillic"),
    (0x0530, "armenian"),
    (0x0590, "hebrew"),
    (0x0600, "arabic"),
    (0x0780, ""),
    (0x0900, "indic"),
    (0x0E00, "thai"),
    (0x0F00, ""),
    (0x1100, "east asian"),
    (0x1200, ""),
    (0x1E00, "latin"),
    (0x1F00, "greek"),
    (0x2000, ""),
    (0x2E80, "east asian"),
    (0xA000, ""),
    (0xAC00, "east asian"),
    (0xD7B0, ""),
    (0xF900, "east asian"),
    (0xFB00, ""),
    (0x1D400, ""),
    (0x20000, "east asian"),
)
_STARTS = [start for start, _ in _BLOCKS]
_ASKED = re.compile(
    r"\b(?:translat\w*|languages?|multilingual|bilingual|in other words|english|french|german|spanish|italian"
    r"|portuguese"
    r"|dutch|russian|chinese|mandarin|japanese|korean|arabic|hebrew|greek|hindi|thai|latin|polish|swedish"
    r"|turkish|ukrainian|français|deutsch|español|italiano|português|alphabet|script|unicode|emoji|math\w*|equation)\b",
    re.IGNORECASE,
)
_MOJIBAKE = re.compile(r"\ufffd|Ã[\x80-\xbf©¨ªº¼½¾³±]|â€[œ™˜¦“”]|Â[\xa0£°»«]")
_COMMON = {  # frequent words that the other languages here do not have
    "english": "the and is of to that with this for are was you not have from they which their would there what",
    "french": "les des est une dans pour que qui avec sur pas plus vous nous sont cette mais comme être aux leur",
    "german": "der und die das ist nicht ein eine mit für auf von zu den sich auch werden dem wird sind oder",
    "spanish": "los las una por con para del está como más pero sus muy también cuando hay son este esta",
    "italian": "gli che di non una per sono della con nel anche più ma questo questa essere alla delle dei",
    "portuguese": "os uma não com para por mais como das dos mas foi ele ela são também você está seu",
}
_LANGUAGE_OF: dict[str, set[str]] = {}
for _language, _words in _COMMON.items():
    for _word in _words.split():
        _LANGUAGE_OF.setdefault(_word, set()).add(_language)
_EXCLUSIVE = {word: next(iter(languages)) for word, languages in _LANGUAGE_OF.items() if len(languages) == 1}


def scripts(text: str) -> Counter[str]:
    """Letters of each script in the first 4,000 characters."""
    found: Counter[str] = Counter()
    for character, count in Counter(text[:4_000]).items():
        if character.isalpha():
            script = _BLOCKS[bisect_right(_STARTS, ord(character)) - 1][1]
            if script:
                found[script] += count
    return found


def language(prompt: str, response: str) -> float:
    """Low for broken encoding, for a second script or language mixed in, or a script other than the prompt's.

    What the prompt asks for (it names a language, or holds that script itself) is no mixture.
    """
    broken = 10 * sum(len(match) for match in _MOJIBAKE.findall(response)) / max(1, len(response))
    value = max(FLOOR, 1.0 - min(1.0, broken * 2))
    if _ASKED.search(prompt):
        return value
    if response.isascii():
        return value * _spoken(response)
    written, asked = scripts(response), scripts(prompt)
    total = sum(written.values())
    if total < 10:
        return value
    foreign = sum(count for script, count in written.items() if asked[script] < 2)
    if asked and foreign:
        value *= max(0.1, 1.0 - 2.0 * max(0.0, foreign / total - 0.02))
    elif not asked:
        value *= max(0.1, 1.0 - 2.0 * max(0.0, 1 - max(written.values()) / total - 0.02))
    return max(FLOOR, value * _spoken(response))


def _spoken(response: str) -> float:
    """Low where whole stretches are in another language than the most frequent one."""
    hits = [_EXCLUSIVE[word] for word in re.findall(r"[^\W\d_]+", response[:4_000].lower()) if word in _EXCLUSIVE]
    if len(hits) < 8:
        return 1.0
    main = Counter(hits).most_common(1)[0][1]
    other = 1.0 - main / len(hits)
    return 1.0 if other < 0.2 else max(0.2, 1.0 - 2.0 * (other - 0.1))
