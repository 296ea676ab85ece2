#!/bin/sh
# Makes the recording that comes with the console anew: of a system of its own, with load and failures on purpose,
# in which some of what is dead was sent on again. Afterwards: docs/pictures/make.sh, and the snapshots of the tests.
set -eu
cd "$(dirname "$0")/.."
cargo build -p dev -p admin-tui
bin=$PWD/target/debug
demo=$PWD/admin-tui/demo.json
folder=$(mktemp -d)
cd "$folder"
"$bin/holdfast-dev" --fresh --load 60 --failures > log 2>&1 &
system=$!
trap 'kill $system; wait $system || true; rm -rf "$folder"' EXIT
until grep -q 'Holdfast is up' log; do
    kill -0 $system
    sleep 1
done

# The history of the overview begins when somebody looks.
look() {
    for _ in $(seq "$1"); do
        "$bin/holdfast-admin" overview > overview
        sleep 1
    done
}
# The ledger check keeps the connection that it gets now: later, on a machine as busy as this, a new one may take longer
# than anybody waits.
"$bin/holdfast-admin" ledger > ledger
look 75
"$bin/holdfast-admin" groups | awk 'NR > 1 { print $1 }' > causes
# Some plans come to their end, others halt by themselves: that depends on what is broken just now.
for cause in $(sed -n 1,2p causes); do
    timeout 40 "$bin/holdfast-admin" dead-letters redrive --group "$cause" --rate-per-second 20 \
        --reason 'the screening provider is back' > plan || true
done
timeout 40 "$bin/holdfast-admin" dead-letters compensate --group "$(sed -n 3p causes)" \
    --reason 'the customers were told' > plan || true
"$bin/holdfast-admin" dead-letters redrive --group "$(sed -n 4p causes)" --dry-run > plan
"$bin/holdfast-admin" sqs-queues redrive-queue wallet-metrics-dlq --reason 'the consumer was rolled back' > command
for turn in on off; do
    "$bin/holdfast-admin" switches "turn-$turn" pause_queue/wallet-metrics --reason 'the figures are checked' > switch
done
look 20
# All that people could have written in it is made up; only the name of the machine is not.
"$bin/holdfast-admin" record recording.json --as-it-is
machine=$(hostname)
sed "s/@$machine-/@demo-/g; s/\"host\":\"$machine\"/\"host\":\"demo\"/g" recording.json > "$demo"
