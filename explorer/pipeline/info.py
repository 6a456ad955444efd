"""Info: the artifacts of a workspace, what is missing, and the next command."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from explorer.workspace import KINDS, Snapshot, Store


@dataclass(frozen=True)
class InfoResult:
    """Artifacts by kind, the SAE's health on this dataset, and the next command (empty if nothing is missing)."""

    workspace: str
    name: str
    artifacts: dict[str, list[dict[str, Any]]]
    missing: list[str]
    next: str
    health: dict[str, Any] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The result as lines of text."""
        out = [f"workspace {self.workspace} ({self.name})"]
        for kind, entries in self.artifacts.items():
            for entry in entries:
                rows = ", ".join(f"{count:,} {table}" for table, count in entry["rows"].items())
                name = f" “{entry['name']}”" if entry["name"] else ""
                out.append(f"  {kind}/{entry['id']}{name}  {rows}  {entry['created'][:19]}  {entry['seconds']:.1f} s")
        if self.health:
            out.append("SAE health on this dataset")
            for key, value in self.health.items():
                shown = (
                    f"{value:.2%}" if key.endswith("share") else f"{value:,.4g}" if isinstance(value, float) else value
                )
                out.append(f"  {key.replace('_', ' ')}: {shown}")
        for kind in self.missing:
            out.append(f"missing: {kind}")
        out.append(
            f"next: python -m explorer {self.next}" if self.next else "nothing is missing; look at it with serve"
        )
        return out


def info(store: Store) -> InfoResult:
    """List all artifacts, and check which kinds the newest dataset lacks."""
    artifacts = {
        kind: [
            {
                "id": artifact.id,
                "name": artifact.manifest.name,
                "rows": artifact.manifest.rows,
                "dropped": artifact.manifest.dropped,
                "parameters": artifact.manifest.parameters,
                "created": artifact.manifest.created,
                "seconds": artifact.manifest.seconds,
            }
            for artifact in store.artifacts(kind)
        ]
        for kind in KINDS.slugs
    }
    snapshot = Snapshot.newest(store)
    missing = [kind for kind in KINDS if kind.stage != "proof" and snapshot.get(kind.slug) is None]
    activations = snapshot.activations
    health: dict[str, Any] = {}
    if activations is not None:
        shown = ("model", "sae", "hook", "d_sae", "default_threshold", "tokens", "l0", "fvu")
        shares = ("dead_share", "sink_share", "truncated_share")
        health = {key: activations.manifest.info[key] for key in (*shown, *shares)}
    return InfoResult(
        workspace=str(store.path),
        name=store.name,
        artifacts={kind: entries for kind, entries in artifacts.items() if entries},
        missing=[kind.slug for kind in missing],
        next=f"{missing[0].command} -w {store.path}" if missing else "",
        health=health,
    )
