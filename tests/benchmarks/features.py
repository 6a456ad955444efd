"""Print randomly drawn features with their labels and top activating contexts, so that a reader can judge the labels.

    python -m tests.benchmarks.features --workspace WS --print 25 --out data/sae/NAME/FEATURES.md

Draws from all features that are active, with a fixed seed; none is chosen or left out by hand.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from explorer.queries.features import feature
from explorer.queries.occurrences import evidence
from explorer.workspace import Snapshot, Store


def text(store: Store, count: int, seed: int, contexts: int = 5) -> str:
    """Markdown with `count` features drawn by `seed`: label, share of responses, strongest contexts."""
    snapshot = Snapshot.newest(store)
    activations, features = snapshot.require("activations"), snapshot.require("features")
    info, rows = activations.manifest.info, activations.manifest.rows["samples"]
    known = store.sql(f"SELECT feature_id FROM {store.scan(features)} WHERE n_tokens > 0 ORDER BY 1").fetchall()
    ids = [int(i) for (i,) in known]
    drawn = sorted(np.random.default_rng(seed).choice(ids, count, replace=False).tolist())
    lines = [
        f"# {count} randomly drawn features of `{info['sae']}`",
        "",
        f"Drawn from the {len(ids):,} features that are active on {rows:,} rows (seed {seed}; none chosen or left out "
        "by hand), with their local label, the share of responses in which they exceed the threshold, and their five "
        "top activating contexts from different rows. The token with the highest activation is **bold**.",
        "",
    ]
    for number in drawn:
        found = feature(snapshot, number, {})
        assert found is not None  # drawn from this very table
        share = f"{found['share']:.1%}" if found["share"] >= 0.001 else "under 0.1%"
        lines.append(f"**{number}** · {_plain(found['label'] or 'no label')} · {share} of responses")
        lines.append("")
        seen: set[int] = set()
        for one in evidence(snapshot, number, "top"):
            if one["sample_id"] not in seen and len(seen) < contexts:
                seen.add(one["sample_id"])
                lines.append(f"- {_context(one['tokens'], one['peak'])}")
        lines.append("")
    return "\n".join(lines)


def _context(tokens: list[str], peak: int, before: int = 12, after: int = 6) -> str:
    left = "".join(tokens[max(0, peak - before) : peak])
    right = "".join(tokens[peak + 1 : peak + 1 + after])
    middle = tokens[peak].strip() or ("↵" if "\n" in tokens[peak] else "␣")
    gap = " " if tokens[peak][:1].isspace() else ""
    return f"… {_plain(left)}{gap}**{_plain(middle)}**{_plain(right)} …"


def _plain(value: str) -> str:
    """One line of Markdown that shows the text as it is."""
    line = " ".join(value.replace("\n", " ↵ ").split(" ")).strip(" ") if value.strip() else ""
    lead, tail = (" " if value[:1] == " " else ""), (" " if value[-1:] == " " else "")
    escaped = "".join(f"\\{c}" if c in "\\`*_{}[]<>#|$~" else c for c in line)
    return f"{lead}{escaped}{tail}" if line else ""


def main() -> None:
    """Write the file, or print it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", required=True, type=Path)
    parser.add_argument("--print", dest="count", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = text(Store.open(given.workspace), given.count, given.seed)
    if given.out:
        given.out.write_text(found + "\n", "utf-8")
    else:
        print(found)


if __name__ == "__main__":
    main()
