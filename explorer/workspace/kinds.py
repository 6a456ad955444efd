"""Every kind of artifact: what it is called, which verb makes it, what it is made from. The one table of them.

The workspace, `info`, the recipe, the empty states and the job titles of the app are all derived from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.registry import Registry


@dataclass(frozen=True)
class Kind:
    """One kind of artifact, in the order of the pipeline.

    Attributes:
        slug: Its folder in the workspace, and its name in manifests and recipes.
        noun: What one of them is called on a page (`no {noun} yet`).
        verb: The verb of the command line (and function of `explorer.pipeline`) that makes it.
        arguments: What a suggested command line adds to the verb.
        parent: The kind whose id ties it to a dataset: an artifact belongs to the samples that its parent belongs to.
        doing: What a job says while the verb runs.
        hint: What the verb does, as an instruction for an empty page.
        stage: `prepare` is what the app runs with one button after an import; `info` suggests all but `proof`.
    """

    slug: str
    noun: str
    verb: str
    doing: str
    hint: str
    stage: Literal["import", "prepare", "choose", "proof"]
    arguments: str = ""
    parent: str = "samples"

    @property
    def command(self) -> str:
        """The verb with the arguments that it needs."""
        return f"{self.verb} {self.arguments}".strip()


KINDS: Registry[Kind] = Registry(
    "kind of artifact",
    [
        Kind("samples", "dataset", "ingest", "importing", "Import a dataset", "import", "SOURCE", parent=""),
        Kind(
            "activations",
            "activations",
            "extract",
            "running the model and the SAE",
            "Run the model and the SAE over every row",
            "prepare",
        ),
        Kind(
            "features",
            "feature table",
            "label",
            "labelling features",
            "Describe and label the features",
            "prepare",
            parent="activations",
        ),
        Kind("embeddings", "embeddings", "embed", "embedding rows", "Give every row a vector", "prepare"),
        Kind("clusters", "clusters", "cluster", "clustering rows", "Cluster the rows", "prepare", "--k auto"),
        Kind("projections", "map", "project", "drawing the map", "Project the rows to two dimensions", "prepare"),
        Kind("quality", "quality score", "score", "scoring rows", "Score every row", "prepare", "--scorer heuristic"),
        Kind(
            "selections",
            "saved selection",
            "select",
            "selecting rows",
            "Choose a method and a budget",
            "choose",
            "sae-greedselect --budget 5%",
        ),
        Kind(
            "refinements",
            "refinement",
            "refine",
            "refining cluster weights",
            "Move cluster weights by what the model can still learn",
            "proof",
        ),
        Kind(
            "evaluations",
            "evaluation",
            "evaluate",
            "training and evaluating",
            "Fine-tune the model on each selection and compare held-out losses",
            "proof",
            "RUN RUN",
        ),
    ],
)
