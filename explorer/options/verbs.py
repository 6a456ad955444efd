"""The options of every verb but `select` (`explorer.selection.spec`), in the order of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from explorer.options.base import Options, parse_pairs
from explorer.registry import REQUIRED, param

SEGMENTS = ("response", "prompt", "all")
MODEL = "default, a Hub id, a folder, or a .gguf file."
DEVICE = "auto, cpu, cuda or mps."
DTYPES = ("auto", "bfloat16", "float16", "float32")
EMBEDDING = "Id or name of an embedding; the newest by default."
TRAINING = "How to train, key=value: weights, rank, learning_rate, epochs, batch_rows, max_tokens. Repeatable."


@dataclass(frozen=True)
class IngestOptions(Options):
    """Where a dataset is and how it is read."""

    verb: ClassVar[str] = "ingest"
    source: str = param(REQUIRED, "A .json, .jsonl, .csv or .parquet file, a folder, or a Hub id.", flag="")
    format: str = param("auto", "auto, alpaca, sharegpt, messages or columns.")
    mapping: tuple[str, ...] = param((), "Columns by role, e.g. prompt=COL,response=COL.", flag="--map")
    split: str = param("train", "The split to read, of a dataset that has several.")
    limit: int | None = param(None, "Stop after this many samples.", minimum=1)

    @property
    def roles(self) -> dict[str, str]:
        """Columns by role."""
        return parse_pairs(self.mapping, option="--map")


@dataclass(frozen=True)
class TrainSaeOptions(Options):
    """Where an SAE reads the model, its size, and how long it is trained."""

    verb: ClassVar[str] = "train-sae"
    out: str = param(REQUIRED, "The new folder for the SAE.")
    model: str = param("default", MODEL)
    layer: int = param(20, "Train on the residual stream after this layer.")
    width: int = param(4096, "Number of features.")
    k: int = param(32, "Active features per token.")
    tokens: int = param(5_000_000, "Tokens to train on.")
    device: str = param("auto", DEVICE)
    dtype: str = param("auto", "Precision of the model.", choices=DTYPES)
    seed: int = param(0, "Random seed.")


@dataclass(frozen=True)
class ExtractOptions(Options):
    """The model and the SAE that read every sample, and where they run."""

    verb: ClassVar[str] = "extract"
    model: str = param("default", MODEL)
    sae: str = param("default", "default, a folder in sae-lens format, or release/sae_id.")
    layer: int | None = param(None, "The layer to read, for an SAE that does not say which.")
    max_tokens: int = param(1024, "Truncate longer samples to this many tokens.", minimum=8)
    batch_tokens: int | None = param(None, "Padded tokens per batch; by default what fits.", minimum=1)
    device: str = param("auto", DEVICE)
    dtype: str = param("auto", "Precision of the model.", choices=DTYPES)
    engine: str = param("local", "Where the work runs: local.")


@dataclass(frozen=True)
class LabelOptions(Options):
    """Where labels of features come from."""

    verb: ClassVar[str] = "label"
    model: str = param("default", "The model, for the logit lens.")
    neuronpedia: str = param("", "Explanations to import: an export file or folder, api, or MODEL/SOURCE.")
    llm: str = param("", "Base URL of an OpenAI-compatible endpoint that writes labels.")
    llm_model: str = param("", "The model's name at that endpoint.")
    llm_features: int | None = param(None, "Label only this many of the most common features.", minimum=1)


@dataclass(frozen=True)
class EmbedOptions(Options):
    """How samples become vectors."""

    verb: ClassVar[str] = "embed"
    method: str = param("lm-mean", "lm-mean, sae-tfidf, or a sentence-embedding model (folder or Hub id).")
    params: Mapping[str, Any] | None = param(None, "A parameter of the method, key=value. Repeatable.", flag="--param")


@dataclass(frozen=True)
class ClusterOptions(Options):
    """How many clusters, and of which vectors."""

    verb: ClassVar[str] = "cluster"
    k: str = param("auto", "Number of clusters, or auto.")
    seed: int = param(0, "Random seed.")
    embedding: str = param("", EMBEDDING)


@dataclass(frozen=True)
class ProjectOptions(Options):
    """How samples are placed on a map."""

    verb: ClassVar[str] = "project"
    method: str = param("umap", "umap, umap-features (needs no embedding), or pca.")
    seed: int = param(0, "Random seed.")
    embedding: str = param("", EMBEDDING)
    onto: str = param("", "Id of an existing map: place the samples on it instead of fitting a new one.")
    params: Mapping[str, Any] | None = param(None, "A parameter of the method, key=value. Repeatable.", flag="--param")


@dataclass(frozen=True)
class ScoreOptions(Options):
    """What scores the quality of samples."""

    verb: ClassVar[str] = "score"
    scorer: str = param(
        "heuristic", "heuristic, perplexity, ifd, reward-model, llm-judge, or a numeric column of the data."
    )
    params: Mapping[str, Any] | None = param(None, "A parameter of the scorer, key=value. Repeatable.", flag="--param")


@dataclass(frozen=True)
class LengthOptions(Options):
    """Which features count in the length analysis."""

    verb: ClassVar[str] = "length"
    threshold: float | None = param(None, "A feature counts as active above this activation.")
    segment: str = param("response", "Whose features count.", choices=SEGMENTS)


@dataclass(frozen=True)
class RefineOptions(Options):
    """Iterative refinement: how much is drawn, what rewards a cluster, and how the model is trained."""

    verb: ClassVar[str] = "refine"
    budget: str = param("5%", "Rows (1000) or a share (5%).")
    iterations: int = param(3, "Number of parts that the budget is drawn in.", minimum=1)
    clusters: str = param("", "A number of clusters to make, or the id of clusters; the newest by default.")
    scorer: str = param("perplexity", "What rewards answers: perplexity, reward-model or llm-judge.")
    scorer_params: Mapping[str, Any] | None = param(
        None, "A parameter of the reward, key=value. Repeatable.", flag="--scorer-param"
    )
    factor: str = param(
        "heuristic",
        "What multiplies rewards: perplexity alone can favour repetitive answers, because they are likely.",
        choices=("heuristic", "none"),
        label="Reward factor",
    )
    model: str = param("default", MODEL)
    max_new_tokens: int = param(96, "Truncate the model's answers to this many tokens.", minimum=1)
    params: Mapping[str, Any] | None = param(None, TRAINING, flag="--param")
    banned: tuple[int, ...] = param((), "Rows (sample ids) that are never drawn, like 4,8-10.", flag="--ban")
    seed: int = param(0, "Random seed.", minimum=0)
    device: str = param("auto", DEVICE)
    dtype: str = param("auto", "Precision of the model.", choices=DTYPES)


@dataclass(frozen=True)
class EvaluateOptions(Options):
    """Which base model is fine-tuned, how often, and what it is measured on."""

    verb: ClassVar[str] = "evaluate"
    runs: tuple[str, ...] = param(
        REQUIRED, "Selections, by id or name; those that differ only in their seed are one method.", flag=""
    )
    model: str = param("default", MODEL)
    seeds: int = param(3, "Training runs per method.", minimum=1)
    match: str = param("rows", "What is made equal between selections.", choices=("rows", "tokens"), label="Equal")
    held_out: str = param("10%", "Held-out rows: a share (10%) or number of the rows here, or a file with others.")
    held_out_rows: int = param(400, "Measure on at most this many held-out rows.")
    baseline: str = param("random", "Method, name or id of the selections to compare with.", label="Compare with")
    benchmarks: str = param("", "A folder with benchmark files; needs lm-eval.")
    benchmark_items: int = param(200, "At most this many items of each benchmark.")
    benchmark_tasks: tuple[str, ...] = param((), "Only these benchmarks (mmlu,ifeval …); all in the folder by default.")
    params: Mapping[str, Any] | None = param(None, TRAINING, flag="--param")
    device: str = param("auto", DEVICE)
    dtype: str = param("auto", "Precision of the model.", choices=DTYPES)


@dataclass(frozen=True)
class ExportOptions(Options):
    """In which format a selection is written, and where."""

    verb: ClassVar[str] = "export"
    run: str = param(REQUIRED, "The selection: an id, the start of one, or its name.", flag="")
    out: str = param("", "The file or folder to write.")
    format: str = param("jsonl", "alpaca, jsonl, parquet, csv, hf, sharegpt, messages or indices.")
    extras: tuple[str, ...] = param((), "Add a column: rank, gain, cluster or score. Repeatable.", flag="--extra")
    params: Mapping[str, Any] | None = param(None, "A parameter of the format, key=value. Repeatable.", flag="--param")
    overwrite: bool = param(False, "Replace an existing file.")


OPTIONS: dict[str, type[Options]] = {
    cls.verb: cls
    for cls in (
        IngestOptions,
        TrainSaeOptions,
        ExtractOptions,
        LabelOptions,
        EmbedOptions,
        ClusterOptions,
        ProjectOptions,
        ScoreOptions,
        LengthOptions,
        RefineOptions,
        EvaluateOptions,
        ExportOptions,
    )
}
