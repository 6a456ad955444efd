"""The workspace: a folder of immutable Parquet artifacts, queried by DuckDB."""

from explorer.workspace.artifact import KINDS, Artifact, Draft, Manifest, artifact_id
from explorer.workspace.store import SCHEMA_VERSION, Store

__all__ = ["KINDS", "SCHEMA_VERSION", "Artifact", "Draft", "Manifest", "Store", "artifact_id"]
