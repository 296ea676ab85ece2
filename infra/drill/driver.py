"""A client that keeps books: what it sent, what was acknowledged to it and when, and what became of that.

  driver.py load   --api URL --log FILE [--clients N]   sends transfers until SIGTERM, each until it is acknowledged
  driver.py count  --log FILE [--until MS | --after MS]  how many were acknowledged
  driver.py check  --api URL --log FILE [--until MS]     asks for each of them, and names what is missing
  driver.py resend --api URL --log FILE                  sends each once more, with its key of then
"""

import argparse
import http.client
import json
import random
import signal
import sys
import threading
import time
import urllib.parse
import uuid

WALLETS = 40
BALANCE = 10_000_000
FINAL = {"settled", "rejected", "failed"}


def now_ms():
    """The wall clock, which the database of the same machine has, too."""
    return time.time_ns() // 1_000_000


class Client:
    """One connection, made again when it breaks."""

    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url).netloc
        self.connection = None

    def call(self, method, path, body=None, key=None):
        """Status and body; status 0 when there was no answer."""
        headers = {"Content-Type": "application/json"}
        if key:
            headers |= {"Idempotency-Key": key, "Prefer": "wait=5"}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=20)
            self.connection.request(method, path, body and json.dumps(body), headers)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException, ValueError):
            self.connection = None
            return 0, None

    def until_acknowledged(self, path, body, key, give_up=lambda: False):
        """Sends until a success; gives status, body, and how often it was sent."""
        tries = 0
        while True:
            tries += 1
            status, answer = self.call("POST", path, body, key)
            if 200 <= status < 300 or give_up():
                return status, answer, tries
            if 400 <= status < 500:
                sys.exit(f"{path}: {status} {answer}")
            time.sleep(0.05)


def wallets(client):
    """Opens wallets and fills them."""
    made = []
    for number in range(WALLETS):
        key = str(uuid.uuid4())
        body = {"owner_id": f"drill-{number}", "currency": "EUR"}
        _, wallet, _ = client.until_acknowledged("/v1/wallets", body, key)
        body = {"wallet_id": wallet["id"], "amount_minor": BALANCE, "currency": "EUR"}
        client.until_acknowledged("/v1/deposits", body, str(uuid.uuid4()))
        made.append(wallet["id"])
    return made


def load(arguments):
    """Sends, and writes a line for each acknowledgement before it sends the next."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    made = wallets(Client(arguments.api))
    lock = threading.Lock()
    with open(arguments.log, "a", encoding="utf-8") as log:

        def work():
            client = Client(arguments.api)
            while not stop.is_set():
                source, destination = random.sample(made, 2)
                body = {
                    "source_wallet_id": source,
                    "destination_wallet_id": destination,
                    "amount_minor": random.randint(1, 500),
                    "currency": "EUR",
                }
                key, sent, end = str(uuid.uuid4()), now_ms(), None

                def late():
                    return stop.is_set() and now_ms() > sent + 30_000

                status, answer, tries = client.until_acknowledged("/v1/transfers", body, key, late)
                if not 200 <= status < 300:
                    continue
                if answer["status"] in FINAL:
                    end = now_ms()
                line = {"id": answer["id"], "key": key, "sent": sent, "acked": now_ms(), "ended": end, "tries": tries, "body": body}
                with lock:
                    log.write(json.dumps(line) + "\n")
                    log.flush()

        threads = [threading.Thread(target=work) for _ in range(arguments.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def book(arguments):
    """What was acknowledged in the time that is asked about."""
    with open(arguments.log, encoding="utf-8") as log:
        lines = [json.loads(line) for line in log]
    low = arguments.after or 0
    high = arguments.until or sys.maxsize
    return [line for line in lines if low < line["acked"] <= high]


def count(arguments):
    lines = book(arguments)
    gap, last = 0, None
    for acked in sorted(line["acked"] for line in lines):
        gap = max(gap, acked - last) if last else 0
        last = acked
    print(json.dumps({"acknowledged": len(lines), "longest_gap_ms": gap, "sent_again": sum(line["tries"] > 1 for line in lines)}))


def check(arguments):
    """Exit code 1 when anything that was acknowledged is missing."""
    client, missing, statuses = Client(arguments.api), [], {}
    for line in book(arguments):
        deadline = now_ms() + 30_000
        while True:
            status, transfer = client.call("GET", f"/v1/transfers/{line['id']}")
            if status == 404 or (status == 200 and transfer["status"] in FINAL) or now_ms() > deadline:
                break
            time.sleep(0.05)
        word = transfer["status"] if status == 200 else f"answer {status}"
        statuses[word] = statuses.get(word, 0) + 1
        if status != 200:
            missing.append(line["acked"])
    report = {"acknowledged": sum(statuses.values()), "missing": len(missing), "now": statuses}
    if missing:
        report["first_missing_ms"], report["last_missing_ms"] = min(missing), max(missing)
    print(json.dumps(report))
    return 1 if missing else 0


def resend(arguments):
    """What is there answers as it did; what was lost is done now. Nothing is done twice."""
    client, again, anew = Client(arguments.api), 0, 0
    for line in book(arguments):
        _, answer, _ = client.until_acknowledged("/v1/transfers", line["body"], line["key"])
        if answer["id"] == line["id"]:
            again += 1
        else:
            anew += 1
    print(json.dumps({"answered_as_before": again, "done_anew": anew}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["load", "count", "check", "resend"])
    parser.add_argument("--api")
    parser.add_argument("--log", required=True)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--until", type=int)
    parser.add_argument("--after", type=int)
    arguments = parser.parse_args()
    return {"load": load, "count": count, "check": check, "resend": resend}[arguments.what](arguments)


if __name__ == "__main__":
    sys.exit(main())
