"""Is the dictionary fit to look through? SAE health, with what each figure means, and what made the artifacts."""

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.ui import display
from explorer.ui.context import View
from explorer.ui.widgets.page import section

_JUDGED = (  # name, key, good up to, fair up to, what it means
    ("Variance unexplained (FVU)", "fvu", 0.25, 0.4, "what the SAE loses of the model's activations"),
    ("Dead features", "dead_share", 0.05, 0.2, "features of the dictionary that never fire on this data"),
    ("Attention sinks", "sink_share", 0.02, 0.05, "tokens of extreme norm, left out of every count"),
)


def _row(name: str, value: float, good: float, fair: float, meaning: str) -> dict[str, Any]:
    verdict = "good" if value <= good else "fair" if value <= fair else "poor"
    return {"measure": name, "value": display.share(value), "verdict": verdict, "what it is": meaning}


def draw(view: View) -> None:
    """Draw the table of SAE health, and where every artifact comes from."""
    if view.activations is None:
        return
    info = view.activations.manifest.info
    section("Can the SAE be trusted here?", "A sparse autoencoder (SAE) splits the model's activations into features.")
    rows = [
        _row(name, float(info[key]), good, fair, meaning)
        for name, key, good, fair, meaning in _JUDGED
        if info.get(key) is not None
    ]
    rows.append(
        {
            "measure": "Threshold",
            "value": f"{view.threshold:g}",
            "verdict": "",
            "what it is": "an activation above it counts as the feature being present; belongs to this SAE",
        }
    )
    left, right = st.columns([3, 2], gap="large")
    left.dataframe(rows, hide_index=True, alt="SAE health")
    with right:
        model, sae = display.clean(info.get("model", "–"), 60), display.clean(info.get("sae", "–"), 60)
        st.text(
            f"Model  {model}\nSAE    {sae}, {display.count(info.get('d_sae'))} features\n"
            f"Reads  {display.clean(info.get('hook', '–'), 60)}"
        )
        seconds = view.activations.manifest.seconds
        speed = info["tokens"] / seconds if seconds and "tokens" in info else None
        took = display.seconds(view.activations.manifest.seconds)
        st.caption(
            f"Read in {took}"
            + (f" at {speed:,.0f} tokens/s" if speed else "")
            + f", {display.when(view.activations.manifest.created)} UTC."
        )
    with st.expander("Every artifact of this workspace"):
        st.dataframe(_artifacts(view), hide_index=True, alt="Artifacts of the workspace")


def _artifacts(view: View) -> list[dict[str, Any]]:
    from explorer.workspace import KINDS

    return [
        {
            "kind": artifact.kind,
            "id": artifact.id,
            "name": display.clean(artifact.manifest.name),
            "rows": sum(artifact.manifest.rows.values()),
            "made (UTC)": display.when(artifact.manifest.created),
            "took": display.seconds(artifact.manifest.seconds),
            "peak memory": f"{artifact.manifest.peak_memory / 2**20:,.0f} MB",
        }
        for kind in KINDS.slugs
        for artifact in view.store.artifacts(kind)
    ]
