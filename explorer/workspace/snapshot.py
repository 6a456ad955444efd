"""One consistent view of a workspace: a dataset, and the artifacts that were made from just that dataset."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

from explorer.errors import ExplorerError, MissingStep, refuse
from explorer.workspace.artifact import Artifact
from explorer.workspace.kinds import KINDS
from explorer.workspace.store import Store

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Snapshot:
    """The artifacts of one dataset by kind, oldest first. Every read of a page or verb starts from one snapshot.

    An artifact written later does not change a snapshot, so two reads of one page never see different data.
    """

    store: Store
    by_kind: dict[str, tuple[Artifact, ...]] = field(default_factory=dict)

    @classmethod
    def newest(cls, store: Store) -> Self:
        """Take the newest dataset; empty where there is none."""
        samples = store.newest("samples")
        return cls(store) if samples is None else cls.of(store, samples)

    @classmethod
    def of(cls, store: Store, samples: Artifact) -> Self:
        """Take a dataset and what was made from it; the feature tables are those of its newest extraction."""
        by_kind: dict[str, tuple[Artifact, ...]] = {"samples": (samples,)}
        for kind in KINDS:
            if kind.parent:
                parent = by_kind[kind.parent][-1].id if by_kind[kind.parent] else ""
                artifacts = store.artifacts(kind.slug)
                by_kind[kind.slug] = tuple(a for a in artifacts if a.manifest.inputs.get(kind.parent) == parent)
        return cls(store, by_kind)

    def all(self, kind: str) -> tuple[Artifact, ...]:
        """Every artifact of a kind, oldest first."""
        return self.by_kind.get(KINDS[kind].slug, ())

    def get(self, kind: str) -> Artifact | None:
        """The newest artifact of a kind; None where there is none."""
        artifacts = self.all(kind)
        return artifacts[-1] if artifacts else None

    def require(self, kind: str) -> Artifact:
        """Like `get`, but a missing artifact is refused with the command that makes it."""
        artifact = self.get(kind)
        if artifact is None:
            command = f"python -m explorer {KINDS[kind].command} -w {self.store.path}"
            raise MissingStep(f"{self.store.path} has no {kind} yet; run: {command}")
        return artifact

    @property
    def samples(self) -> Artifact | None:
        """The dataset."""
        return self.get("samples")

    @property
    def activations(self) -> Artifact | None:
        """The newest extraction."""
        return self.get("activations")

    @property
    def features(self) -> Artifact | None:
        """The feature table of the newest extraction."""
        return self.get("features")

    @property
    def embeddings(self) -> Artifact | None:
        """The newest embedding."""
        return self.get("embeddings")

    @property
    def clusters(self) -> Artifact | None:
        """The newest clusters."""
        return self.get("clusters")

    @property
    def projections(self) -> tuple[Artifact, ...]:
        """Every map, oldest first."""
        return self.all("projections")

    @property
    def quality(self) -> Artifact | None:
        """The newest quality score."""
        return self.get("quality")

    @property
    def selections(self) -> tuple[Artifact, ...]:
        """Every saved selection, oldest first."""
        return self.all("selections")

    @property
    def rows(self) -> int:
        """Samples in the dataset."""
        return self.samples.manifest.rows["samples"] if self.samples else 0

    @cached_property
    def threshold(self) -> float:
        """The default threshold of the extraction's SAE; 0 before there is an extraction.

        A feature is present in a row where its largest activation is above the threshold.
        """
        if self.activations is None:
            return 0.0
        value = self.activations.manifest.info.get("default_threshold")
        if value is None:
            raise ExplorerError(f"{self.activations.ref} does not say its default threshold; give one")
        return float(value)

    def resolve(self, kind: str, reference: str) -> Artifact:
        """The artifact meant by an id or name; one that was made from another dataset is refused."""
        artifact, samples = self.store.resolve(kind, reference), self.require("samples")
        if artifact.manifest.inputs.get("samples") != samples.id:
            refuse(f"{artifact.ref} was made from other samples than these", allowed=f"one made from {samples.ref}")
        return artifact

    def selection(self, artifact_id: str) -> Artifact | None:
        """The saved selection of that id, if it is one of this dataset."""
        return next((run for run in self.selections if run.id == artifact_id), None)

    def key(self, *kinds: str) -> tuple[str, ...]:
        """What a cached result depends on: the workspace and the ids of its artifacts of `kinds`."""
        ids = (f"{kind}:{','.join(artifact.id for artifact in self.all(kind))}" for kind in kinds)
        return (str(self.store.path.resolve()), *ids)

    def table(self, name: str) -> duckdb.DuckDBPyRelation:
        """The newest table of that name as a DuckDB relation (`.df()`, `.arrow()`, `.filter(…)`).

        `samples` carries the token counts of the extraction (null before there is one); `pairs`, `evidence` and
        `tokens` are tables of the extraction; every other name is a kind of artifact.
        """
        if name == "samples":
            return self.store.sql(f"FROM {self.samples_sql()} ORDER BY sample_id")
        extracted = {"pairs": "by_sample", "evidence": "evidence", "tokens": "tokens"}
        if name in extracted:
            return self.store.sql(f"FROM {self.store.scan(self.require('activations'), extracted[name])}")
        if name not in KINDS or name == "activations":
            refuse(f"unknown table {name!r}", allowed=[*(s for s in KINDS.slugs if s != "activations"), *extracted])
        return self.store.sql(f"FROM {self.store.scan(self.require(name))}")

    def samples_sql(self) -> str:
        """The samples with the token counts of the extraction (null before there is one), for a FROM clause."""
        samples = self.store.scan(self.require("samples"))
        if self.activations is None:
            counts = "NULL::INTEGER AS prompt_tokens, NULL::INTEGER AS response_tokens, NULL::BOOLEAN AS truncated"
            return f"(SELECT *, {counts} FROM {samples})"
        tokens = self.store.scan(self.activations, "tokens")
        return (
            f"(SELECT s.*, t.prompt_tokens, t.response_tokens, t.truncated FROM {samples} s "
            f"LEFT JOIN {tokens} t USING (sample_id))"
        )
