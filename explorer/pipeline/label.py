"""Describe every feature of the newest extraction: statistics, words, logit lens and a local label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from explorer.errors import InputError
from explorer.progress import Progress, silent
from explorer.workspace import Artifact, Store

VERSION = 2  # part of the artifact's parameters: raise it when labels are made differently


@dataclass(frozen=True)
class LabelResult:
    """How many features there are, and how many have a label (a feature without evidence has none)."""

    artifact: str
    features: int
    labelled: int
    logit_lens: bool
    seconds: float
    existed: bool


def label(store: Store, *, model: str = "default", progress: Progress = silent) -> LabelResult:
    """Write the `features` artifact of the newest extraction.

    `model` is only needed for the logit lens; where it cannot be loaded, or is another model than the extraction's, the
    promoted and suppressed tokens stay empty and the manifest says why.
    """
    activations = store.require("activations")
    threshold = float(activations.manifest.info["default_threshold"])
    parameters = {"version": VERSION, "threshold": threshold}
    inputs = {"activations": activations.id, "samples": activations.manifest.inputs["samples"]}
    found = store.find("features", parameters, inputs)
    if found is not None:
        return _result(found, existed=True)
    with store.draft("features", parameters=parameters, inputs=inputs) as draft:
        progress("label", 0, 3, "statistics")
        columns, labelled = _describe(store, activations, threshold, progress)
        progress("label", 2, 3, "logit lens")
        lens, why = _logit_lens(activations, model)
        columns["promoted"], columns["suppressed"] = lens or ([None] * len(columns["label"]),) * 2
        draft.info = {"labelled": labelled, "logit_lens": lens is not None, "logit_lens_missing": why}
        import pyarrow as pa

        from explorer.records import FEATURES

        draft.write(pa.table({field.name: pa.array(columns[field.name], field.type) for field in FEATURES}))
        artifact = draft.commit()
    progress("label", 3, 3)
    return _result(artifact, existed=False)


def _describe(
    store: Store, activations: Artifact, threshold: float, progress: Progress
) -> tuple[dict[str, list[Any]], int]:
    import numpy as np

    from explorer.features.naming import Context, make_label, top_peak_words
    from explorer.features.statistics import measure
    from explorer.maps.words import class_words

    stats = measure(store, activations, threshold=threshold)
    width = len(stats.n_samples)
    contexts: list[list[Context]] = [[] for _ in range(width)]
    evidence = store.scan(activations, "evidence")
    query = f"SELECT feature_id, tokens, peak FROM {evidence} WHERE kind = 'top' ORDER BY feature_id, rank"
    reader = store.sql(query).fetchall()
    for feature, tokens, peak in reader:
        contexts[feature].append(Context(tokens, peak))
    progress("label", 1, 3, "words")
    texts = [context.text for found in contexts for context in found]
    owners = np.repeat(np.arange(width, dtype=np.int32), [len(found) for found in contexts])
    topics = class_words(texts, owners, width, top=8)
    peaks = [top_peak_words(found) for found in contexts]
    labels = [make_label(p, t) or None for p, t in zip(peaks, topics, strict=True)]
    columns: dict[str, list[Any]] = {
        "feature_id": list(range(width)),
        "n_samples": stats.n_samples.tolist(),
        "share": (stats.n_samples / max(1, stats.samples)).tolist(),
        "n_tokens": stats.n_tokens.tolist(),
        "density": (stats.n_tokens / max(1, stats.tokens)).tolist(),
        "max_act": stats.max_act.tolist(),
        "mean_act": stats.mean_act.tolist(),
        "bin_edges": [stats.bin_edges(i).tolist() for i in range(width)],
        "bin_counts": stats.bin_counts.tolist(),
        "top_tokens": [[word for word, _ in found] for found in peaks],
        "words": topics,
        "label": labels,
        "label_source": ["local" if text else None for text in labels],
        "length_corr": [None if value != value else value for value in stats.length_corr.tolist()],
    }
    return columns, sum(text is not None for text in labels)


def _logit_lens(activations: Artifact, model: str) -> tuple[tuple[list[list[str]], list[list[str]]] | None, str]:
    from explorer.features.logit_lens import promoted_and_suppressed
    from explorer.lm.model import load_model, model_fingerprint
    from explorer.sae.load import load_sae

    recorded = activations.manifest.parameters
    where = activations.manifest.info
    try:
        sae = load_sae(where["sae_source"])
        loaded = load_model(model if model != "default" else where["model_source"], dtype=recorded["dtype"])
    except InputError as error:
        return None, str(error)
    if model_fingerprint(loaded) != recorded["model_fingerprint"] or sae.fingerprint != recorded["sae_fingerprint"]:
        return None, f"the model or SAE found is not the one that was extracted with ({recorded['model']})"
    if sae.d_in != loaded.d_model or (".hook_resid" not in sae.hook_name and "layers" not in sae.hook_name):
        return None, f"{sae.hook_name} does not write to the residual stream"
    return promoted_and_suppressed(loaded, sae.sae.W_dec), ""


def _result(artifact: Artifact, *, existed: bool) -> LabelResult:
    manifest = artifact.manifest
    return LabelResult(
        artifact=artifact.ref,
        features=manifest.rows["features"],
        labelled=int(manifest.info["labelled"]),
        logit_lens=bool(manifest.info["logit_lens"]),
        seconds=manifest.seconds,
        existed=existed,
    )
