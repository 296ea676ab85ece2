"""The cost is worked out from the templates, so it cannot go stale unseen."""

import datetime
import sys

import pytest

from world import ENVIRONMENTS, INFRA, World, world

sys.path.insert(0, str(INFRA / "cost"))
import cost  # noqa: E402


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_budget_is_a_fifth_above_the_expected(environment):
    there = world(environment)
    limit = there.find("observability:MonthlyBudget")["Properties"]["Budget"]["BudgetLimit"]["Amount"]
    assert int(limit) == cost.budget(cost.Month(there))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_month_costs_more_the_busier_it_is(environment):
    low, expected, high = cost.Month(world(environment)).totals()
    assert 0 < low < expected < high


def test_the_written_tables_are_those_of_today():
    """After a change: infra/cost/cost.py --write"""
    assert (INFRA / "cost" / "COST.md").read_text() == cost.report()


def test_what_has_no_price_is_noticed():
    def change(raws, _):
        raws["cluster"]["Resources"]["Cache"] = {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": {}}

    with pytest.raises(cost.Unpriced, match="cluster:Cache: AWS::ElastiCache::ReplicationGroup"):
        cost.Month(World("dev", change))


def test_a_class_without_a_price_is_noticed():
    def change(_, parameters):
        parameters["data"] |= {"DbMode": "provisioned", "InstanceClass": "db.r8g.48xlarge"}

    with pytest.raises(cost.Unpriced):
        cost.Month(World("prod", change))


def test_provisioned_instances_have_their_price():
    def change(_, parameters):
        parameters["data"] |= {"DbMode": "provisioned", "InstanceClass": "db.r6g.xlarge"}

    lines = [line for line in cost.Month(World("prod", change)).lines if "db.r6g.xlarge" in line[1]]
    assert len(lines) == 3 and all(values == [0.519 * 1.3 * 730] * 3 for _, _, values in lines)


def test_nothing_is_both_free_and_priced():
    assert set(cost.BOOK["free"]) & set(cost.PRICED) == set()
    used = {resource["Type"] for name in ENVIRONMENTS for _, resource in world(name).resources()}
    assert sorted((set(cost.BOOK["free"]) | set(cost.PRICED)) - used - {"AWS::Route53::RecordSet"}) == []


def test_every_price_says_where_it_is_from():
    datetime.date.fromisoformat(cost.BOOK["as_of"])
    for name, price in cost.BOOK["prices"].items():
        assert price["unit"] and price["source"] and price["usd"] >= 0, name


def test_more_tasks_cost_more():
    def change(_, parameters):
        parameters["api"]["MinTasks"] = "10"

    before, after = (cost.Month(one).parts()["compute"][0] for one in (world("prod"), World("prod", change)))
    # 7 tasks more of 1 vCPU and 2 GB for 730 hours.
    assert round(after - before, 2) == round(7 * 730 * (0.03238 + 2 * 0.00356), 2)


def test_the_customers_sums_stand_beside_ours():
    text = (INFRA / "cost" / "COST.md").read_text()
    assert all(words in text for words in ("3,700 to 5,300", "800 to 1,200", "1,254", "82 to 85"))
