"""The known problems that ``generate.py`` plants in the demo dataset: near-duplicates and junk."""

import json
import re
from pathlib import Path

COUNTS = {"near-duplicate": 120, "junk-truncated": 40, "junk-repeated": 50, "junk-off-topic": 40, "junk-cluster": 100}
TEMPLATES = Path(__file__).resolve().parent / "spam_templates.json"
SYNONYMS = {
    "Write": "Compose",
    "Give": "Provide",
    "Explain": "Clarify",
    "Describe": "Depict",
    "short": "brief",
    "Suggest": "Propose",
    "List": "Enumerate",
    "Make": "Create",
    "Plan": "Organise",
    "help": "assist",
    "big": "large",
    "quick": "fast",
    "Find": "Locate",
    "simple": "easy",
    "What's": "What is",
}


def near_duplicate(row, rng):
    """A copy of ``row`` with one or two light edits to the instruction, and perhaps one to the answer."""
    old, out = row["instruction"], row["output"]
    text = old
    kinds = rng.sample(["case", "punctuation", "synonym", "please", "trailing"], rng.choice([1, 2]))
    if "synonym" in kinds:
        hits = [w for w in SYNONYMS if re.search(rf"\b{w}\b", text)]
        if hits:
            word = rng.choice(hits)
            text = re.sub(rf"\b{word}\b", SYNONYMS[word], text, count=1)
    if "please" in kinds:
        text = rng.choice([f"Please {text[0].lower()}{text[1:]}", f"{text.rstrip('.')} please.", f"Hi, please: {text}"])
    if "trailing" in kinds:
        text += rng.choice([" Thanks!", " Thank you in advance.", " Keep it clear.", " Take your time.", " Cheers."])
    if "punctuation" in kinds:
        text = text[:-1] if text[-1] in ".?!" else text + "."
    if "case" in kinds or text == old:
        text = rng.choice([text.lower(), text.upper(), text[0].lower() + text[1:]])
    if rng.random() < 0.4:
        out = rng.choice([out + " I hope this helps.", out + "\n\nLet me know if you need more.", "Sure! " + out])
    if text == old:  # nothing to edit (no letters, say)
        text = "Please: " + text
    return {**row, "instruction": text, "output": out, "planted": "near-duplicate", "planted_of": row["key"]}


def truncated(row, rng):
    """Cut inside a word, somewhere between 25 and 75 % of the answer."""
    text = row["output"]
    inside = [i for i in range(len(text) // 4, 3 * len(text) // 4) if re.match(r"[^\W\d]{4}", text[i - 2 : i + 2])]
    return text[: rng.choice(inside)]


def repeated(row, rng):
    """One sentence of the answer, 10 to 40 times over."""
    sentences = [s.strip() for s in re.split(r"(?<=[.!?])\s+|\n+", row["output"])]
    sentence = rng.choice([s for s in sentences if 20 <= len(s) <= 160])
    return rng.choice([" ", " ", "\n"]).join([sentence] * rng.randint(10, 40))


def cluster_row(templates, rng):
    """One advert out of the slot templates: odd keyword instruction, stuffed answer."""
    product, city = rng.choice(templates["product"]), rng.choice(templates["city"])

    def fill(text):
        text = text.replace("{product}", product).replace("{Product}", product.title()).replace("{city}", city)
        while match := re.search(r"\{(\w+)\}", text):
            value = str(rng.randint(10, 95)) if match[1] == "n" else rng.choice(templates[match[1]])
            text = text[: match.start()] + value.replace("{product}", product) + text[match.end() :]
        return text

    parts = [rng.choice(templates["opening"])]
    parts += [*rng.sample(templates["body"], rng.randint(2, 5)), rng.choice(templates["closing"])]
    return {
        "instruction": fill(rng.choice(templates["instruction"])),
        "input": "",
        "source": "seo-spam",
        "output": fill(" ".join(parts)),
        "planted": "junk-cluster",
    }


def plant(rows, rng):
    """Turn some rows into junk, in place, and return the extra planted rows."""
    long = [r for r in rows if len(r["output"]) > 200 and not r["source"].startswith("code-")]
    usable = [r for r in long if re.search(r"(?:^|[.!?]\s|\n)[^.!?\n]{20,150}[.!?](\s|$)", r["output"])]
    cut, rep, off = (COUNTS[k] for k in ("junk-truncated", "junk-repeated", "junk-off-topic"))
    junk = rng.sample(usable, cut + rep + off)
    spoiled = {r["key"] for r in junk}
    clean = [r for r in rows if r["key"] not in spoiled]
    for row in junk[:cut]:
        row.update(output=truncated(row, rng), planted="junk-truncated")
    for row in junk[cut : cut + rep]:
        row.update(output=repeated(row, rng), planted="junk-repeated")
    for row in junk[cut + rep :]:
        other = rng.choice([r for r in clean if r["source"] != row["source"] and len(r["output"]) > 60])
        row.update(output=other["output"], planted="junk-off-topic", response_by=other["response_by"])
    extra = [near_duplicate(r, rng) for r in rng.sample(clean, COUNTS["near-duplicate"])]
    templates = json.loads(TEMPLATES.read_text(encoding="utf-8"))
    seen = set()
    while len(seen) < COUNTS["junk-cluster"]:
        row = cluster_row(templates, rng)
        if row["instruction"] not in seen:
            seen.add(row["instruction"])
            extra.append({**row, "key": f"spam-{len(seen)}", "response_by": "authors"})
    return extra
