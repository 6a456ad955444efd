"""The workspace: a folder of immutable Parquet artifacts, queried by DuckDB."""

from explorer.workspace.artifact import Artifact, Draft, Manifest, artifact_id
from explorer.workspace.kinds import KINDS, Kind
from explorer.workspace.snapshot import Snapshot
from explorer.workspace.store import SCHEMA_VERSION, Store

__all__ = [
    "KINDS",
    "SCHEMA_VERSION",
    "Artifact",
    "Draft",
    "Kind",
    "Manifest",
    "Snapshot",
    "Store",
    "artifact_id",
]
