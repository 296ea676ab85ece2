"""What run-job.sh and teardown.sh do, by the calls that a stub of AWS has written down."""

import json
import re
import unittest

from support import INFRA, ORDER, Deployment

ENV = ("--environment", "dev")


class Jobs(Deployment):
    def test_a_command_runs_in_a_task_of_its_own_and_says_how_it_ended(self):
        self.exists()
        code, said = self.run_script("run-job.sh", *ENV, "--as", "desk", "operator-add", "ann lee", "approver")
        self.assertEqual(code, 0, said)
        ((_, options),) = self.calls("ecs run-task")
        self.assertEqual(options["task-definition"], ["holdfast-dev-desk"])
        (container,) = json.loads(options["overrides"][0])["containerOverrides"]
        self.assertEqual(container, {"name": "jobs", "command": ["operator-add", "ann lee", "approver"]})
        self.assertIn("log: /holdfast/dev/Desk, stream desk/jobs/migration", said)

    def test_its_exit_code_is_ours(self):
        for outcome, expected in ((0, 0), (1, 1), (2, 2), (101, 101), ("no exit code", 1), ("not started", 1)):
            with self.subTest(outcome):
                self.exists()
                self.state["migration"] = outcome
                self.state.pop("looks", None)
                code, said = self.run_script("run-job.sh", *ENV, "ledger-check")
                self.assertEqual(code, expected, said)
                if isinstance(outcome, int):
                    self.assertIn(f"exit code {outcome}", said)

    def test_it_can_look_at_a_database_that_was_restored_beside_ours(self):
        self.exists()
        code, said = self.run_script("run-job.sh", *ENV, "--database-host", "beside.example", "ledger-check", "--archive")
        self.assertEqual(code, 0, said)
        ((_, options),) = self.calls("ecs run-task")
        self.assertEqual(options["task-definition"], ["holdfast-dev-scheduled"])
        (container,) = json.loads(options["overrides"][0])["containerOverrides"]
        self.assertEqual(container["environment"], [{"name": "DATABASE_HOST", "value": "beside.example"}])
        self.assertEqual(container["command"], ["ledger-check", "--archive"])


class Teardown(Deployment):
    def deleted(self):
        return [o["stack-name"][0].split("-", 2)[2] for _, o in self.calls("cloudformation delete-stack")]

    def test_dev_is_deleted_last_stack_first(self):
        self.exists()
        code, said = self.run_script("teardown.sh", *ENV, "--yes-delete", "dev")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.deleted(), ORDER[::-1])
        self.assertIn("snapshot holdfast-dev-data-snapshot", said)

    def test_what_stays_is_named(self):
        self.exists()
        self.state["holds"] = {
            "holdfast-dev-messaging": [
                ("AWS::SQS::Queue", "https://sqs/wallet-audit", "Retain"),
                ("AWS::SNS::Topic", "arn:of:topic", "Delete"),
            ],
            "holdfast-dev-security": [("AWS::KMS::Key", "key-1", "Retain")],
        }
        code, said = self.run_script("teardown.sh", *ENV, "--yes-delete", "dev")
        self.assertEqual(code, 0, said)
        self.assertIn("AWS::KMS::Key key-1\nAWS::SQS::Queue https://sqs/wallet-audit\nsnapshot ", said)
        self.assertNotIn("topic", said)

    def test_the_usage_names_every_kind_that_templates_keep(self):
        words = {
            "AWS::Backup::BackupVault": "backup vault",
            "AWS::Cognito::UserPool": "user pool",
            "AWS::KMS::Key": "keys",
            "AWS::Logs::LogGroup": "log groups",
            "AWS::RDS::DBCluster": "snapshot",
            "AWS::RDS::GlobalCluster": "global database",
            "AWS::S3::Bucket": "bucket of logs",
            "AWS::SQS::Queue": "queues",
            "AWS::SecretsManager::Secret": "secrets",
        }
        kept = set()
        for stack in ORDER:
            text = (INFRA / f"cloudformation/{stack}.yaml").read_text()
            kept |= set(re.findall(r"Type: (AWS::\S+)\n(?: +Condition: .*\n)?(?: +DependsOn: .*\n)? +DeletionPolicy: (?:!If \[\w+, )?(?:Retain|Snapshot)", text))
        self.assertEqual(kept, set(words))
        _, said = self.run_script("teardown.sh")
        for kind, word in words.items():
            self.assertIn(word, " ".join(said.split()), kind)

    def test_staging_and_prod_are_never_deleted(self):
        for environment in ("staging", "prod", "production"):
            code, said = self.run_script("teardown.sh", "--environment", environment, "--yes-delete", environment)
            self.assertEqual(code, 1, said)
        self.assertEqual(self.calls(), [])

    def test_the_environment_has_to_be_typed(self):
        self.exists()
        for typed in ("", "yes\n", "prod\n"):
            code, said = self.run_script("teardown.sh", *ENV, answers=typed)
            self.assertEqual(code, 1, said)
        self.assertEqual(self.deleted(), [])

    def test_data_can_be_kept(self):
        self.exists()
        self.run_script("teardown.sh", *ENV, "--yes-delete", "dev", "--keep-data")
        self.assertEqual(self.deleted(), ORDER[:2:-1])

    def test_a_stack_that_cannot_be_deleted_stops_it(self):
        self.exists()
        self.state["fails"] = ["holdfast-dev-messaging"]
        code, said = self.run_script("teardown.sh", *ENV, "--yes-delete", "dev")
        self.assertEqual(code, 1)
        self.assertIn("Queue: in use", said)
        self.assertEqual(self.deleted()[-1], "messaging")


if __name__ == "__main__":
    unittest.main()
