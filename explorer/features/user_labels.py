"""The user's own feature labels: `labels.json` in the workspace, by SAE, because they outlive an extraction."""

from __future__ import annotations

import json

from explorer.errors import InputError, refuse
from explorer.workspace import Artifact, Store
from explorer.workspace.artifact import write_json

FILE = "labels.json"
MAX_LENGTH = 200  # characters


def owner(activations: Artifact) -> str:
    """Return the name under which labels of an extraction's SAE are kept: features of the same SAE mean the same."""
    info = activations.manifest.info
    return "|".join(str(info.get(key, "")) for key in ("model", "sae", "layer", "d_sae"))


def read(store: Store, activations: Artifact) -> dict[int, str]:
    """Return the user's labels for the features of `activations`, by feature id."""
    return {int(number): text for number, text in _read(store).get(owner(activations), {}).items()}


def write(store: Store, activations: Artifact, feature_id: int, label: str) -> None:
    """Keep `label` for a feature; an empty one takes the user's label away again."""
    text = " ".join(label.split())
    if len(text) > MAX_LENGTH:
        refuse("the label is too long", got=f"{len(text)} characters", allowed=f"up to {MAX_LENGTH}")
    kept = _read(store)
    mine = kept.setdefault(owner(activations), {})
    mine.pop(str(feature_id), None)
    if text:
        mine[str(feature_id)] = text
    write_json(store.path / FILE, kept)


def _read(store: Store) -> dict[str, dict[str, str]]:
    path = store.path / FILE
    if not path.is_file():
        return {}
    try:
        kept = json.loads(path.read_text("utf-8"))
        return {str(sae): {str(n): str(text) for n, text in labels.items()} for sae, labels in kept.items()}
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
