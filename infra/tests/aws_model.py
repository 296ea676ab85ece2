"""What the AWS command line takes and answers, from the models that it is itself made of (botocore)."""

import json
import os
import pathlib

CACHE = pathlib.Path(
    os.environ.get("AWS_MODEL_CACHE")
    or pathlib.Path(__file__).resolve().parents[2] / "target/infra-ship/aws-model.json"
)

# What the command line adds by itself.
GLOBAL_OPTIONS = {"region", "output", "profile", "query", "no-cli-pager", "max-items", "cli-input-json"}


def _shape(shape, depth=0):
    """Names of what an answer may hold, as nested dictionaries; None where anything goes."""
    if depth > 8:
        return None
    if shape.type_name == "structure":
        return {name: _shape(member, depth + 1) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [_shape(shape.member, depth + 1)]
    return None


def _load(service, operation):
    import botocore.loaders
    import botocore.model
    from botocore import xform_name

    # The command line has a name of its own for the plain calls of S3.
    service = {"s3api": "s3"}.get(service, service)
    loader = botocore.loaders.Loader()
    if service not in loader.list_available_services("service-2"):
        return None
    model = botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
    for name in model.operation_names:
        if xform_name(name, "-") != operation:
            continue
        shape = model.operation_model(name)
        given = shape.input_shape
        members = given.members if given else {}
        return {
            "options": {xform_name(member, "-"): members[member].type_name for member in members},
            "required": [xform_name(member, "-") for member in (given.required_members if given else [])],
            "answer": _shape(shape.output_shape) if shape.output_shape else {},
        }
    return None


def operation(service, name):
    """The model of an operation, or None when AWS has none of that name."""
    cache = json.loads(CACHE.read_text()) if CACHE.exists() else {}
    key = f"{service} {name}"
    if key not in cache:
        cache[key] = _load(service, name)
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        aside = CACHE.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(cache))
        aside.replace(CACHE)
    return cache[key]


def parse(words):
    """Reads `SERVICE OPERATION --option value...` and gives (service, operation, options, what is wrong)."""
    options, wrong, place = {}, [], []
    name = None
    for word in words:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            options[name] = [value] if value else []
        elif name is None or (name in ("region", "output", "profile") and options[name]):
            place.append(word)
        else:
            options[name].append(word)
    if len(place) < 2:
        return None, None, options, ["no service or operation"]
    service, op = place[0], place[1]
    model = operation(service, op)
    if model is None:
        return service, op, options, [f"aws {service} has no operation {op}"]
    if place[2:]:
        wrong.append(f"aws {service} {op}: what is {place[2:]}?")
    for option in options:
        plain = option[3:] if option.startswith("no-") else option
        if option not in GLOBAL_OPTIONS and option not in model["options"] and plain not in model["options"]:
            wrong.append(f"aws {service} {op} has no option --{option}")
    for required in model["required"]:
        if required not in options and f"no-{required}" not in options:
            wrong.append(f"aws {service} {op} needs --{required}")
    return service, op, options, wrong


def unknown_in_answer(model, answer, path=""):
    """Names in an answer that AWS would not send."""
    if model is None or answer is None:
        return []
    if isinstance(model, list):
        return [w for item in answer for w in unknown_in_answer(model[0], item, path + "[]")]
    found = []
    for name, value in answer.items():
        if name not in model:
            found.append(f"{path}.{name}")
        else:
            found.extend(unknown_in_answer(model[name], value, f"{path}.{name}"))
    return found
