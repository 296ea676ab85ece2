"""Reads a CloudFormation template: YAML with tags of its own, of which only the names matter here."""

import yaml


class Loader(yaml.SafeLoader):
    """Takes `!Ref`, `!Sub` and the like for what they hold."""


def _anything(loader, _suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", _anything)
# 2010-09-09 is a version, not a day.
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in Loader.yaml_implicit_resolvers.items()
}


def _repeated(entries):
    """The entries with each `Fn::ForEach` over a list that stands there written out, by names alone."""
    written = {}
    for name, value in (entries or {}).items():
        if not name.startswith("Fn::ForEach::"):
            written[name] = value
        elif isinstance(value[1], list):
            variable, words, body = value
            for word in words:
                for inner, one in body.items():
                    written[inner.replace("${%s}" % variable, str(word))] = one
    return written


def load(text):
    """The template as dictionaries and lists."""
    template = yaml.load(text, Loader=Loader)  # noqa: S506: a SafeLoader
    for part in ("Parameters", "Resources", "Outputs"):
        template[part] = _repeated(template.get(part))
    return template
