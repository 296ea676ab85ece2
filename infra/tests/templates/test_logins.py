"""The logins of the database: each that a task uses is made, with the rights that it should have."""

import os
import stat
import subprocess

from world import INFRA, world

SCRIPT = INFRA / "database" / "make-logins.sh"
# Notes its words, a call a line, and answers what the script needs.
STUB = r"""#!/bin/sh
for word; do printf '%s\037' "$word"; done >>"$CALLS"
echo >>"$CALLS"
case "$2 $*" in
describe-stacks*) echo '[{"OutputKey": "DatabaseArn", "OutputValue": "a"}, {"OutputKey": "DatabaseMasterSecretArn", "OutputValue": "s"}]' ;;
begin-transaction*) echo '{"transactionId": "t1"}' ;;
*"${REFUSE:-never refused}"*) exit 254 ;;
esac
"""


def run(tmp_path, **more):
    stub = tmp_path / "aws"
    stub.write_text(STUB)
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    calls = tmp_path / "calls"
    calls.write_text("")
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run([SCRIPT, "dev"], env={**os.environ, "PATH": path, "CALLS": str(calls), **more}, capture_output=True, text=True)
    made = [line.split("\x1f")[:-1] for line in calls.read_text().splitlines()]
    return done, [(words[:2], dict(zip(words[2::2], words[3::2]))) for words in made]


def test_every_statement_goes_alone_in_one_transaction(tmp_path):
    done, calls = run(tmp_path)
    assert done.returncode == 0, done.stderr
    names = [words[1] for words, _ in calls]
    assert names[:2] == ["describe-stacks", "begin-transaction"] and names[-1] == "commit-transaction"
    statements = [options["--sql"] for words, options in calls if words[1] == "execute-statement"]
    file = "".join(line for line in (INFRA / "database" / "roles.sql").read_text().splitlines(True) if not line.startswith("--"))
    assert [" ".join(one.split()) for one in file.split(";") if one.strip()] == [" ".join(one.split()) for one in statements]
    assert all(options["--transaction-id"] == "t1" for words, options in calls if words[1] == "execute-statement")


def test_a_refused_statement_leaves_nothing(tmp_path):
    done, calls = run(tmp_path, REFUSE="CREATE ROLE holdfast_app")
    assert done.returncode != 0
    assert [words[1] for words, _ in calls][-1] == "rollback-transaction"


def test_the_outputs_that_it_reads_are_there():
    assert {"DatabaseArn", "DatabaseMasterSecretArn"} <= set(world("prod").stacks["data"].outputs)
    assert {"DatabaseArn", "DatabaseMasterSecretArn"} <= set(world("dev").stacks["data"].outputs)
