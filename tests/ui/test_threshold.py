"""One threshold for the whole session: set on one page, counted with and shown on every other, and in the address."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.synthetic import THRESHOLD, Synthetic, strength
from tests.ui.conftest import PLACES, linked
from tests.ui.test_pages import said
from tests.ui.test_studio import ranked

Open = Callable[..., AppTest]
CHOSEN = 4.0
COUNTING = ["overview", "features", "samples", "map", "select", "compare", "differences", "probe"]
QUERIES = {"samples": {"sample": "7"}}


@pytest.fixture(scope="module")
def present(synthetic: Synthetic) -> list[set[int]]:
    """The features above the chosen threshold in each response, from its words alone."""
    known = synthetic.feature_of
    return [
        {
            known[word]
            for place, word in enumerate(words)
            if word in known and strength(word, known[word], place) > CHOSEN
        }
        for words in synthetic.tokens
    ]


def shown(app: AppTest) -> float:
    """The threshold that the page shows."""
    return float(app.number_input(key="threshold_input").value)


def turn_to(app: AppTest, page: str, **query: str) -> AppTest:
    """Go to another page by its link, which names nothing but `query`."""
    app.query_params.clear()
    app.query_params.update(query)
    app.switch_page(f"explorer/ui/{PLACES.get(page, page)}/page.py").run()
    assert not app.exception
    return app


def test_a_threshold_set_on_one_page_is_in_force_on_every_other(
    synthetic: Synthetic, open_page: Open, present: list[set[int]]
) -> None:
    app = open_page(synthetic.store.path)
    assert shown(app) == THRESHOLD and "threshold" not in app.query_params
    app.number_input(key="threshold_input").set_value(CHOSEN).run()
    for page in COUNTING:
        turn_to(app, page, **QUERIES.get(page, {}))
        assert shown(app) == CHOSEN, page
        assert app.query_params["threshold"] == "4", page


def test_the_pages_count_at_the_chosen_threshold(
    synthetic: Synthetic, open_page: Open, present: list[set[int]]
) -> None:
    rows = len(present)
    occurring = set().union(*present)
    app = open_page(synthetic.store.path, threshold="4")
    assert f"median **{np.median([len(features) for features in present]):,.0f} active features**" in said(app)
    assert f"{len(occurring)} of {synthetic.width} features occur" in said(app)
    turn_to(app, "features")
    assert f"**{len(occurring)} of {synthetic.width} features**" in said(app)
    table = linked(app, "Features, one per row")
    counts = {feature: sum(feature in features for features in present) for feature in occurring}
    assert [row["Feature"] for row in table] == sorted(counts, key=lambda f: (-counts[f], f))[: len(table)]
    assert [row["Share"] for row in table] == pytest.approx([counts[row["Feature"]] / rows for row in table], abs=1e-6)
    feature = synthetic.feature_of["luggage"]
    turn_to(app, "features", feature=str(feature))
    assert f"({counts[feature]} rows) above the threshold 4" in said(app)
    turn_to(app, "samples", sample="7")
    table = next(frame.value for frame in app.dataframe if "max_act" in frame.value)
    assert set(table["feature_id"]) == present[7]
    assert table["share"].to_list() == pytest.approx([counts[f] / rows for f in table["feature_id"]])
    turn_to(app, "select")
    assert f"of the {len(occurring)} features in the pool" in said(ranked(app))


def test_the_slider_of_the_length_page_is_the_same_threshold(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "features", threshold="4")
    turn_to(app, "length")
    slider = app.slider(key="length_threshold")
    assert slider.value == CHOSEN and app.query_params["threshold"] == "4"
    assert "At threshold 4, " in said(app)
    slider.set_value(2.0).run()
    assert not app.exception
    chosen = float(app.query_params["threshold"])
    assert abs(chosen - 2.0) < 0.2, "the nearest stop of the slider"
    turn_to(app, "overview")
    assert shown(app) == pytest.approx(chosen)


def test_a_link_to_the_length_page_opens_with_its_threshold(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "length", threshold="3")
    assert not app.exception
    assert app.slider(key="length_threshold").value == 3.0


def test_r_with_length_is_that_of_presence_at_the_chosen_threshold(
    synthetic: Synthetic, open_page: Open, present: list[set[int]]
) -> None:
    feature = synthetic.feature_of["moon"]
    app = open_page(synthetic.store.path, "features", feature=str(feature), threshold="4")
    having = np.array([feature in features for features in present], dtype=float)
    lengths = np.array([len(words) for words in synthetic.tokens], dtype=float)
    assert f"r = {np.corrcoef(having, lengths)[0, 1]:.2f}" in said(app)


def test_the_links_of_a_page_carry_its_threshold(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "samples", sample="7", threshold="4")
    queries = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert queries["Next"] == "sample=8&threshold=4"
    assert queries["All rows"] == "threshold=4"


@pytest.mark.parametrize("page", COUNTING)
def test_a_link_opens_with_its_threshold(page: str, synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, page, threshold="2.5", **QUERIES.get(page, {}))
    assert not app.exception
    assert shown(app) == 2.5
    assert app.query_params["threshold"] == "2.5"


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "1e99"])
def test_a_link_with_an_invalid_threshold_opens_with_the_default_and_says_so(
    text: str, synthetic: Synthetic, open_page: Open
) -> None:
    app = open_page(synthetic.store.path, "features", threshold=text)
    assert not app.exception
    assert shown(app) == THRESHOLD and "threshold" not in app.query_params
    assert any("Ignored invalid value in the link: threshold" in toast.value.replace("\\", "") for toast in app.toast)


def test_the_default_comes_back_with_one_click(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "features", threshold="3")
    app.button(key="threshold_reset").click().run()
    assert shown(app) == THRESHOLD and "threshold" not in app.query_params
    turn_to(app, "map")
    assert shown(app) == THRESHOLD


def test_another_workspace_begins_with_its_own_default(
    synthetic: Synthetic, fresh: Synthetic, open_page: Open, tmp_path: Path
) -> None:
    app = open_page(synthetic.store.path, "features", threshold="3", q="moon")
    app.session_state["map_canvas"] = {"region": {"polygons": []}}
    app.session_state["image_format"] = "svg"
    app.text_input(key="open_path").set_value(str(fresh.store.path)).run()
    app.button(key="open_workspace").click().run()
    assert not app.exception
    assert app.title[0].value == "What does the model see in this data?"
    assert f"{len(fresh.tokens)} rows" in said(app)
    assert shown(app) == THRESHOLD and not app.query_params
    assert app.session_state["image_format"] == "svg"
    assert "map_canvas" not in app.session_state and "q" not in app.session_state
