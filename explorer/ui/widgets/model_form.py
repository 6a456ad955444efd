"""Form for the language model and the SAE: the embedded ones, or those that the user names."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.options.base import Options
from explorer.options.verbs import ExtractOptions, LabelOptions
from explorer.ui import display


def draw(key: str) -> dict[str, Options] | None:
    """Draw the two fields, folded away; returns options by verb, or None where the input is invalid."""
    with st.expander("Model and SAE", key=f"{key}_reader"):
        left, right = st.columns(2, gap="large")
        model = left.text_input(
            "Language model",
            placeholder="default: SmolLM2-135M-Instruct",
            key=f"{key}_model",
            help="Any causal language model: a Hugging Face id, a folder with config.json, or a .gguf file.",
        )
        sae = right.text_input(
            "Sparse autoencoder",
            placeholder="default: 4,096 features, layer 20",
            key=f"{key}_sae",
            help="A folder in sae-lens format, `release/sae_id` of sae-lens, or a path on the Hub.",
        )
        st.caption("An SAE belongs to one layer of one model: name both or neither.")
    values = {"model": str(model or "").strip(), "sae": str(sae or "").strip()}
    for value in values.values():
        if _is_path(value) and not Path(value).expanduser().exists():
            st.error(
                f"{display.md(value, 200)} does not exist on the machine that runs the app.", icon=":material/error:"
            )
            return None
    if bool(values["model"]) != bool(values["sae"]):
        st.error("Name the model and the SAE that was trained on it, or neither.", icon=":material/error:")
        return None
    places = {name: str(Path(value).expanduser()) if _is_path(value) else value for name, value in values.items()}
    if not places["model"]:
        return {}
    return {"extract": ExtractOptions(places["model"], places["sae"]), "label": LabelOptions(places["model"])}


def _is_path(text: str) -> bool:
    return text.startswith(("/", "~", ".")) or text.endswith(".gguf")
