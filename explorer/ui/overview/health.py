"""SAE health, with what each figure means, and where every artifact of the workspace comes from."""

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.ui import display
from explorer.ui.context import View
from explorer.ui.widgets import table
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import section
from explorer.workspace import KINDS

_MEASURES = (  # name, key, good up to, fair up to, meaning
    ("Variance unexplained (FVU)", "fvu", 0.25, 0.4, "variance of the activations lost by the SAE"),
    ("Dead features", "dead_share", 0.05, 0.2, "features that never fire on this data"),
    ("Attention sinks", "sink_share", 0.02, 0.05, "tokens of extreme norm, ignored in every count"),
)
_HEALTH = (
    Column("measure", "Measure", width=190),
    Column("value", "Value", width=70),
    Column("verdict", "Verdict", width=70),
    Column("meaning", "Meaning"),
)
_ARTIFACTS = (
    Column("kind", "Kind"),
    Column("id", "Id"),
    Column("name", "Name"),
    Column("rows", "Rows", "number"),
    Column("created", "Created (UTC)"),
    Column("seconds", "Time"),
    Column("memory", "Peak memory"),
)


def draw(view: View) -> None:
    """Draw the table of SAE health, the model and SAE behind it, and every artifact of the workspace."""
    if view.activations is None:
        return
    info = view.activations.manifest.info
    section("SAE health", "A sparse autoencoder (SAE) splits the model's activations into features.")
    rows = [
        _row(name, float(info[key]), good, fair, meaning)
        for name, key, good, fair, meaning in _MEASURES
        if info.get(key) is not None
    ]
    meaning = "a feature is active above it; the SAE's default"
    rows.append({"measure": "Threshold", "value": f"{view.threshold:.4g}", "verdict": "", "meaning": meaning})
    left, right = st.columns([3, 2], gap="large")
    with left:
        table.draw(rows, _HEALTH, alt="SAE health")
    with right:
        model, sae = display.clean(info.get("model", "–"), 60), display.clean(info.get("sae", "–"), 60)
        st.text(
            f"Model  {model}\nSAE    {sae}, {display.count(info.get('d_sae'))} features\n"
            f"Hook   {display.clean(info.get('hook', '–'), 60)}"
        )
        seconds = view.activations.manifest.seconds
        speed = f" at {info['tokens'] / seconds:,.0f} tokens/s" if seconds and "tokens" in info else ""
        created = display.when(view.activations.manifest.created)
        st.caption(f"Extracted in {display.seconds(seconds)}{speed}, {created} UTC.")
    with st.expander("All artifacts of this workspace"):
        table.draw(_artifacts(view), _ARTIFACTS, alt="Artifacts of the workspace")


def _row(name: str, value: float, good: float, fair: float, meaning: str) -> dict[str, Any]:
    verdict = "good" if value <= good else "fair" if value <= fair else "poor"
    return {"measure": name, "value": display.share(value), "verdict": verdict, "meaning": meaning}


def _artifacts(view: View) -> list[dict[str, Any]]:
    return [
        {
            "kind": artifact.kind,
            "id": artifact.id,
            "name": display.clean(artifact.manifest.name),
            "rows": sum(artifact.manifest.rows.values()),
            "created": display.when(artifact.manifest.created),
            "seconds": display.seconds(artifact.manifest.seconds),
            "memory": f"{artifact.manifest.peak_memory / 2**20:,.0f} MB",
        }
        for kind in KINDS.slugs
        for artifact in view.store.artifacts(kind)
    ]
