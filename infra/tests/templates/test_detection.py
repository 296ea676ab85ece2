"""The failure-detection matrix: every failure has somebody who sees it, tells a person, and says what to do."""

import json
import pathlib
import re

import pytest

import metrics
from spoil import everywhere, gone, put, spoiled
from world import ENVIRONMENTS, INFRA, ROOT, strings, world

ROWS = json.loads((pathlib.Path(__file__).parent / "detection.json").read_text())["rows"]
ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
RULE, SUBSCRIPTION, BUDGET = "AWS::Events::Rule", "AWS::RDS::EventSubscription", "AWS::Budgets::Budget"
DETECTORS = (ALARM, COMPOSITE, RULE, SUBSCRIPTION, BUDGET)
ROLES = ["Api", "Sagas", "Relay", "Audit", "Metrics", "Desk", "Calls"]
QUEUES = ["Audit", "Metrics"]
RUNBOOKS = ROOT / "docs" / "runbooks"
PAGE = re.compile(r"docs/runbooks/([a-z0-9-]+\.md)")


def runbooks():
    """infra/runbooks.txt: who sends people to which page."""
    pages = {}
    for line in (INFRA / "runbooks.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            page, *names = line.split()
            for name in names:
                family = {"<Role>": ROLES, "<Queue>": QUEUES}.get(name[: name.find(">") + 1], [""])
                for one in family:
                    pages[re.sub("^<.*>", one, name)] = page
    return pages


def recipients(resource):
    """Whom a detector tells."""
    properties = resource["Properties"]
    kind = resource["Type"]
    if kind in (ALARM, COMPOSITE):
        return properties.get("AlarmActions", []) if properties.get("ActionsEnabled", True) else []
    if kind == RULE:
        return [target["Arn"] for target in properties.get("Targets", [])] if properties.get("State") != "DISABLED" else []
    if kind == SUBSCRIPTION:
        return [properties.get("SnsTopicArn")] if properties.get("Enabled", True) else []
    told = properties.get("NotificationsWithSubscribers", [])
    return [subscriber["Address"] for one in told for subscriber in one["Subscribers"]]


def recipient_problems(there, resource):
    told = recipients(resource)
    if not told:
        yield "tells nobody"
    subscribed = {one["Properties"]["TopicArn"] for _, one in there.resources("AWS::SNS::Subscription")}
    for address in told:
        found = there.find(address)
        kind = found["Type"] if found else None
        if kind == "AWS::SNS::Topic":
            if address not in subscribed:
                yield f"tells {address}, to which nobody listens"
        elif kind != "AWS::ApplicationAutoScaling::ScalingPolicy":
            yield f"tells {address}, which is no topic of ours"


def sight_problems(there, symbol, resource):
    """Whether it looks at something of ours."""
    properties = resource["Properties"]
    kind = resource["Type"]
    if kind == ALARM:
        if "TreatMissingData" not in properties:
            yield "does not say what silence means"
        if "Metrics" in properties:
            yield from metrics.query_problems(there, properties["Metrics"])
        else:
            yield from metrics.metric_problems(there, properties)
    elif kind == COMPOSITE:
        yield from composite_problems(there, properties["AlarmRule"])
    elif kind == RULE:
        pattern = properties.get("EventPattern") or {}
        if not {"source", "detail-type", "detail"} <= set(pattern):
            yield "matches more than one kind of event"
    elif kind == SUBSCRIPTION:
        for source in properties.get("SourceIds", []) or ["nothing"]:
            if (there.find(source) or {}).get("Type") != "AWS::RDS::DBCluster":
                yield f"looks at {source}, which is no database of ours"


def composite_problems(there, rule):
    names = re.findall(r'ALARM\("([^"]+)"\)', rule)
    rest = re.sub(r'ALARM\("[^"]+"\)', "A", rule)
    while (shorter := re.sub(r"\(A(?: (?:AND|OR) A)*\)|NOT A|^A(?: (?:AND|OR) A)+$", "A", rest.strip())) != rest:
        rest = shorter
    if rest != "A" or not names:
        yield f"its rule is not understood: {rule}"
    for name in names:
        if (there.find(name) or {}).get("Type") not in (ALARM, COMPOSITE):
            yield f"joins {name}, which is no alarm of ours"


def runbook_problems(logical, resource):
    page = runbooks().get(logical)
    if not page:
        yield "is not in infra/runbooks.txt"
        return
    # A subscription and a budget have no text of their own: runbooks.txt is where their page stands.
    if resource["Type"] not in (SUBSCRIPTION, BUDGET):
        named = {found for one in strings(resource["Properties"]) for found in PAGE.findall(one)}
        if named != {page}:
            yield f"names {sorted(named)}, and infra/runbooks.txt says {page}"
    if RUNBOOKS.is_dir() and not (RUNBOOKS / page).exists():
        yield f"its page docs/runbooks/{page} is not there"


def problems(there, symbol):
    resource = there.find(symbol)
    if not resource or resource["Type"] not in DETECTORS:
        yield f"{symbol} is not there"
        return
    logical = symbol.partition(":")[2]
    found = [
        *recipient_problems(there, resource),
        *sight_problems(there, symbol, resource),
        *runbook_problems(logical, resource),
    ]
    yield from (f"{symbol} {one}" for one in found)


def every_detector_is_complete(there):
    """Every alarm and event rule, whether in the matrix or not."""
    for symbol, _ in there.resources(*DETECTORS):
        yield from problems(there, symbol)


test_every_detector_is_complete = everywhere(every_detector_is_complete)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["by"].partition(":")[2])
def test_each_failure_is_seen_in_production(row):
    assert list(problems(world("prod"), row["by"])) == []


def test_the_matrix_has_every_detector_and_each_row_of_the_customers():
    shown = {row["by"] for row in ROWS}
    shown |= {row["by"].replace(":Api", ":" + role) for row in ROWS for role in ROLES if "HighAlarm" in row["by"]}
    surge = {symbol for symbol, _ in world("prod").resources(ALARM) if symbol.endswith(("SurgeAlarm", "CPUHighAlarm", "MemoryHighAlarm"))}
    assert {symbol for symbol, _ in world("prod").resources(*DETECTORS)} - surge <= shown
    wanted = "Worker crash, Worker stuck, DLQ growth, Business retry exhaustion, API broken deploy, DB overload, Disk exhaustion"
    assert set(wanted.split(", ")) <= {row["failure"] for row in ROWS if row.get("document") == 5}


def test_runbooks_txt_names_only_what_is_there():
    there = {symbol.partition(":")[2] for name in ENVIRONMENTS for symbol, _ in world(name).resources(*DETECTORS)}
    assert sorted(set(runbooks()) - there) == []


# Negative twins: each row of the matrix, with each thing that can be wrong with it.


def silent(resource):
    """Nobody is told."""
    for key in ("AlarmActions", "Targets", "SnsTopicArn", "NotificationsWithSubscribers"):
        resource["Properties"].pop(key, None)


def elsewhere(resource):
    """It looks at something that is not ours."""
    properties = resource["Properties"]
    for metric in [properties, *(one["MetricStat"]["Metric"] for one in properties.get("Metrics", []) if "MetricStat" in one)]:
        if metric.get("Dimensions"):
            metric["Dimensions"][0]["Value"] = "elsewhere:Thing"
        elif "MetricName" in metric:
            metric["Namespace"] = "Elsewhere"
    for one in properties.get("Metrics", []):
        if one.get("Expression", "").startswith("SELECT"):
            one["Expression"] = 'SELECT MAX(nothing) FROM "Elsewhere"'
    if "AlarmRule" in properties:
        properties["AlarmRule"] = 'ALARM("elsewhere:Alarm")'
    if "SourceIds" in properties:
        properties["SourceIds"] = ["elsewhere:Cluster"]
    properties.pop("EventPattern", None)


def unread(resource):
    """Its runbook is another one, which does not exist."""

    def renamed(node):
        if isinstance(node, dict):
            return {key: renamed(value) for key, value in node.items()}
        if isinstance(node, list):
            return [renamed(item) for item in node]
        return PAGE.sub("docs/runbooks/no-such-page.md", node) if isinstance(node, str) else node

    resource["Properties"] = renamed(resource["Properties"])


def quiet(resource):
    """Nothing says what missing data mean."""
    resource["Properties"].pop("TreatMissingData")


def spoilings():
    for row in ROWS:
        kind = world("prod").find(row["by"])["Type"]
        changes = [gone, silent]
        if kind != BUDGET:
            changes.append(elsewhere)
        if kind not in (SUBSCRIPTION, BUDGET):
            changes.append(unread)
        if kind == ALARM:
            changes.append(quiet)
        for change in changes:
            yield pytest.param(row, change, id=f"{row['by'].partition(':')[2]}-{change.__name__}")


@pytest.mark.parametrize("row,change", list(spoilings()))
def test_a_spoiled_row_is_noticed(row, change):
    before = list(problems(world("prod"), row["by"]))
    with spoiled(world("prod"), row["by"], change) as there:
        assert set(problems(there, row["by"])) - set(before), f"{change.__doc__ or change.__name__} is not noticed"


@pytest.mark.skipif(not RUNBOOKS.is_dir(), reason="the pages are not written yet")
def test_a_page_that_was_renamed_is_noticed(monkeypatch, tmp_path):
    for page in RUNBOOKS.iterdir():
        if page.name != "outbox-stalled.md":
            (tmp_path / page.name).touch()
    monkeypatch.setitem(globals(), "RUNBOOKS", tmp_path)
    assert list(problems(world("prod"), "observability:OutboxStalledAlarm")) == [
        "observability:OutboxStalledAlarm its page docs/runbooks/outbox-stalled.md is not there"
    ]


def test_an_alarm_that_searches_is_noticed():
    search = put(["Metrics", 0, "Expression"], "SUM(SEARCH('{Holdfast,class} x', 'Maximum', 60))")
    with spoiled(world("prod"), "observability:DeadLettersOpenAlarm", search) as there:
        assert any("cannot search" in one for one in problems(there, "observability:DeadLettersOpenAlarm"))


def test_a_topic_that_nobody_listens_to_is_noticed():
    there = world("prod")
    listeners = [symbol for symbol, one in there.resources("AWS::SNS::Subscription") if one["Properties"]["TopicArn"].endswith("FallbackTopic")]
    with spoiled(there, listeners[0], gone):
        assert any("nobody listens" in one for one in problems(there, "messaging:AlertDeliveryFailedAlarm"))


def test_the_dashboard_shows_what_exists():
    for environment in ENVIRONMENTS:
        there = world(environment)
        for _, resource in there.resources("AWS::CloudWatch::Dashboard"):
            assert list(dashboard_problems(there, resource["Properties"]["DashboardBody"])) == []


def dashboard_problems(there, body):
    for widget in json.loads(body)["widgets"]:
        for row in widget["properties"]["metrics"]:
            words = [word for word in row if isinstance(word, str)]
            if words:
                pairs = zip(words[2::2], words[3::2])
                dimensions = [{"Name": name, "Value": value} for name, value in pairs]
                metric = {"Namespace": words[0], "MetricName": words[1], "Dimensions": dimensions}
                yield from metrics.metric_problems(there, metric)


def test_a_dashboard_with_a_wrong_name_is_noticed():
    there = world("prod")
    body = there.stacks["observability"].resources["Dashboard"]["Properties"]["DashboardBody"]
    assert list(dashboard_problems(there, body.replace("RunningTaskCount", "RunningTasks")))
