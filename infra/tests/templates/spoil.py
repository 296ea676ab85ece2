"""Negative twins: a world with one thing wrong, which the rule must find."""

import contextlib
import copy

import pytest

from world import ENVIRONMENTS, world


def everywhere(rule):
    """A test that `rule` finds nothing in any environment."""

    @pytest.mark.parametrize("environment", ENVIRONMENTS)
    def test(environment):
        found = list(rule(world(environment)))
        assert found == []

    test.__doc__ = rule.__doc__
    return test


@contextlib.contextmanager
def spoiled(there, symbol, change):
    """For a while, a resource is as `change` leaves it; gone when that answers False."""
    stack, _, logical = symbol.partition(":")
    resources = there.stacks[stack].resources
    before = resources[logical]
    resources[logical] = copy.deepcopy(before)
    try:
        if change(resources[logical]) is False:
            del resources[logical]
        yield there
    finally:
        resources[logical] = before


def put(path, value):
    """A change that sets what is at `path` of the properties, or removes it with `None`."""

    def change(resource):
        node = resource["Properties"]
        *way, last = path
        for step in way:
            node = node[step]
        if value is None:
            del node[last]
        else:
            node[last] = value

    return change


def gone(_):
    """A change that removes the resource."""
    return False


def twins(rule, table):
    """A test of each row `(environment, symbol, change)`: with that change the rule finds something."""

    @pytest.mark.parametrize("name", sorted(table))
    def test(name):
        environment, symbol, change = table[name]
        with spoiled(world(environment), symbol, change) as there:
            assert list(rule(there)) != [], f"{name} is not noticed"
        assert list(rule(world(environment))) == []

    return test
