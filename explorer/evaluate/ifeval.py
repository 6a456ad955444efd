"""IFEval: does an answer obey instructions that a program can check? (Zhou et al. 2023, arXiv 2311.07911).

Every instruction of the prompt must be obeyed (prompt level, strict), judged by the lm-evaluation-harness's own
checkers. They detect languages and split sentences with packages and data that the harness leaves out by default.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

METRIC = "prompt_level_strict_acc"
INSTALL = 'pip install "lm-eval[ifeval]==0.4.13" && python -m nltk.downloader punkt_tab'
ANSWER_TOKENS = 1280  # as in the harness


def missing() -> str:
    """What the checkers need and is not here; nothing is fetched."""
    packages = [name for name in ("langdetect", "immutabledict", "nltk") if importlib.util.find_spec(name) is None]
    if packages:
        return f"the packages {', '.join(packages)}"
    import nltk

    try:
        nltk.data.find("tokenizers/punkt_tab/english/")
    except LookupError:
        return "nltk's data punkt_tab"
    return ""


def judged(item: Mapping[str, Any], answers: Sequence[str]) -> dict[str, Any]:
    """Whether the first answer obeys all instructions of the item; the same answer is always judged the same."""
    import langdetect  # pyright: ignore[reportMissingImports]
    from lm_eval.tasks.ifeval.utils import process_results  # pyright: ignore[reportMissingImports]

    langdetect.DetectorFactory.seed = 0
    return {METRIC: process_results(item, answers)[METRIC]}


TASK: dict[str, Any] = {
    "output_type": "generate_until",
    "doc_to_text": "{{prompt}}",
    "doc_to_target": 0,
    "generation_kwargs": {"until": [], "do_sample": False, "max_gen_toks": ANSWER_TOKENS},
    "process_results": judged,
    "metric_list": [{"metric": METRIC, "aggregation": "mean", "higher_is_better": True}],
}
