"""Label: statistics, words, decoder directions, logit lens and labels of every feature."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.errors import InputError, refuse
from explorer.options.base import keywords
from explorer.options.verbs import LabelOptions
from explorer.progress import Progress, silent
from explorer.workspace import Artifact, Snapshot, Store

if TYPE_CHECKING:
    from explorer.features.llm_labels import LlmLabels
    from explorer.features.naming import Context
    from explorer.features.neuronpedia import Explanation
    from explorer.quality.chat import Endpoint

VERSION = 3  # part of the artifact's parameters: raise it when a feature's description changes
PRIORITY = ("neuronpedia", "llm", "local")  # which label is shown; the user's own comes first


@dataclass(frozen=True)
class LabelResult:
    """Number of features, of labelled ones by source, and of failed labels by reason."""

    artifact: str
    features: int
    labelled: int
    by_source: dict[str, int]
    logit_lens: bool
    directions: bool
    seconds: float
    existed: bool
    failed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Evidence:
    contexts: list[list[Context]]  # strongest first, by feature
    activations: list[list[list[float]]]
    sampled: list[list[Context]]  # across the range of activations


@keywords(LabelOptions)
def label(store: Store, options: LabelOptions, *, progress: Progress = silent) -> LabelResult:
    """Write the `features` artifact of the newest extraction.

    Args:
        store: The workspace.
        options: Where labels come from; the fields may be given as keywords instead. If the model cannot be loaded or
            is not the extraction's model, promoted and suppressed tokens stay empty and the manifest gives the reason;
            likewise for the SAE and its directions.
        progress: Called with the step and its progress.

    Raises:
        InputError: explanations that cannot be read or belong to another SAE, or an endpoint that fails.
    """
    from explorer.features import neuronpedia as exports

    endpoint = _endpoint(options.llm, options.llm_model)
    snapshot = Snapshot.newest(store)
    activations, threshold = snapshot.require("activations"), snapshot.threshold
    info = activations.manifest.info
    imported: dict[int, Explanation] = {}
    if options.neuronpedia:
        neuronpedia_id, width = info.get("neuronpedia_id"), int(info["d_sae"])
        imported = exports.load(options.neuronpedia, neuronpedia_id=neuronpedia_id, width=width)
    evidence = written = None
    if endpoint is not None:
        evidence = _evidence(store, activations)
        written = _written(store, evidence, activations, endpoint, options.llm_features, progress)
    parameters: dict[str, Any] = {"version": VERSION, "threshold": threshold}
    if imported:
        parameters["neuronpedia"] = _digest({i: asdict(explanation) for i, explanation in imported.items()})
    if written is not None:
        parameters["llm"] = {"endpoint": options.llm.rstrip("/"), "model": options.llm_model}
        parameters["llm"]["labels"] = _digest({i: asdict(label) for i, label in written.labels.items()})
    inputs = {"activations": activations.id, "samples": activations.manifest.inputs["samples"]}
    existing = store.find("features", parameters, inputs)
    if existing is not None:
        return _result(existing, existed=True)
    with store.draft("features", parameters=parameters, inputs=inputs) as draft:
        progress("label", 0, 4, "statistics")
        columns = _describe(store, activations, threshold, evidence or _evidence(store, activations), progress)
        progress("label", 2, 4, "logit lens and directions")
        lens_missing, directions_missing = _from_weights(columns, activations, options.model, progress)
        labels = _labels(columns, imported, written, options.llm_model)
        sources = [source for source in columns["label_source"] if source]
        draft.info = {
            "labelled": len(sources),
            "by_source": {source: sources.count(source) for source in PRIORITY if source in sources},
            "logit_lens": columns["promoted"][0] is not None,
            "logit_lens_missing": lens_missing,
            "directions": columns["near"][0] is not None,
            "directions_missing": directions_missing,
        }
        draft.dropped = {f"LLM label: {reason}": n for reason, n in (written.failed if written else {}).items()}
        _write(draft, columns, labels)
        artifact = draft.commit()
    progress("label", 4, 4)
    return _result(artifact, existed=False)


def _write(draft: Any, columns: dict[str, list[Any]], labels: list[tuple[int, str, str, float | None, str]]) -> None:
    import pyarrow as pa

    from explorer.records import DIRECTIONS, FEATURE_LABELS, FEATURES

    def table(schema: pa.Schema, of: dict[str, Any]) -> pa.Table:
        return pa.table({field.name: pa.array(of[field.name], field.type) for field in schema})

    draft.write(table(FEATURES, columns))
    by_column = zip(*labels, strict=True) if labels else [()] * len(FEATURE_LABELS)
    draft.write(table(FEATURE_LABELS, dict(zip(FEATURE_LABELS.names, map(list, by_column), strict=True))), "labels")
    has_directions = columns["near"][0] is not None
    draft.write(table(DIRECTIONS, columns if has_directions else {name: [] for name in DIRECTIONS.names}), "directions")


def _evidence(store: Store, activations: Artifact) -> _Evidence:
    from explorer.features.naming import Context

    width = int(activations.manifest.info["d_sae"])
    evidence = _Evidence([[] for _ in range(width)], [[] for _ in range(width)], [[] for _ in range(width)])
    query = (
        f"SELECT feature_id, kind, tokens, peak, segment, activations FROM {store.scan(activations, 'evidence')} "
        "ORDER BY feature_id, kind, rank"
    )
    for feature, kind, tokens, peak, segment, values in store.sql(query).fetchall():
        context = Context(tokens, peak, segment)
        if kind == "top":
            evidence.contexts[feature].append(context)
            evidence.activations[feature].append(values)
        else:
            evidence.sampled[feature].append(context)
    return evidence


def _describe(
    store: Store, activations: Artifact, threshold: float, evidence: _Evidence, progress: Progress
) -> dict[str, list[Any]]:
    import numpy as np

    from explorer.features.keywords import class_words
    from explorer.features.naming import distinct, name_feature
    from explorer.features.statistics import measure

    stats = measure(store, activations, threshold=threshold)
    width = len(stats.n_samples)
    progress("label", 1, 4, "words")
    differing = [distinct(contexts) for contexts in evidence.contexts]
    texts = [context.text for contexts in differing for context in contexts]
    owners = np.repeat(np.arange(width, dtype=np.int32), [len(contexts) for contexts in differing])
    topics = class_words(texts, owners, width, top=8)
    names = [name_feature(contexts, topic) for contexts, topic in zip(evidence.contexts, topics, strict=True)]
    return {
        "feature_id": list(range(width)),
        "n_samples": stats.n_samples.tolist(),
        "share": (stats.n_samples / max(1, stats.samples)).tolist(),
        "n_tokens": stats.n_tokens.tolist(),
        "density": (stats.n_tokens / max(1, stats.tokens)).tolist(),
        "max_act": stats.max_act.tolist(),
        "mean_act": stats.mean_act.tolist(),
        "bin_edges": [stats.bin_edges(i).tolist() for i in range(width)],
        "bin_counts": stats.bin_counts.tolist(),
        "top_tokens": [list(name.peaks) for name in names],
        "words": [list(name.words) for name in names],
        "label": [name.label or None for name in names],
        "label_source": ["local" if name.label else None for name in names],
        "length_corr": [None if value != value else value for value in stats.length_corr.tolist()],
    }


def _from_weights(
    columns: dict[str, list[Any]], activations: Artifact, model: str, progress: Progress
) -> tuple[str, str]:
    """Fill in the logit lens and the directions; return the reason why each is missing, or an empty text."""
    import numpy as np

    from explorer.maps.directions import measure
    from explorer.sae.load import load_sae

    width = len(columns["feature_id"])
    empty: list[Any] = [None] * width
    columns.update({name: empty for name in ("promoted", "suppressed", "near", "cosine", "x", "y")})
    info = activations.manifest.info
    if not {"sae_source", "model_source"} <= info.keys():
        reason = "the extraction does not record its model and SAE"
        return reason, reason
    try:
        sae = load_sae(info["sae_source"])
    except InputError as error:
        return str(error), str(error)
    if sae.fingerprint != activations.manifest.parameters["sae_fingerprint"]:
        reason = f"the SAE is not the one of the extraction ({activations.manifest.parameters['sae']})"
        return reason, reason
    decoder = sae.sae.W_dec.detach().float().cpu().numpy()
    progress("label", 3, 4, "feature map")
    placed = measure(decoder, np.array(columns["n_tokens"]) > 0)
    columns["near"], columns["cosine"] = placed.near.tolist(), placed.cosine.tolist()
    for name, column in zip(("x", "y"), placed.place.T, strict=True):
        columns[name] = [None if value != value else value for value in column.tolist()]
    lens, lens_missing = _logit_lens(sae, activations, model)
    if lens is not None:
        columns["promoted"], columns["suppressed"] = lens
    return lens_missing, ""


def _logit_lens(
    sae: Any, activations: Artifact, model: str
) -> tuple[tuple[list[list[str]], list[list[str]]] | None, str]:
    from explorer.features.logit_lens import promoted_and_suppressed
    from explorer.lm.model import load_model, model_fingerprint

    recorded = activations.manifest.parameters
    try:
        source = model if model != "default" else activations.manifest.info["model_source"]
        loaded = load_model(source, dtype=recorded["dtype"])
    except InputError as error:
        return None, str(error)
    if model_fingerprint(loaded) != recorded["model_fingerprint"]:
        return None, f"the model is not the one of the extraction ({recorded['model']})"
    if sae.d_in != loaded.d_model or (".hook_resid" not in sae.hook_name and "layers" not in sae.hook_name):
        return None, f"{sae.hook_name} does not write to the residual stream"
    return promoted_and_suppressed(loaded, sae.sae.W_dec), ""


def _endpoint(url: str, model: str) -> Endpoint | None:
    """The endpoint that writes labels; None where none is given."""
    from explorer.quality.chat import Endpoint

    if bool(url) != bool(model):
        refuse("labels by an LLM need an endpoint and the name of its model", allowed="--llm URL --llm-model NAME")
    if url and not url.startswith(("http://", "https://")):
        refuse("--llm", got=url, allowed="an http:// or https:// address, e.g. http://localhost:8000/v1")
    return Endpoint(url, model) if url else None


def _written(
    store: Store,
    evidence: _Evidence,
    activations: Artifact,
    endpoint: Endpoint,
    limit: int | None,
    progress: Progress,
) -> LlmLabels:
    from explorer.features.llm_labels import LabelTask, write_labels

    pairs = store.scan(activations, "by_feature")
    common = store.sql(f"SELECT feature_id FROM {pairs} GROUP BY 1 ORDER BY count(*) DESC, 1").fetchall()
    tasks = [
        LabelTask(i, list(zip(evidence.contexts[i], evidence.activations[i], strict=True)), evidence.sampled[i])
        for (i,) in common[:limit]
    ]
    return write_labels(tasks, endpoint, store.path / ".cache" / "labels", progress=progress)


def _labels(
    columns: dict[str, list[Any]], imported: dict[int, Explanation], written: LlmLabels | None, llm_model: str
) -> list[tuple[int, str, str, float | None, str]]:
    """Set the label with the highest priority in `columns`; return all labels as rows of `records.FEATURE_LABELS`."""
    rows: list[tuple[int, str, str, float | None, str]] = []
    for i, local in enumerate(columns["label"]):
        known: dict[str, tuple[str, float | None, str]] = {}
        if i in imported:
            known["neuronpedia"] = (imported[i].text, imported[i].score, imported[i].by)
        if written is not None and i in written.labels:
            known["llm"] = (written.labels[i].label, written.labels[i].score, llm_model)
        if local:
            known["local"] = (local, None, "")
        ordered = [source for source in PRIORITY if source in known]
        rows += [(i, source, *known[source]) for source in ordered]
        if ordered:
            columns["label"][i], columns["label_source"][i] = known[ordered[0]][0], ordered[0]
    return rows


def _digest(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(canonical.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _result(artifact: Artifact, *, existed: bool) -> LabelResult:
    manifest = artifact.manifest
    return LabelResult(
        artifact=artifact.ref,
        features=manifest.rows["features"],
        labelled=int(manifest.info["labelled"]),
        by_source=dict(manifest.info["by_source"]),
        logit_lens=bool(manifest.info["logit_lens"]),
        directions=bool(manifest.info["directions"]),
        seconds=manifest.seconds,
        existed=existed,
        failed=dict(manifest.dropped),
    )
