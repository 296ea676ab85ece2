"""Reads a template and works it out for one set of parameters, as CloudFormation would.

What only exists once AWS has made it stands as a symbol, `stack:Resource` or `stack:Resource.Attribute`. Symbols
travel through outputs and parameters, so a rule can see where a value comes from across all stacks.
"""

import copy
import json
import re

import yaml


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", _short_form)
# A version such as 2012-10-17 is text, and so is `on`.
Loader.yaml_implicit_resolvers = {
    key: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for key, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

NO_VALUE = object()


class TemplateError(Exception):
    """A template says something that cannot be."""


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader)  # noqa: S506 - a safe loader with more tags


def text(value):
    """A value as CloudFormation compares and joins it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class Template:
    """One template, with the values of its parameters."""

    def __init__(self, name, raw, given, pseudo):
        self.name, self.given, self.pseudo = name, given, pseudo
        self.mappings = raw.get("Mappings", {})
        self.parameters = raw.get("Parameters", {})
        self.values = self._values()
        self.raw = self._expand(raw)
        self.conditions = {}
        self._condition_texts = self.raw.get("Conditions", {})
        declared = self.raw.get("Resources", {})
        self.resources = {
            logical: self._resource(body)
            for logical, body in declared.items()
            if "Condition" not in body or self.condition(self.resolve(body["Condition"]))
        }
        self.outputs = {
            logical: self.resolve(body["Value"])
            for logical, body in self.raw.get("Outputs", {}).items()
            if "Condition" not in body or self.condition(self.resolve(body["Condition"]))
        }

    def _resource(self, body):
        resolved = {key: value for key, value in body.items() if key != "Properties"}
        resolved["Properties"] = self.resolve(body.get("Properties", {}))
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            if policy in resolved:
                resolved[policy] = self.resolve(resolved[policy])
        return resolved

    # Parameters

    def _values(self):
        values = {}
        for key, declared in self.parameters.items():
            value = self.given.get(key, declared.get("Default"))
            if value is None:
                raise TemplateError(f"{self.name}: {key} has no value")
            many = declared["Type"].startswith(("List<", "CommaDelimitedList"))
            values[key] = text(value).split(",") if many else value
        for key in self.given:
            if key not in self.parameters:
                raise TemplateError(f"{self.name} has no parameter {key}")
        return values

    def wrong_values(self):
        """Values that CloudFormation would refuse; symbols stand for what fits."""
        for key, declared in self.parameters.items():
            value = self.values[key]
            for one in value if isinstance(value, list) else [value]:
                symbol = re.match(r"[a-z-]+:[A-Z]\w*(\.|$)", text(one))
                problem = None if symbol else _refusal(declared, text(one))
                if problem:
                    yield f"{self.name}: {key} is {one!r}, {problem}"

    def broken_rules(self):
        """Assertions of `Rules` that do not hold."""
        for name, rule in self.raw.get("Rules", {}).items():
            if "RuleCondition" in rule and not self.truth(rule["RuleCondition"]):
                continue
            for assertion in rule["Assertions"]:
                if not self.truth(assertion["Assert"]):
                    yield f"{self.name}: {name}: {assertion['AssertDescription']}"

    # Fn::ForEach

    def _expand(self, node, bound=None):
        bound = bound or {}
        if isinstance(node, list):
            return [self._expand(item, bound) for item in node]
        if not isinstance(node, dict):
            return copy.deepcopy(node)
        if len(node) == 1 and isinstance(node.get("Ref"), str) and node["Ref"] in bound:
            return bound[node["Ref"]]
        expanded = {}
        for key, value in node.items():
            if key.startswith("Fn::ForEach::"):
                name, collection, body = value
                if isinstance(collection, dict):
                    collection = self.values[collection["Ref"]]
                for item in collection:
                    for inner, what in self._expand(body, {**bound, name: item}).items():
                        if inner in expanded:
                            raise TemplateError(f"{self.name}: {inner} is there twice")
                        expanded[inner] = what
            else:
                expanded[_bind(key, bound)] = self._bound(key, value, bound)
        return expanded

    def _bound(self, key, value, bound):
        """CloudFormation replaces a loop's variable in Ref, Fn::Sub and keys, and nowhere else."""
        if key == "Fn::Sub":
            if isinstance(value, str):
                return _bind(value, bound)
            return [_bind(value[0], bound), self._expand(value[1], bound)]
        return self._expand(value, bound)

    # Intrinsic functions

    def condition(self, name):
        if name not in self.conditions:
            self.conditions[name] = self.truth(self._condition_texts[name])
        return self.conditions[name]

    def truth(self, node):
        value = self.resolve(node)
        return value if isinstance(value, bool) else text(value) == "true"

    def resolve(self, node):
        if isinstance(node, list):
            resolved = [self.resolve(item) for item in node]
            return [item for item in resolved if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            key, value = next(iter(node.items()))
            function = FUNCTIONS.get(key)
            if function and not (key == "Condition" and not isinstance(value, str)):
                return function(self, value)
            if key.startswith("Fn::"):
                raise TemplateError(f"{self.name}: {key} is not understood")
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NO_VALUE}

    def _ref(self, name):
        name = self.resolve(name)
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.values:
            return self.values[name]
        if name in self.raw.get("Resources", {}):
            return f"{self.name}:{name}"
        raise TemplateError(f"{self.name}: nothing is called {name}")

    def _get_att(self, value):
        resource, attribute = (self.resolve(part) for part in value)
        if resource not in self.raw["Resources"]:
            raise TemplateError(f"{self.name}: there is no resource {resource}")
        return f"{self.name}:{resource}.{attribute}"

    def _sub(self, value):
        template, extra = value if isinstance(value, list) else (value, {})
        extra = {key: self.resolve(item) for key, item in extra.items()}

        def put(match):
            name = match.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in extra:
                return text(extra[name])
            if "." in name and name not in self.values:
                return self._get_att(name.split(".", 1))
            return text(self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", put, template)

    def _if(self, value):
        return self.resolve(value[1] if self.condition(value[0]) else value[2])

    def _select(self, value):
        index, items = int(self.resolve(value[0])), self.resolve(value[1])
        return items[index]

    def _find_in_map(self, value):
        table, first, second = (self.resolve(part) for part in value[:3])
        return self.mappings[table][text(first)][text(second)]

    def _join(self, value):
        separator, items = value[0], self.resolve(value[1])
        return separator.join(text(item) for item in items)


def _bind(string, bound):
    for name, item in bound.items():
        string = string.replace("${" + name + "}", text(item))
        string = string.replace("&{" + name + "}", re.sub("[^0-9A-Za-z]", "", text(item)))
    return string


def _refusal(declared, value):
    allowed = [text(item) for item in declared.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"which is none of {', '.join(allowed)}"
    if "AllowedPattern" in declared and not re.fullmatch(declared["AllowedPattern"], value):
        return f"which does not match {declared['AllowedPattern']}"
    if declared["Type"] == "Number":
        try:
            number = float(value)
        except ValueError:
            return "which is no number"
        if not declared.get("MinValue", number) <= number <= declared.get("MaxValue", number):
            return f"which is not from {declared.get('MinValue')} to {declared.get('MaxValue')}"
    return None


FUNCTIONS = {
    "Ref": Template._ref,
    "Condition": lambda t, name: t.condition(name),
    "Fn::GetAtt": Template._get_att,
    "Fn::Sub": Template._sub,
    "Fn::If": Template._if,
    "Fn::Select": Template._select,
    "Fn::FindInMap": Template._find_in_map,
    "Fn::Join": Template._join,
    "Fn::GetAZs": lambda t, region: [f"{t.pseudo['AWS::Region']}{zone}" for zone in "abc"],
    "Fn::Equals": lambda t, v: text(t.resolve(v[0])) == text(t.resolve(v[1])),
    "Fn::Not": lambda t, v: not t.truth(v[0]),
    "Fn::And": lambda t, v: all(t.truth(item) for item in v),
    "Fn::Or": lambda t, v: any(t.truth(item) for item in v),
    "Fn::Contains": lambda t, v: text(t.resolve(v[1])) in [text(item) for item in t.resolve(v[0])],
    "Fn::ToJsonString": lambda t, v: json.dumps(t.resolve(v)),
}
