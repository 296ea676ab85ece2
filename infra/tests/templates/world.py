"""All stacks of one environment, worked out in the order in which they are deployed."""

import copy
import functools
import json
import pathlib

import cfn

INFRA = pathlib.Path(__file__).resolve().parents[2]
ROOT = INFRA.parent
TEMPLATES = INFRA / "cloudformation"
ORDER = (
    "bootstrap network security data messaging edge edge-rules cluster migrate api workers scheduled observability"
).split()
ENVIRONMENTS = ["dev", "staging", "prod"]
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/holdfast@sha256:" + "0" * 64
PSEUDO = {
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}


@functools.cache
def raw(stack):
    return cfn.load(TEMPLATES / f"{stack}.yaml")


@functools.cache
def parameters(environment):
    return json.loads((TEMPLATES / "parameters" / f"{environment}.json").read_text())


class World:
    """An environment. `change` may spoil a template or a parameter first, to see that a rule notices."""

    def __init__(self, environment, change=None):
        self.environment = environment
        self.raws = {stack: raw(stack) for stack in ORDER}
        self.parameters = parameters(environment)
        if change:
            self.raws, self.parameters = copy.deepcopy((self.raws, self.parameters))
            change(self.raws, self.parameters)
        self.outputs, self.stacks, self.sources = {}, {}, {}
        for stack in ORDER:
            template = cfn.Template(stack, self.raws[stack], self._given(stack), PSEUDO)
            self.stacks[stack] = template
            for name, value in template.outputs.items():
                if name in self.outputs and self.outputs[name] != value:
                    raise cfn.TemplateError(f"two stacks have an output {name}")
                self.outputs[name] = value

    def _given(self, stack):
        """As deploy.sh does it: the file, else an output of that name of an earlier stack, else the default."""
        given = dict(self.parameters.get(stack, {}))
        for name in self.raws[stack].get("Parameters", {}):
            if name in given:
                self.sources[stack, name] = "file"
            elif name == "Environment":
                given[name] = self.environment
            elif name == "ImageUri":
                given[name] = IMAGE
            elif name in self.outputs:
                given[name] = self.outputs[name]
                self.sources[stack, name] = "output"
        return given

    def resources(self, *types):
        """Every resource, or those of some types: (symbol, resource)."""
        for stack, template in self.stacks.items():
            for logical, resource in template.resources.items():
                if not types or resource["Type"] in types:
                    yield f"{stack}:{logical}", resource

    def find(self, symbol):
        """The resource of a symbol, with or without an attribute; None when there is none."""
        stack, _, rest = str(symbol).partition(":")
        template = self.stacks.get(stack)
        return template.resources.get(rest.partition(".")[0]) if template else None


@functools.cache
def world(environment):
    return World(environment)


def strings(node):
    """Every text in a resolved value."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from strings(value)
    elif isinstance(node, list):
        for item in node:
            yield from strings(item)
    elif isinstance(node, str):
        yield node


def listed(value):
    """A list, where one thing may stand for a list of one."""
    return value if isinstance(value, list) else [value]
