"""Event rules, run against events as AWS sends them: each matches what it is for and nothing that is normal."""

import json
import pathlib

import pytest

from spoil import put, spoiled
from world import world

SAMPLES = json.loads((pathlib.Path(__file__).parent / "events.json").read_text())["rules"]


def matches(pattern, event):
    """Whether EventBridge would take an event: every key of the pattern, by one of its values."""
    if "$or" in pattern:
        rest = {key: value for key, value in pattern.items() if key != "$or"}
        return matches(rest, event) and any(matches(one, event) for one in pattern["$or"])
    for key, wanted in pattern.items():
        values = event if isinstance(event, list) else [event]
        found = [one[key] for one in values if isinstance(one, dict) and key in one]
        # A list in an event is matched by any of its items.
        found = [item for one in found for item in (one if isinstance(one, list) else [one])]
        if isinstance(wanted, dict):
            if not any(matches(wanted, item) for item in found):
                return False
        elif not any(fits(one, found) for one in wanted):
            return False
    return True


def fits(wanted, found):
    if not isinstance(wanted, dict):
        return wanted in found
    ((operator, operand),) = wanted.items()
    if operator == "prefix":
        return any(isinstance(value, str) and value.startswith(operand) for value in found)
    if operator == "anything-but":
        refused = operand if isinstance(operand, list) else [operand]
        return any(value not in refused for value in found)
    if operator == "exists":
        return bool(found) == operand
    raise AssertionError(f"{operator} is not understood")


def pattern(name):
    return world("prod").stacks["observability"].resources[name]["Properties"]["EventPattern"]


def cases(kind):
    return [
        pytest.param(rule, event, id=f"{rule}-{number}")
        for rule, samples in SAMPLES.items()
        for number, event in enumerate(samples[kind])
    ]


@pytest.mark.parametrize("rule,event", cases("matches"))
def test_it_matches_what_it_is_for(rule, event):
    assert matches(pattern(rule), event)


@pytest.mark.parametrize("rule,event", cases("leaves"))
def test_it_leaves_what_is_normal(rule, event):
    assert not matches(pattern(rule), event)


def test_every_rule_has_events():
    rules = {symbol.partition(":")[2] for symbol, _ in world("prod").resources("AWS::Events::Rule")}
    assert rules == set(SAMPLES)
    assert all(samples["matches"] and samples["leaves"] for samples in SAMPLES.values())


@pytest.mark.parametrize("rule", sorted(SAMPLES))
def test_a_key_in_the_wrong_place_is_noticed(rule):
    """`details` for `detail` is what no linter sees."""
    wrong = {("details" if key == "detail" else key): value for key, value in pattern(rule).items()}
    with spoiled(world("prod"), f"observability:{rule}", put(["EventPattern"], wrong)):
        assert not any(matches(pattern(rule), event) for event in SAMPLES[rule]["matches"])


@pytest.mark.parametrize("rule", sorted(SAMPLES))
def test_a_rule_without_its_conditions_takes_too_much(rule):
    wide = {"source": pattern(rule)["source"]}
    assert any(matches(wide, event) for event in SAMPLES[rule]["leaves"])
