"""The bundled demo goes to other machines: its manifests name no folder of the one that made it."""

import json

import pytest

from explorer.pipeline.demo import WORKSPACE


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("manifest", sorted(WORKSPACE.rglob("manifest.json")), ids=lambda path: path.parts[-3])
def test_no_manifest_of_the_demo_holds_an_absolute_path(manifest):
    found = texts(json.loads(manifest.read_text("utf-8")))
    assert found and not [text for text in found if text.startswith(("/", "~")) or text[1:3] == ":\\"]
