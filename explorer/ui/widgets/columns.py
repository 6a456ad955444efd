"""Columns of the app's tables, each defined once: its name in the data, title, format and help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st


@dataclass(frozen=True)
class Column:
    """A column of `table` or of `link_table`.

    Attributes:
        name: Of the value in a row.
        title: Above the column.
        kind: How values are shown; a `bar` is a share, or a number up to `top`.
        help: On hover.
        digits: Decimals of a number; None writes whole numbers with separators.
        significant: Significant digits of a number, in place of decimals.
        unit: After a number.
        most: The largest width of a text in a `link_table`, in CSS.
        width: In a `table`, in pixels; None takes what is left.
        top: The value of a full bar in a `table`; in a `link_table` it is the largest value.
    """

    name: str
    title: str
    kind: Literal["text", "number", "percent", "bar", "id", "list"] = "text"
    help: str = ""
    digits: int | None = None
    significant: int | None = None
    unit: str = ""
    most: str = ""
    width: int | None = None
    top: float = 1.0

    def config(self) -> Any:
        """Return the column as `st.dataframe` takes it."""
        about: dict[str, Any] = {"help": self.help or None, "width": self.width}
        if self.kind in ("text", "list"):
            return st.column_config.TextColumn(self.title, **about)
        if self.kind == "bar":
            limits = {"min_value": 0.0, "max_value": self.top}
            return st.column_config.ProgressColumn(self.title, format=self._format(), **limits, **about)
        return st.column_config.NumberColumn(self.title, format=self._format(), **about)

    def _format(self) -> str:
        if self.kind == "id":
            return "%d"
        if self.kind == "percent" or (self.kind == "bar" and self.digits is None):
            return "percent"
        if self.significant is not None:
            return f"%.{self.significant}g"
        return "localized" if self.digits is None else f"%.{self.digits}f{self.unit}"


ROW = Column("sample_id", "Row", "id", width=65)
PROMPT = Column("prompt", "Prompt", width=330)
RESPONSE = Column("response", "Response", width=380)
TOKENS = Column("response_tokens", "Tokens", "number", "Response tokens.", width=65)
SOURCE = Column("source", "Source", width=90)
CLUSTER = Column("cluster", "Cluster", width=110)
SIMILARITY = Column("similarity", "Similarity", "number", "1: identical.", digits=2, width=80)
SHARED = Column("shared", "Shared", "number", "Features that both rows have.", width=65)
DISTANCE = Column("distance", "Distance", "number", "To the centre of its cluster.", digits=3, width=80)

PICK = Column("pick", "Pick", "number", "Its place in the ranking, from 1.", width=55)
GAIN = Column("gain", "Gain", "number", "What the pick added, by the method's own measure.", significant=4, width=65)

FEATURE = Column("feature_id", "Feature", "id", width=65)
LABEL = Column("label", "Label", most="17rem")
SHARE = Column("share", "In data", "percent", "Share of the responses that have it.", width=70)
ROWS = Column("rows", "Rows", "number", width=60)
LIFT = Column(
    "lift", "Lift", "number", "How many times more often than expected by chance.", digits=1, unit="×", width=70
)
COSINE = Column("cosine", "Cosine", "number", digits=2)
ACTIVATION = Column("activation", "Activation", "number", "Largest activation.", digits=2, width=90)

METHOD = Column("method", "Method", width=130)
COVERAGE = Column("coverage", "Coverage", "percent", "Share of the features of the pool that some pick has.", width=80)
