"""Which values a minimum cut stores."""

from __future__ import annotations

from gradscribe.differentiate.mincut import minimum_cut


def test_a_cheap_source_is_stored_rather_than_what_is_made_of_it() -> None:
    parents = {"x": None, "y": ["x"], "z": ["x"]}
    assert minimum_cut(["y", "z"], parents, {"x": 1, "y": 1, "z": 1}) == ["x"]


def test_what_is_needed_is_stored_where_its_sources_cost_more() -> None:
    parents = {"a": None, "b": None, "sum": ["a", "b"]}
    assert minimum_cut(["sum"], parents, {"a": 1, "b": 1, "sum": 1}) == ["sum"]


def test_the_cut_is_nearest_to_what_is_needed() -> None:
    parents = {"x": None, "y": ["x"], "z": ["y"]}
    assert minimum_cut(["z"], parents, {"x": 2, "y": 2, "z": 2}) == ["z"]


def test_a_bottleneck_between_sources_and_needs_is_stored() -> None:
    parents = {"a": None, "b": None, "neck": ["a", "b"], "p": ["neck"], "q": ["neck"]}
    cost = {"a": 3, "b": 3, "neck": 4, "p": 3, "q": 3}
    assert minimum_cut(["p", "q"], parents, cost) == ["neck"]


def test_nothing_is_stored_for_what_needs_no_source() -> None:
    assert minimum_cut(["k"], {"k": []}, {"k": 5}) == []
