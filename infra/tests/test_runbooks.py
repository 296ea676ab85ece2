"""Runbooks say what can be done: every command in them is one that exists, with the options that it takes and needs."""

import itertools
import json
import re
import shlex
import unittest

import aws_model
from support import INFRA, ROOT

FOLDER = ROOT / "docs/runbooks"
PAGES = sorted(FOLDER.glob("*.md"))
# Where commands and links may stand: all of the documentation.
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")), *sorted(INFRA.glob("*.md")), *sorted(ROOT.glob("*/README.md"))]
TEMPLATES = {path.stem: path.read_text() for path in (INFRA / "cloudformation").glob("*.yaml")}
# What the command line of AWS has beside the operations of its services.
ALSO = {"sso login", "ecr get-login-password"}
SCRIPTS = ("infra/deploy.sh", "infra/teardown.sh", "infra/run-job.sh", "infra/database/make-logins.sh")
JOBS = {"ledger-check", "audit-verify", "operator-add", "replay", "archive", "run"}


def commands(text, program):
    """Every command line of a page that begins with a program, from blocks and from sentences."""
    found = []
    # Code in a sentence may begin on one line and end on the next.
    for code in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        joined = code.replace("\\\n", " ")
        found += [line.strip() for line in joined.splitlines()]
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    found += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]
    plain = [re.sub(r"\$\([^)]*\)", "X", line) for line in found]
    return [line for line in plain if line.startswith(program + " ")]


def option(lexed, name):
    """The value of an option, or nothing."""
    return lexed[lexed.index(name) + 1] if name in lexed[:-1] else ""


def lacks(line):
    """What one of our scripts would say is missing, were it called so."""
    script, *lexed = words(line)
    name = script.rsplit("/", 1)[1]
    if name != "make-logins.sh" and not option(lexed, "--environment"):
        yield "--environment"
    if name == "run-job.sh" and not JOBS & set(lexed):
        yield "a job"
    if name == "make-logins.sh" and not lexed:
        yield "an environment"
    if name != "deploy.sh":
        return
    if lexed[0] not in ("deploy", "plan", "rollback", "verify"):
        yield f"what to do; {lexed[0]} is nothing"
    only = option(lexed, "--only").split(",") if "--only" in lexed else sorted(set(TEMPLATES) - {"bootstrap"})
    yield from (f"a stack {stack}" for stack in only if stack not in TEMPLATES)
    runs_it = any("ImageUri:" in TEMPLATES.get(stack, "") for stack in only)
    if not option(lexed, "--image") and (lexed[0] == "verify" or (lexed[0] in ("deploy", "plan") and runs_it)):
        yield "--image"


def words(line):
    """The words of a command line, without what follows a pipe or a comment."""
    lexed = shlex.split(line, comments=True)
    for stop in ("|", ">", "&&", ">/dev/null"):
        if stop in lexed:
            lexed = lexed[: lexed.index(stop)]
    return lexed


class Runbooks(unittest.TestCase):
    def test_every_call_of_aws_is_one_that_it_knows(self):
        count = 0
        for page in PAGES:
            for line in commands(page.read_text(), "aws"):
                lexed = words(line)[1:]
                if " ".join(lexed[:2]) in ALSO:
                    continue
                count += 1
                with self.subTest(page=page.name, line=line):
                    service, operation, options, wrong = aws_model.parse(lexed)
                    # In a sentence a command may be named without its options.
                    if not [name for name in options if name not in aws_model.GLOBAL_OPTIONS]:
                        wrong = [one for one in wrong if " needs --" not in one]
                    self.assertFalse(wrong, f"{service} {operation}")
        self.assertGreater(count, 80)

    def test_every_command_of_the_workers_is_one_of_theirs(self):
        for page in PAGES:
            for line in commands(page.read_text(), "holdfast-jobs"):
                self.assertIn(words(line)[1], JOBS, page.name)

    def test_every_option_of_our_scripts_is_one_of_theirs(self):
        count = 0
        for script in SCRIPTS:
            text = (ROOT / script).read_text()
            for page in DOCUMENTS:
                for line in commands(page.read_text(), script):
                    count += 1
                    with self.subTest(page=page.name, line=line):
                        self.assertEqual(list(lacks(line)), [])
                    # What follows the name of a job belongs to the job.
                    own = list(itertools.takewhile(lambda word: word not in JOBS, words(line)))
                    for word in own:
                        if word.startswith("--"):
                            self.assertIn(word, text, f"{page.name}: {line}")
        self.assertGreater(count, 25)

    def test_what_a_call_of_ours_lacks_is_seen(self):
        whole = [
            "infra/deploy.sh deploy --environment $E --only data",
            "infra/deploy.sh plan --environment $E --only workers,data --image $IMAGE",
            "infra/deploy.sh rollback --environment $E",
            "infra/run-job.sh --environment $E ledger-check --quick",
        ]
        for line in whole:
            self.assertEqual(list(lacks(line)), [], line)
        broken = {
            "infra/deploy.sh deploy --only data": "--environment",
            "infra/deploy.sh deploy --environment $E": "--image",
            "infra/deploy.sh plan --environment $E --only data,workers": "--image",
            "infra/deploy.sh verify --environment $E": "--image",
            "infra/deploy.sh plan --environment $E --only database": "a stack database",
            "infra/deploy.sh --environment $E": "what to do; --environment is nothing",
            "infra/run-job.sh --environment $E": "a job",
        }
        for line, what in broken.items():
            self.assertIn(what, list(lacks(line)), line)

    def test_logs_that_pages_read_are_there(self):
        roles = re.search(r"Fn::ForEach::LogGroups:\s+- Service\s+- \[(.*)\]", TEMPLATES["cluster"])[1].split(", ")
        known = {f"/holdfast/$E/{role}" for role in roles} | {"/aws/rds/cluster/holdfast-$E/postgresql"}
        for text in TEMPLATES.values():
            known |= {name.replace("${Environment}", "$E") for name in re.findall(r"LogGroupName: !Sub (\S+)", text)}
        for page in PAGES:
            for name in re.findall(r"--log-group-name (\S+)", page.read_text()):
                self.assertIn(name.strip("`"), known, page.name)

    def test_nobody_is_sent_where_no_way_leads(self):
        """Sessions lead to tasks of the API alone, the image has no psql, and requests are not sampled."""
        self.assertEqual([stack for stack, text in TEMPLATES.items() if "EnableExecuteCommand:" in text], ["api"])
        for page in PAGES:
            text = page.read_text()
            for what in ("psql", "127.0.0.1:9464", "get-sampled-requests"):
                self.assertNotIn(what, text, page.name)
            if re.search(r"`(SELECT|ANALYZE)", text):
                self.assertIn("(README.md#sql)", text, page.name)

    def test_a_secret_is_changed_as_a_whole(self):
        """put-secret-value replaces all fields, and a task whose field is missing does not start."""
        for page in PAGES:
            text = page.read_text()
            if "put-secret-value" in text:
                self.assertRegex(text, r"get-secret-value[^`]*\|\s+jq", page.name)

    def test_values_that_pages_give_are_parameters_of_their_stacks(self):
        count = 0
        for page in PAGES:
            text = page.read_text()
            blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
            blocks += [json.loads("{%s}" % one) for one in re.findall(r'`("[a-z]+": \{.*?\})`', text)]
            for stack, values in ((stack, values) for block in blocks for stack, values in block.items()):
                for name in values:
                    count += 1
                    self.assertRegex(TEMPLATES.get(stack, ""), rf"(?m)^  {name}:\n    Type: ", f"{page.name}: {stack}")
        self.assertGreater(count, 5)

    def test_services_that_are_stopped_are_all_of_them(self):
        roles = set(re.search(r"Fn::ForEach::Roles:\s+- Role\s+- \[(.*)\]", TEMPLATES["workers"])[1].lower().split(", "))
        count = 0
        for page in PAGES:
            for listed in re.findall(r"^ *for SERVICE in (.*); do", page.read_text(), re.MULTILINE):
                count += 1
                self.assertEqual(set(listed.split()) - {"api"}, roles, page.name)
        self.assertGreater(count, 0)

    def test_variables_of_the_pipeline_are_those_that_it_reads(self):
        read = set(re.findall(r"vars\.([A-Z_]+)", (ROOT / ".github/workflows/deploy.yml").read_text()))
        self.assertIn("DEPLOY_ROLE_ARN", read)
        for name in re.findall(r"`((?:[A-Z]+_)+(?:ARN|REPOSITORY|URI|ACCOUNT))`", (FOLDER / "deploy.md").read_text()):
            if not name.startswith("HOLDFAST_"):
                self.assertIn(name, read)

    def test_pages_have_the_parts_that_a_reader_looks_for(self):
        named = {line.split()[0] for line in self.runbooks_of_alarms()}
        for page in PAGES:
            text = page.read_text()
            self.assertTrue(text.startswith("# "), page.name)
            if page.name in named or re.search(r"^(Alarm|Rule|Event|Budget)", text, re.MULTILINE):
                for part in ("## Look", "## Do", "## Afterwards"):
                    if page.name != "region-failover.md":
                        self.assertIn(part, text, page.name)

    def test_links_lead_somewhere(self):
        for page in DOCUMENTS:
            # What stands in code is no link.
            text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
            for file, _, heading in re.findall(r"\]\(([^)#:\s]*)(#([^)\s]+))?\)", text):
                target = (page.parent / file).resolve() if file else page
                self.assertTrue(target.exists(), f"{page.name}: {file}")
                if heading and target.suffix == ".md":
                    headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
                    anchors = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
                    self.assertIn(heading, anchors, f"{page.name}: {file}")

    def test_every_page_can_be_found(self):
        index = (FOLDER / "README.md").read_text()
        for page in PAGES:
            if page.name != "README.md":
                self.assertIn(f"({page.name})", index)

    def test_every_alarm_has_its_page(self):
        for line in self.runbooks_of_alarms():
            page, *alarms = line.split()
            self.assertTrue((FOLDER / page).exists(), page)
            text = (FOLDER / page).read_text()
            for alarm in alarms:
                # Where there is one for each role or queue, the page names the first ones.
                if "<" not in alarm:
                    self.assertIn(alarm, text, page)

    def runbooks_of_alarms(self):
        listed = [INFRA / "runbooks.txt", INFRA / "observability/runbooks.txt"]
        lines = [line for file in listed if file.exists() for line in file.read_text().splitlines()]
        return [line for line in lines if line.strip() and not line.startswith("#")]


if __name__ == "__main__":
    unittest.main()
