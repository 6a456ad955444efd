"""Benchmarks of the papers from local files, scored by the lm-evaluation-harness (an optional extra).

Each is a harness task over a file of its natural format, with prompt and metric as in the harness's task of that name,
without examples before it; instructions (IFEval) are put in the model's chat template. The harness gives a result per
item, so that methods can be compared item by item.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.errors import InputError, refuse
from explorer.evaluate import ifeval
from explorer.lm.model import LoadedModel

INSTALL = "pip install lm-eval==0.4.13"


@dataclass(frozen=True)
class Benchmark:
    """A task: `pattern` names its files below the folder, `metric` is 1 for a right item and 0 for a wrong one.

    `chat` puts each prompt in the model's chat template, where it has one.
    """

    slug: str
    title: str
    pattern: str
    metric: str
    task: Mapping[str, Any] = field(default_factory=dict)
    chat: bool = False

    def files(self, folder: Path) -> list[str]:
        """Its files, sorted."""
        return sorted(str(path.resolve()) for path in folder.glob(self.pattern))


def _choice(text: str, choices: str, target: str | int) -> dict[str, Any]:
    return {"output_type": "multiple_choice", "doc_to_text": text, "doc_to_choice": choices, "doc_to_target": target}


_LETTERS = "{{choices.label.index(answerKey)}}"
BENCHMARKS = (
    Benchmark(
        "mmlu",
        "MMLU",
        "mmlu/val/*.csv",
        "acc",
        {
            **_choice(
                "{{question.strip()}}\nA. {{a}}\nB. {{b}}\nC. {{c}}\nD. {{d}}\nAnswer:",
                "{{['A', 'B', 'C', 'D']}}",
                "{{['A', 'B', 'C', 'D'].index(answer)}}",
            ),
            "dataset_path": "csv",
            "columns": ["question", "a", "b", "c", "d", "answer"],
        },
    ),
    Benchmark(
        "hellaswag",
        "HellaSwag",
        "hellaswag_val*.jsonl",
        "acc_norm",
        _choice("{{activity_label}}: {{ctx}}", "{{endings}}", "{{label | int}}"),
    ),
    Benchmark(
        "arc_challenge",
        "ARC challenge",
        "arc_challenge_val.jsonl",
        "acc_norm",
        _choice("Question: {{question}}\nAnswer:", "{{choices.text}}", _LETTERS),
    ),
    Benchmark(
        "arc_easy",
        "ARC easy",
        "arc_easy_val.jsonl",
        "acc_norm",
        _choice("Question: {{question}}\nAnswer:", "{{choices.text}}", _LETTERS),
    ),
    Benchmark(
        "truthfulqa",
        "TruthfulQA (best answer among the incorrect)",
        "TruthfulQA.csv",
        "acc",
        {
            **_choice("Q: {{question}}\nA:", "{{[best] + wrong.split('; ')}}", 0),
            "dataset_path": "csv",
            "columns": ["type", "category", "question", "best", "correct", "wrong", "source"],
            "header": 0,
        },
    ),
    Benchmark(
        "gsm8k",
        "GSM8K",
        "gsm8k_test.jsonl",
        "exact_match",
        {
            "output_type": "generate_until",
            "doc_to_text": "Question: {{question}}\nAnswer:",
            "doc_to_target": "{{answer.split('####')[-1].strip()}}",
            "generation_kwargs": {"until": ["Question:"], "do_sample": False, "max_gen_toks": 192},
            "filter_list": [
                {
                    "name": "last-number",
                    "filter": [
                        {"function": "regex", "regex_pattern": r"(-?[0-9][0-9.,]*)", "group_select": -1},
                        {"function": "take_first"},
                    ],
                }
            ],
            "metric_list": [{"metric": "exact_match", "ignore_punctuation": True}],
        },
    ),
    Benchmark("ifeval", "IFEval", "ifeval_input_data.jsonl", ifeval.METRIC, ifeval.TASK, chat=True),
)


@dataclass(frozen=True)
class Suite:
    """The benchmarks found in a folder, `items` of each at most."""

    folder: Path
    items: int
    found: tuple[Benchmark, ...]

    @property
    def identity(self) -> dict[str, Any]:
        """What the scores depend on, as JSON values: names, files and number of items."""
        digest = hashlib.blake2b(digest_size=8)
        for one in self.found:
            for file in one.files(self.folder):
                digest.update(Path(file).read_bytes())
        return {"items": self.items, "tasks": [one.slug for one in self.found], "files": digest.hexdigest()}

    def score(self, loaded: LoadedModel) -> dict[str, list[float]]:
        """1 or 0 for each item of each benchmark, in the order of the files."""
        from lm_eval import simple_evaluate  # pyright: ignore[reportMissingImports]
        from lm_eval.models.huggingface import HFLM  # pyright: ignore[reportMissingImports]

        logging.getLogger("lm_eval").setLevel(logging.ERROR)
        model = HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer, batch_size=8)
        samples: dict[str, Any] = {}
        for chat in (False, True):
            tasks: Any = [self._task(one, model.max_length // 2) for one in self.found if one.chat == chat]
            if tasks:
                done = simple_evaluate(
                    model=model,
                    tasks=tasks,
                    limit=self.items,
                    log_samples=True,
                    bootstrap_iters=0,
                    apply_chat_template=chat and loaded.tokenizer.chat_template is not None,
                )
                assert done is not None  # None only on a helper process
                samples |= done["samples"]
        return {one.slug: [float(item[one.metric]) for item in samples[one.slug]] for one in self.found}

    def _task(self, one: Benchmark, most: int) -> dict[str, Any]:
        """The task for the harness; answers are at most `most` tokens long, so that a prompt has its place too."""
        own = {key: value for key, value in one.task.items() if key not in ("columns", "header")}
        files: dict[str, Any] = {"data_files": {"test": one.files(self.folder)}}
        if "columns" in one.task:
            files |= {"column_names": one.task["columns"], "header": one.task.get("header"), "keep_default_na": False}
        if "generation_kwargs" in own:
            longest = min(most, own["generation_kwargs"]["max_gen_toks"])
            own["generation_kwargs"] = {**own["generation_kwargs"], "max_gen_toks": longest}
        metrics = [{"metric": one.metric}]
        return {"task": one.slug, "dataset_path": "json", "dataset_kwargs": files, "test_split": "test"} | (
            {"metric_list": metrics, **own}
        )


def suite(folder: str, items: int, wanted: Sequence[str] = ()) -> Suite | None:
    """The benchmarks in `folder`, or those `wanted` of them; None for no folder.

    Raises:
        InputError: the folder holds none or not one that is wanted, or the harness or what IFEval needs is not
            installed (with the command that installs it).
    """
    if not folder:
        return None
    for slug in wanted:
        if slug not in (known := [one.slug for one in BENCHMARKS]):
            refuse("unknown benchmark", got=slug, allowed=known)
    place = Path(folder)
    if not place.is_dir():
        refuse(f"benchmarks: {folder} is no folder")
    found = tuple(one for one in BENCHMARKS if (one.slug in wanted or not wanted) and one.files(place))
    absent = set(wanted) - {one.slug for one in found}
    if absent or not found:
        named = ", ".join(f"{one.slug} ({one.pattern})" for one in BENCHMARKS)
        refuse(f"benchmarks: {folder} holds no file of {', '.join(sorted(absent)) or 'any benchmark'}", allowed=named)
    if items < 1:
        refuse("at least 1 item of each benchmark", got=items)
    if importlib.util.find_spec("lm_eval") is None:
        raise InputError(f"benchmarks need the lm-evaluation-harness; install it: {INSTALL}")
    if any(one.slug == "ifeval" for one in found) and (lacking := ifeval.missing()):
        others = ",".join(one.slug for one in found if one.slug != "ifeval")
        leave = f"; or leave it out: --benchmark-tasks {others}" if others else ""
        raise InputError(f"IFEval needs {lacking}; install it: {ifeval.INSTALL}{leave}")
    return Suite(place, items, found)
