"""Every requirement has its row, and every resource that a row names exists."""

import re

from world import ENVIRONMENTS, INFRA, ROOT, ORDER, world

TEXT = (INFRA / "REQUIREMENTS.md").read_text()
NUMBERED = {"N": 10, "E": 6, "C": 7, "D": 11, "M": 5, "A": 7, "L": 21, "X": 5, "P": 11, "V": 1, "T": 1, "$": 1, "R": 5}


def rows():
    return {line.split(" | ")[0].strip("| "): line for line in TEXT.splitlines() if re.match(r"\| [A-Z$]\d+ \|", line)}


def test_every_requirement_has_its_row():
    assert set(rows()) == {f"{letter}{number}" for letter, count in NUMBERED.items() for number in range(1, count + 1)}


def named():
    return set(re.findall(rf"`((?:{'|'.join(ORDER)}):\w+)`", TEXT))


def missing(names):
    there = {symbol for name in ENVIRONMENTS for symbol, _ in world(name).resources()}
    # Made only where DNS is ours.
    other = {"edge:RecordOfLoadBalancer", "edge:RecordOfRestApi"}
    declared = {f"{stack}:{logical}" for stack in ORDER for logical in world("prod").stacks[stack].raw["Resources"]}
    return sorted(names - there - (other & declared))


def test_every_resource_that_is_named_exists():
    assert missing(named()) == []


def test_a_resource_that_is_gone_is_noticed():
    assert missing(named() | {"edge:Moat"}) == ["edge:Moat"]


def test_what_is_not_built_says_why():
    for line in rows().values():
        for reason in re.findall(r"\*Not built\*(.{0,40})|\*not built\*(.{0,40})", line):
            assert re.match(r"[:,] \w", "".join(reason)), line


def test_the_order_of_the_stacks_is_one():
    """README, templates and deploy.sh know the same stacks in the same order."""
    page = (INFRA / "README.md").read_text().partition("## How a value")[0]
    readme = re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)
    assert readme == ORDER
    assert sorted(path.stem for path in (INFRA / "cloudformation").glob("*.yaml")) == sorted(ORDER)
    script = re.search(r"STACKS=\(([^)]*)\)", (INFRA / "lib" / "common.sh").read_text())[1].split()
    assert ["bootstrap", *script] == ORDER


def test_pages_link_to_what_exists():
    for page in [*INFRA.glob("*.md"), *INFRA.glob("cost/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"
