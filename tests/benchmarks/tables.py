"""The tables of this folder's README, written from the stored results.

    python -m tests.benchmarks.tables

`BLOCKS` maps a name to the function that makes the text between `<!-- NAME -->` and `<!-- /NAME -->`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.machine import RESULTS

README = Path(__file__).parent / "README.md"
KINDS = {
    "near-duplicate": "near-duplicates",
    "junk-truncated": "truncated",
    "junk-repeated": "repeated",
    "junk-off-topic": "off-topic",
    "junk-cluster": "advertising",
}


def load(name: str) -> dict[str, Any]:
    """Read the stored result `results/NAME.json`."""
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def machine() -> str:
    """The machine and the libraries of the extraction benchmark."""
    result = load("extract")
    computer, libraries = result["machine"], result["machine"]["libraries"]
    named = ", ".join(f"{name} {libraries[name]}" for name in ("python", "torch", "transformers", "sae-lens", "duckdb"))
    return f"{computer['cpu']}, {computer['cores']} cores, {computer['memory_gib']} GiB, no GPU; {named}."


def selection() -> str:
    """Every method at 5% of the real rows."""
    result = load("selection")
    real = result["real"]
    rows = [
        [
            f"`{row['method']}`",
            f"{row['coverage']:.1%}",
            f"{row['redundancy']:.3f}",
            f"{row['tokens']:,}",
            f"{1000 * row['seconds']:.1f}",
        ]
        for row in result["methods"]
        if row["budget"] == "5%"
    ]
    header = ("method", "features covered", "redundancy", "response tokens", "ms")
    return f"{real['samples']:,} rows, budget 5%.\n\n{table(header, rows)}"


def planted() -> str:
    """Share of each method's picks that are planted rows of the demo, by kind."""
    rows = [
        [name if name.startswith("(") else f"`{name}`", *(f"{row[kind]:.0%}" for kind in KINDS)]
        for row in load("choices")["planted"]
        for name in [row["method"]]
    ]
    return table(("method", *KINDS.values()), rows)


def published() -> str:
    """Published selections of Alpaca beside three methods at the same number of rows."""
    rows: dict[str, list[str]] = {}
    for row in load("choices")["published"]:
        if row["at"] == "published":
            name, size = row["selection"], f"{row['rows']:,}"
            rows[name] = [name, size, f"{row['tokens']:,}", f"{row['redundancy']:.2f}", f"{row['coverage']:.1%}"]
        elif row["at"] == "its rows" and row["selection"] in ("sae-greedselect", "longest", "random"):
            rows[name].append(f"{row['coverage']:.1%}")
    header = ("selection", "rows", "tokens", "redundancy", "features covered")
    return table((*header, "`sae-greedselect` covers", "`longest` covers", "`random` covers"), rows.values())


def training() -> str:
    """The training comparison: how it was run, the table, and the answer."""
    result = load("training")
    how, held_out = result["training"], result["held_out"]
    intro = (
        f"SmolLM2-135M-Instruct, {result['budget']} of {result['pool']:,} rows of a public mixture, equal "
        f"{result['match']}, LoRA, {how['epochs']} epoch at learning rate {how['learning_rate']:g}, "
        f"{result['seeds']} seeds. Loss in nats per response token on {held_out['rows']} held-out rows of the mixture; "
        f"{result['base_loss']:.3f} before training. Positive is better than random."
    )
    rows = []
    for entry in result["results"]:
        low, high, p = entry["improvement_low"], entry["improvement_high"], entry["p_corrected"]
        difference = "(baseline)" if entry["improvement"] is None else f"{100 * entry['improvement']:+.1f}%"
        if low is not None:
            difference += f" ({100 * low:+.1f} to {100 * high:+.1f})"
        cost = [f"{entry['rows']:,}", f"{entry['tokens']:,.0f}", f"{entry['seconds']:,.0f}", f"{entry['loss']:.3f}"]
        rows.append([f"`{entry['label']}`", *cost, difference, "" if p is None else f"{p:.3f}"])
    header = ("method", "rows", "training tokens", "seconds", "held-out loss")
    header += ("improvement over random (95% interval)", "corrected p")
    compared = [entry for entry in result["results"] if entry["improvement"] is not None]
    significant = [e["improvement"] for e in compared if e["p_corrected"] is not None and e["p_corrected"] < 0.05]
    better = sum(improvement > 0 for improvement in significant)
    answer = (
        f"At a corrected p < 0.05, {better} of {len(compared)} methods are significantly better than random, "
        f"{len(significant) - better} are significantly worse, and {len(compared) - len(significant)} are not "
        "significantly different."
    )
    return f"{intro}\n\n{table(header, rows)}\n\n{answer}"


def junk() -> str:
    """Share of junk in the rows of refinement and of static kMQ, and the weight that the junk clusters keep."""
    result = load("junk")
    kinds = {"any": "any kind", **{kind: name for kind, name in KINDS.items() if kind.startswith("junk")}}
    rows = [[name, *(f"{shares[kind]:.1%}" for kind in kinds)] for name, shares in result["junk_share"].items()]
    clusters = ", ".join(
        f"{cluster['left']:.0%} ({cluster['junk']} of {cluster['rows']} rows are junk)"
        for cluster in result["junk_clusters"].values()
    )
    return (
        f"Budget {result['budget']} ({result['rows']} rows), {result['seconds'] / 60:.0f} minutes.\n\n"
        f"{table(('selection', *kinds.values()), rows)}\n\n"
        f"Share of its starting weight that each cluster of mostly junk keeps: {clusters}."
    )


def speed() -> str:
    """Throughput, ranking times and memory, one line each."""
    extract, train, kmeans, memory, kills = map(load, ("extract", "train", "kmeans", "memory", "kills"))
    ranking = load("selection")
    large, peers = ranking["large"], ranking["peers"]["real"]
    apricot, submodlib = peers["apricot"], peers["submodlib"]
    whole, different = ranking["whole_ranking_52002"], ranking["whole_ranking_52002_all_different"]
    rate, memory_gib, seconds = train["tokens_per_second"], train["peak_gib"], train["seconds_for_400_rows_one_pass"]
    lines = [
        (
            f"extraction, {extract['rows']:,} rows ({extract['tokens']:,} tokens), default model and SAE",
            f"{extract['ours_tokens_per_second']:,.0f} tokens/s",
            f"{extract['straightforward_tokens_per_second']:,.0f} tokens/s in float32 with all layers, padded batches "
            f"of 8 and dense encoding ({extract['ratio']:.1f} times as fast)",
            "extract",
        ),
        (
            "the same: agreement with float32, share of the machine's bfloat16 matrix rate",
            f"mean Jaccard {extract['mean_jaccard_of_feature_sets']:.3f}, {extract['share_of_matrix_rate']:.0%}",
            f"{extract['matrix_rate_gflops']:,.0f} GFLOP/s",
            "extract",
        ),
        (
            "peak memory of extraction, tiny model, 5,000 and 50,000 rows",
            f"{memory['peak_mib_5000_rows']:.0f} and {memory['peak_mib_50000_rows']:.0f} MiB",
            f"ratio {memory['ratio']:.2f}",
            "memory",
        ),
        (
            f"extraction of {kills['rows']:,} rows killed {kills['kills']} times in {kills['runs']} runs",
            f"{kills['runs_with_equal_files']} runs end with identical files",
            "an uninterrupted run",
            "kills",
        ),
        (
            f"fine-tuning the default model (LoRA), {train['rows']} rows",
            f"{rate['ours']} tokens/s, {memory_gib['ours']} GiB; 400 rows in {seconds} s",
            f"{rate['plain']} tokens/s, {memory_gib['plain']} GiB with all weights, padded batches and all logits",
            "train",
        ),
        (
            "answers for `refine`, in batches",
            f"{train['answer_tokens_per_second']} tokens/s",
            f"one at a time ({train['answers_times_as_fast']:.1f} times as fast)",
            "train",
        ),
        (
            f"greedy ranking of all of {whole['samples']:,} rows (resampled, {whole['pairs'] / 1e6:.1f} M pairs)",
            f"{whole['best_s']:.3f} s; {different['best_s']:.3f} s without equal rows",
            "",
            "selection",
        ),
        (
            f"{peers['picks']} greedy picks of {ranking['real']['samples']:,} rows",
            f"{1000 * peers['ours_s']:.1f} ms",
            f"apricot {apricot['times_ours']:.0f} times as long, submodlib {submodlib['times_ours']:.0f} times "
            f"({submodlib['times_ours_with_setup']:.0f} with its set-up)",
            "selection",
        ),
        (
            f"greedy, {large['picks']:,} of {large['samples']:,} rows ({large['pairs'] / 1e6:.0f} M pairs)",
            f"{large['greedy_tenth_s']:.2f} s, {large['memory_over_pairs']:.1f} times the memory of the pairs",
            "",
            "selection",
        ),
        ("SimScale, one pass over those pairs", f"{large['simscale_pass_s']:.2f} s", "", "selection"),
        (
            f"k-means, {kmeans['rows']:,} × {kmeans['width']} synthetic vectors, k = {kmeans['k']}",
            f"{kmeans['times_as_fast']:.1f} times as fast as scikit-learn",
            f"{kmeans['inertia_ratio']:.4f} of its inertia ({len(kmeans['explorer'])} seeds)",
            "kmeans",
        ),
    ]
    return table(("what", "result", "compared with", "stored in"), [[*line, _link(name)] for *line, name in lines])


def pages() -> str:
    """Times of the app in a headless browser, from the click or key press to the new picture."""
    length, maps, studio = load("length_page"), load("map"), load("studio")
    names = {"ws-5": "real rows", "50000x16000": "50,000 rows × 16,000 features"}
    lines = [
        (
            f"{page}: {names.get(workspace, workspace)}",
            f"{times[key]['first screen']:.0f} ms",
            f"{times[key]['first screen, p90']:.0f} ms (90th percentile)",
            "pages",
        )
        for page, key in (("feature page", "feature page, ms"), ("feature index", "index, ms"))
        for workspace, times in load("pages")["pages"].items()
    ]
    lines += [
        (
            f"budget slider, {studio['rows']:,} rows, `{result['method']}`",
            f"{result['p50_ms']:.0f} ms",
            f"{result['p95_ms']:.0f} ms (95th percentile)",
            "studio",
        )
        for result in studio["results"]
    ]
    plot, page = length["key_to_picture_ms"], length["key_to_whole_page_ms"]
    lines += [
        (
            f"Length page, threshold, {length['samples']:,} rows ({length['pairs'] / 1e6:.0f} M pairs)",
            f"{plot['median']:.0f} ms; whole page {page['median']:.0f} ms",
            f"{plot['most']:.0f} ms; {page['most']:.0f} ms (slowest)",
            "length_page",
        )
    ]
    for name, what in (("52000_rows", "map of 52,000 rows"), ("1000000_rows", "density map of 1,000,000 rows")):
        drawn = maps[name]
        megabytes = f"{max(drawn['megabytes']):.2f} MB"
        opened = f"{1000 * drawn['median_open_s']:.0f} ms"
        first = f"{1000 * drawn['first_open_s']:,.0f} ms (first time)"
        lines.append((f"{what} ({megabytes})", opened, first, "map"))
        slowest = f"{1000 * drawn['worst_colour_s']:,.0f} ms (slowest)"
        lines.append((f"{what}: another colour", f"{1000 * drawn['median_colour_s']:.0f} ms", slowest, "map"))
        replay = sorted(drawn["replay_frames_per_s"])
        lines.append((f"{what}: replay", f"{replay[1]:.0f} frames/s", f"{replay[0]:.0f} frames/s (slowest)", "map"))
    return table(("what", "median", "tail", "stored in"), [[*line, _link(name)] for *line, name in lines])


def _link(name: str) -> str:
    return f"[{name}](results/{name}.json)"


BLOCKS: dict[str, Callable[[], str]] = {
    block.__name__: block for block in (machine, selection, planted, published, training, junk, speed, pages)
}


def fill(text: str) -> str:
    """Return `text` with every block written anew from the stored results."""
    for name, block in BLOCKS.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, rest = text.split(start)
        text = before + start + block() + end + rest.split(end)[1]
    return text


if __name__ == "__main__":
    README.write_text(fill(README.read_text("utf-8")), "utf-8")
