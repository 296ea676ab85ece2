"""What deploy.sh does, by the calls that a stub of AWS has written down."""

import json
import unittest

from support import IMAGE, IMAGE_BEFORE, ORDER, Deployment

ENV = ("--environment", "dev")
GO = (*ENV, "--image", IMAGE, "--auto-approve")


class Order(Deployment):
    def test_a_new_environment_is_made_in_order_with_the_migration_before_the_services(self):
        self.name_resources()
        code, said = self.run_script("deploy.sh", "deploy", *GO)
        self.assertEqual(code, 0, said)
        self.assertEqual(self.stacks_changed(), ORDER)
        names = [(name, options.get("stack-name", [""])[0]) for name, options in self.calls()]
        migrated = names.index(("ecs run-task", ""))
        self.assertGreater(migrated, names.index(("cloudformation execute-change-set", "holdfast-dev-migrate")))
        self.assertLess(migrated, names.index(("cloudformation execute-change-set", "holdfast-dev-api")))
        kinds = {options["change-set-type"][0] for _, options in self.calls("cloudformation create-change-set")}
        self.assertEqual(kinds, {"CREATE"})

    def test_the_workers_wait_for_the_api(self):
        self.exists()
        self.state["services"]["api"]["deployment"] = "ROLLBACK_SUCCESSFUL"
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "api,workers")
        self.assertEqual(code, 1, said)
        self.assertEqual(self.stacks_changed(), ["api"])
        self.assertIn("did not come to rest", said)

    def test_no_service_is_touched_when_the_migration_fails(self):
        for outcome in (1, "no exit code", "not started"):
            with self.subTest(outcome):
                self.forget()
                self.exists()
                self.state["migration"] = outcome
                self.state.pop("looks", None)
                code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "migrate,api")
                self.assertEqual(code, 1, said)
                self.assertEqual(self.stacks_changed(), ["migrate"])
                self.assertIn("migration", said)

    def test_the_migration_runs_with_the_definition_and_network_of_this_deployment(self):
        self.exists()
        self.run_script("deploy.sh", "deploy", *GO, "--only", "migrate")
        ((_, options),) = self.calls("ecs run-task")
        self.assertEqual(options["task-definition"], ["MigrateTaskArn-of-holdfast-dev-migrate"])
        self.assertEqual(options["cluster"], ["ClusterName-of-holdfast-dev-cluster"])
        network = json.loads(options["network-configuration"][0])["awsvpcConfiguration"]
        self.assertEqual(network["subnets"], ["AppSubnetIds-of-holdfast-dev-network"])
        self.assertEqual(network["securityGroups"], ["MigrateSecurityGroupId-of-holdfast-dev-security"])
        self.assertEqual(network["assignPublicIp"], "DISABLED")

    def test_a_stack_without_changes_is_left_alone(self):
        self.exists(image=IMAGE)
        for stack in ORDER:
            self.state.setdefault("changes", {})[f"holdfast-dev-{stack}"] = []
        code, said = self.run_script("deploy.sh", "deploy", *GO)
        self.assertEqual(code, 0, said)
        self.assertEqual(self.stacks_changed(), [])
        self.assertEqual(said.count("nothing to change"), len(ORDER))

    def test_only_names_the_stacks(self):
        self.exists()
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "observability,messaging")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.stacks_changed(), ["messaging", "observability"])
        self.assertEqual(self.calls("ecs run-task"), [])
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "elsewhere")
        self.assertIn("there is no stack 'elsewhere'", said)
        code, said = self.run_script("deploy.sh", "deploy", *ENV, "--only", "bootstrap", "--auto-approve")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.stacks_changed()[-1], "bootstrap")

    def test_an_image_is_asked_for_only_where_a_stack_runs_it(self):
        self.exists()
        code, said = self.run_script("deploy.sh", "deploy", *ENV, "--only", "data,messaging", "--auto-approve")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.stacks_changed(), ["data", "messaging"])
        for more in ((), ("--only", "data,migrate"), ("--only", "workers")):
            for command in ("deploy", "plan"):
                code, said = self.run_script("deploy.sh", command, *ENV, *more, "--auto-approve")
                self.assertEqual(code, 1, said)
                self.assertIn("--image is missing", said)
        self.assertEqual(self.stacks_changed(), ["data", "messaging"])

    def test_what_a_failed_change_has_just_made_goes_with_it(self):
        self.name_resources()
        self.run_script("deploy.sh", "deploy", *GO)
        changes = self.calls("cloudformation execute-change-set")
        self.assertEqual(len(changes), len(ORDER))
        self.assertTrue(all("retain-except-on-create" in options for _, options in changes))


class Values(Deployment):
    def given(self, stack):
        """The parameters that the stack got."""
        return self.state["stacks"][f"holdfast-dev-{stack}"]["parameters"]

    def test_a_value_comes_from_the_file_then_from_an_earlier_output_then_from_the_default(self):
        self.exists()
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "data,api")
        self.assertEqual(code, 0, said)
        expected = {"Environment": "dev", "AppSubnetIds": "AppSubnetIds-of-holdfast-dev-network", "Days": "35"}
        self.assertEqual(self.given("data"), expected)
        self.assertEqual(self.given("api")["ImageUri"], IMAGE)
        self.parameters["data"] = {}
        self.run_script("deploy.sh", "deploy", *GO, "--only", "data")
        self.assertNotIn("Days", self.given("data"))

    def test_a_region_has_values_of_its_own_over_those_of_the_environment(self):
        self.exists()
        self.templates["data"]["Parameters"]["Joins"] = {"Type": "String", "Default": ""}
        self.regional = {"tags": {"Place": "second"}, "data": {"Joins": "global"}, "network": {}}
        for region, joins in (("eu-central-1", "global"), ("us-west-2", None)):
            self.regional_of = region
            code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "data")
            self.assertEqual(code, 0, said)
            self.assertEqual(self.given("data").get("Joins"), joins)
            self.assertEqual(self.given("data")["Days"], "35")
            tags = {tag["Key"] for tag in json.loads(self.calls("cloudformation create-change-set")[-1][1]["tags"][0])}
            self.assertEqual(tags, {"Environment", "Project", "Owner"} | ({"Place"} if joins else set()))

    def test_a_value_that_is_nowhere_stops_before_anything_is_changed(self):
        self.exists()
        self.templates["network"]["Parameters"]["Elsewhere"] = {"Type": "String"}
        code, said = self.run_script("deploy.sh", "deploy", *GO)
        self.assertEqual(code, 1)
        self.assertIn("no value for Elsewhere of network", said)
        self.assertEqual(self.stacks_changed(), [])

    def test_a_value_that_no_template_asks_for_is_a_mistake(self):
        self.exists()
        self.parameters["network"] = {"Ragion": "x"}
        code, said = self.run_script("deploy.sh", "deploy", *GO)
        self.assertEqual(code, 1)
        self.assertIn("Ragion", said)

    def test_every_stack_gets_the_tags(self):
        self.exists()
        self.run_script("deploy.sh", "deploy", *GO, "--only", "network,data")
        self.assertEqual(len(self.calls("cloudformation create-change-set")), 2)
        for _, options in self.calls("cloudformation create-change-set"):
            tags = {tag["Key"]: tag["Value"] for tag in json.loads(options["tags"][0])}
            self.assertEqual(tags, {"Environment": "dev", "Project": "wallet-service", "Owner": "payments"})

    def test_cloudformation_works_as_its_own_role(self):
        self.exists()
        outputs = {"CloudFormationRoleArn": "arn:aws:iam::111122223333:role/formation"}
        self.state["stacks"]["holdfast-dev-bootstrap"] = {"status": "UPDATE_COMPLETE", "outputs": outputs}
        self.run_script("deploy.sh", "deploy", *GO, "--only", "network")
        ((_, options),) = self.calls("cloudformation create-change-set")
        self.assertEqual(options["role-arn"], ["arn:aws:iam::111122223333:role/formation"])

    def test_a_long_template_goes_by_the_bucket(self):
        self.exists()
        self.state["stacks"]["holdfast-dev-bootstrap"] = {
            "status": "UPDATE_COMPLETE",
            "outputs": {"ArtifactBucketName": "artifacts"},
        }
        self.templates["observability"]["Metadata"] = "x" * 60_000
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "observability")
        self.assertEqual(code, 0, said)
        ((_, options),) = self.calls("cloudformation create-change-set")
        self.assertTrue(options["template-url"][0].startswith("https://artifacts.s3.eu-central-1.amazonaws.com/"))
        self.assertNotIn("template-body", options)


class Refusals(Deployment):
    HARM = [
        ("data", "AWS::RDS::DBCluster", "Modify", {"Replacement": "True"}),
        ("data", "AWS::RDS::DBCluster", "Modify", {"Replacement": "Conditional"}),
        ("data", "AWS::RDS::DBInstance", "Remove", {}),
        ("messaging", "AWS::SQS::Queue", "Remove", {"PolicyAction": "Delete"}),
        ("messaging", "AWS::SQS::Queue", "Modify", {"PolicyAction": "ReplaceAndDelete"}),
        ("security", "AWS::KMS::Key", "Modify", {"Replacement": "True"}),
        ("security", "AWS::KMS::Key", "Dynamic", {}),
        ("edge-rules", "AWS::ElasticLoadBalancingV2::ListenerRule", "Modify", {"Replacement": "False"}),
        ("edge", "AWS::Cognito::UserPool", "Remove", {}),
    ]

    def test_what_would_lose_something_is_shown_and_refused(self):
        for stack, kind, action, more in self.HARM:
            with self.subTest(kind=kind, action=action, **more):
                self.forget()
                self.exists()
                self.change(stack, kind, action, "Precious", **more)
                code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", stack)
                self.assertEqual(code, 1)
                self.assertRegex(said, rf"(?m)^{more.get('PolicyAction', action)} .*Precious +{kind}$")
                self.assertIn(f"--allow-replace {stack}/Precious", said)
                self.assertNotIn(stack, self.stacks_changed())
                dropped = [o["stack-name"][0] for _, o in self.calls("cloudformation delete-change-set")]
                self.assertEqual(dropped, [f"holdfast-dev-{stack}"])

    def test_what_loses_nothing_is_not_refused(self):
        harmless = [
            ("data", "AWS::RDS::DBCluster", "Modify", {"Replacement": "False"}),
            ("data", "AWS::RDS::DBInstance", "Add", {}),
            ("data", "AWS::RDS::DBClusterParameterGroup", "Modify", {"Replacement": "True"}),
            ("messaging", "AWS::SQS::Queue", "Modify", {"Replacement": "False"}),
        ]
        for stack, kind, action, more in harmless:
            with self.subTest(kind=kind, action=action):
                self.forget()
                self.exists()
                self.change(stack, kind, action, **more)
                code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", stack)
                self.assertEqual(code, 0, said)

    def test_an_exception_is_named_and_opens_the_policy_only_for_its_time(self):
        self.exists()
        self.change("messaging", "AWS::SQS::Queue", "Remove", "Old")
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "messaging", "--allow-replace", "messaging/Other")
        self.assertEqual(code, 1, said)
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "messaging", "--allow-replace", "messaging/Old")
        self.assertEqual(code, 0, said)
        policies = [o["stack-policy-body"][0].rsplit("/", 1)[1] for _, o in self.calls("cloudformation set-stack-policy")]
        self.assertEqual(policies, ["open.json", "default.json"])

    def test_a_policy_that_was_opened_is_closed_when_the_change_fails(self):
        self.exists()
        self.change("messaging", "AWS::SQS::Queue", "Remove", "Old")
        self.state["fails"] = ["holdfast-dev-messaging"]
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "messaging", "--allow-replace", "messaging/Old")
        self.assertEqual(code, 1, said)
        self.assertEqual(self.state["stacks"]["holdfast-dev-messaging"]["policy"], "default.json")

    def test_a_tag_is_no_image(self):
        for image in ("repository:latest", IMAGE.replace("@sha256", ":1@sha256").replace("a" * 64, "a" * 63), ""):
            code, said = self.run_script("deploy.sh", "deploy", *ENV, "--image", image, "--auto-approve")
            self.assertEqual(code, 1, said)
        self.state["images_missing"] = ["sha256:" + "a" * 64]
        code, said = self.run_script("deploy.sh", "deploy", *GO)
        self.assertEqual(code, 1)
        self.assertIn("the registry does not have", said)

    def test_a_stack_in_a_bad_state_is_left_to_a_person(self):
        for status in ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_IN_PROGRESS"):
            self.exists()
            self.state["stacks"]["holdfast-dev-network"]["status"] = status
            code, said = self.run_script("deploy.sh", "deploy", *GO)
            self.assertEqual(code, 1)
            self.assertIn(status, said)
            self.assertEqual(self.stacks_changed(), [])

    def test_nothing_is_changed_without_a_yes_or_in_another_account(self):
        self.exists()
        code, said = self.run_script("deploy.sh", "deploy", *ENV, "--image", IMAGE, answers="no\n")
        self.assertEqual(code, 1, said)
        code, said = self.run_script("deploy.sh", "deploy", *GO, HOLDFAST_AWS_ACCOUNT="999900001111")
        self.assertIn("this is account 111122223333", said)
        self.assertEqual(self.stacks_changed(), [])

    def test_a_plan_changes_nothing_and_leaves_nothing(self):
        self.exists()
        code, said = self.run_script("deploy.sh", "plan", *ENV, "--image", IMAGE)
        self.assertEqual(code, 0, said)
        self.assertEqual(self.stacks_changed(), [])
        self.assertEqual(self.calls("ecs run-task"), [])
        self.assertFalse([stack for stack in self.state["stacks"].values() if "change_set" in stack])


class Ends(Deployment):
    def test_it_waits_until_running_is_desired_with_the_new_image(self):
        self.exists()
        self.state["services"]["sagas"]["waits"] = 3
        code, said = self.run_script("deploy.sh", "deploy", *GO)
        self.assertEqual(code, 0, said)
        self.assertGreaterEqual(len(self.calls("ecs describe-services")), 5)
        self.assertEqual(said.count("running = desired"), 2)

    def test_a_service_that_ends_in_another_state_is_no_success(self):
        bad = [
            ("api", {"deployment": "ROLLBACK_SUCCESSFUL"}),
            ("api", {"deployment": "STOPPED"}),
            ("api", {"keeps_its_image": True}),
            ("sagas", {"deployment": "ROLLBACK_FAILED"}),
            ("sagas", {"keeps_its_image": True}),
        ]
        for service, what in bad:
            with self.subTest(service=service, **what):
                self.exists()
                self.state["services"][service] |= what
                code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "api,workers")
                self.assertEqual(code, 1, said)
                self.assertIn("did not come to rest", said)
                for key in what:
                    del self.state["services"][service][key]

    def test_it_does_not_wait_for_ever(self):
        self.exists()
        self.state["services"]["sagas"]["running"] = 1
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "workers", HOLDFAST_SERVICE_LIMIT_S="1")
        self.assertEqual(code, 1)
        self.assertIn("took longer than 1 s", said)

    def test_a_stack_that_fails_says_why(self):
        self.exists()
        self.state["fails"] = ["holdfast-dev-api"]
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "api,workers")
        self.assertEqual(code, 1)
        self.assertIn("Service UPDATE_FAILED: it did not start", said)
        self.assertEqual(self.stacks_changed()[-1], "api")

    def test_only_dev_can_be_deleted_afterwards(self):
        self.exists("prod")
        more = ("--only", "data,api")
        code, said = self.run_script("deploy.sh", "deploy", "--environment", "production", *GO[2:], *more)
        self.assertEqual(code, 0, said)
        self.assertTrue(all(self.state["stacks"][f"holdfast-prod-{stack}"].get("protected") for stack in ("data", "api")))

    def test_the_rules_that_ecs_moves_are_closed_to_every_update(self):
        self.name_resources()
        code, said = self.run_script("deploy.sh", "deploy", *GO, "--only", "edge-rules")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.state["stacks"]["holdfast-dev-edge-rules"]["policy"], "edge-rules.json")

    def test_a_rollback_puts_the_image_of_before_into_the_services_alone(self):
        self.exists()
        self.run_script("deploy.sh", "deploy", *GO)
        self.aws.calls.clear()
        code, said = self.run_script("deploy.sh", "rollback", *ENV, "--auto-approve")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.stacks_changed(), ["api", "workers", "scheduled"])
        self.assertEqual(self.calls("ecs run-task"), [])
        for service in self.state["services"].values():
            self.assertEqual([one["image"] for one in service["deployments"]], [IMAGE_BEFORE, IMAGE, IMAGE_BEFORE])

    def test_a_rollback_stops_an_update_that_runs(self):
        self.exists()
        self.state["stacks"]["holdfast-dev-api"]["status"] = "UPDATE_IN_PROGRESS"
        self.state["services"]["api"]["deployments"].append({"status": "IN_PROGRESS", "image": IMAGE})
        code, said = self.run_script("deploy.sh", "rollback", *ENV, "--image", IMAGE_BEFORE, "--auto-approve")
        self.assertEqual(code, 0, said)
        ((_, options),) = self.calls("ecs stop-service-deployment")
        self.assertEqual(options["stop-type"], ["ROLLBACK"])

    def test_a_rollback_without_an_image_of_before_asks_for_one(self):
        self.exists()
        code, said = self.run_script("deploy.sh", "rollback", *ENV, "--auto-approve")
        self.assertEqual(code, 1)
        self.assertIn("name one with --image", said)


if __name__ == "__main__":
    unittest.main()
