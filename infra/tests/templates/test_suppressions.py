"""What the linter was told to pass over stands in one table, with a reason."""

from world import INFRA, ORDER, raw

TABLE = INFRA / "suppressions.md"


def stated():
    rows = [line.strip("| ").split(" | ") for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    return {tuple(row[:3]): row[3] for row in rows if row[0] not in ("template",)}


def suppressed(node, stack, name=""):
    if isinstance(node, dict):
        config = node.get("Metadata", {}).get("cfn-lint", {}).get("config", {}) if isinstance(node.get("Metadata"), dict) else {}
        yield from ((stack, name, check) for check in config.get("ignore_checks", []))
        for key, value in node.items():
            yield from suppressed(value, stack, key)
    elif isinstance(node, list):
        for item in node:
            yield from suppressed(item, stack, name)


def test_every_suppression_has_a_reason_and_every_reason_a_suppression():
    found = {one for stack in ORDER for one in suppressed(raw(stack), stack)}
    assert found == set(stated())
    assert all(len(reason) > 20 for reason in stated().values())


def test_nothing_is_suppressed_for_all():
    assert not list(INFRA.glob("**/.cfnlintrc*")) and not (INFRA.parent / ".cfnlintrc").exists()
    assert not any("Metadata" in raw(stack) for stack in ORDER)


def test_a_suppression_without_a_reason_is_noticed():
    spoiled = {"Resources": {"Thing": {"Metadata": {"cfn-lint": {"config": {"ignore_checks": ["E3002"]}}}}}}
    assert set(suppressed(spoiled, "edge")) - set(stated()) == {("edge", "Thing", "E3002")}
