"""Runbooks say what can be done: every command in them is one that exists, with options that it takes."""

import itertools
import re
import shlex
import unittest

import aws_model
from support import INFRA, ROOT

FOLDER = ROOT / "docs/runbooks"
PAGES = sorted(FOLDER.glob("*.md"))
# What the command line of AWS has beside the operations of its services.
ALSO = {"sso login"}
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
        for script in ("infra/deploy.sh", "infra/teardown.sh", "infra/run-job.sh"):
            text = (ROOT / script).read_text()
            for page in PAGES:
                for line in commands(page.read_text(), script):
                    # What follows the name of a job belongs to the job.
                    own = list(itertools.takewhile(lambda word: word not in JOBS, words(line)))
                    for word in own:
                        if word.startswith("--"):
                            self.assertIn(word, text, f"{page.name}: {line}")

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
        for page in [*PAGES, ROOT / "docs/DRILLS.md"]:
            for link in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text()):
                self.assertTrue((page.parent / link).resolve().exists(), f"{page.name}: {link}")

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
