"""The user's own feature labels: `labels.json` in the workspace, by SAE, so that they outlast an extraction."""

from __future__ import annotations

import json

from explorer.errors import InputError, refuse
from explorer.workspace import Artifact, Store
from explorer.workspace.artifact import write_json

FILE = "labels.json"
MAX_LENGTH = 200  # characters


def owner(activations: Artifact) -> str:
    """The key of an extraction's SAE: labels hold for every extraction with the same model, SAE and layer."""
    info = activations.manifest.info
    return "|".join(str(info.get(key, "")) for key in ("model", "sae", "layer", "d_sae"))


def read(store: Store, activations: Artifact) -> dict[int, str]:
    """The user's labels for the features of `activations`, by feature id."""
    return {int(number): text for number, text in _read(store).get(owner(activations), {}).items()}


def write(store: Store, activations: Artifact, feature_id: int, label: str) -> None:
    """Save `label` for a feature; an empty one removes the user's label."""
    text = " ".join(label.split())
    if len(text) > MAX_LENGTH:
        refuse("the label is too long", got=f"{len(text)} characters", allowed=f"up to {MAX_LENGTH}")
    by_sae = _read(store)
    labels = by_sae.setdefault(owner(activations), {})
    labels.pop(str(feature_id), None)
    if text:
        labels[str(feature_id)] = text
    write_json(store.path / FILE, by_sae)


def _read(store: Store) -> dict[str, dict[str, str]]:
    path = store.path / FILE
    if not path.is_file():
        return {}
    try:
        by_sae = json.loads(path.read_text("utf-8"))
        return {str(sae): {str(n): str(text) for n, text in labels.items()} for sae, labels in by_sae.items()}
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
