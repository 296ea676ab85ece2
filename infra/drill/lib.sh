# Shared by the drills: private PostgreSQL servers, our programs, clocks. Only what was started here is ever stopped.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/infra/drill
say() { printf '%s\n' "$*"; }
title() { printf '\n== %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}
now_ms() { date +%s%3N; }
since() { printf '%d.%03d s' $((($(now_ms) - $1) / 1000)) $((($(now_ms) - $1) % 1000)); }

# Our programs: HOLDFAST_DRILL_BIN, or what was built last, optimized before not.
find_programs() {
    local folder
    for folder in ${HOLDFAST_DRILL_BIN:-} "$root/target/release" "$root/target/debug"; do
        if [ -x "$folder/holdfast-api" ] && [ -x "$folder/holdfast-jobs" ] && [ -x "$folder/holdfast-migrate" ]; then
            programs=$folder
            return 0
        fi
    done
    die 'build the programs first: cargo build --release -p api -p jobs -p migration'
}

# The server's programs, where the distribution has them.
find_postgres() {
    local candidate
    for candidate in ${HOLDFAST_PG_BINDIR:-} $(compgen -G '/usr/lib/postgresql/*/bin' | sort -rV) \
        "$(pg_config --bindir 2>/dev/null || true)"; do
        if [ -x "$candidate/initdb" ] && [ -x "$candidate/pg_basebackup" ]; then
            pg=$candidate
            return 0
        fi
    done
    die 'no PostgreSQL server here; HOLDFAST_PG_BINDIR names the folder of its programs'
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# PostgreSQL refuses to run as root.
as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@")
    else
        "$@"
    fi
}

begin() {
    find_programs
    find_postgres
    work=$(mktemp -d /var/tmp/holdfast-drill.XXXXXX)
    chmod 755 "$work"
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$work"; fi
    clusters=() pids=()
    trap finish EXIT
    say "$("$pg/postgres" --version), programs of ${programs#"$root/"}, $(nproc) cores"
}

# What was started ends, and nothing else.
finish() {
    local one
    for one in "${pids[@]}"; do kill -CONT "$one" 2>/dev/null || true; kill -KILL "$one" 2>/dev/null || true; done
    for one in "${clusters[@]}"; do
        as_server "$pg/pg_ctl" stop -D "$one" -m immediate -s >/dev/null 2>&1 || true
    done
    if [ "${HOLDFAST_DRILL_KEEP:-}" = yes ]; then say "kept: $work"; else rm -rf "$work"; fi
}

# init_cluster FOLDER: durable, as in production, and archiving each segment at the latest after 5 s.
init_cluster() {
    as_server "$pg/initdb" -D "$1" -U postgres -A trust -E UTF8 --locale=C --data-checksums >/dev/null
    archive=$1.archive
    as_server mkdir "$archive"
    cat >>"$1/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
wal_level = replica
max_wal_senders = 8
wal_keep_size = 256MB
archive_mode = on
archive_timeout = 5s
archive_command = 'cp %p $archive/%f.part && mv $archive/%f.part $archive/%f'
log_min_messages = warning
logging_collector = off
CONF
}

# start_cluster FOLDER PORT
start_cluster() {
    clusters+=("$1")
    as_server "$pg/pg_ctl" start -D "$1" -o "-p $2" -l "$1.log" -w -t 120 -s
}

# SIGKILL to the server and all that it started, as when its machine is gone.
kill_cluster() {
    local server
    server=$(head -n 1 "$1/postmaster.pid")
    # Its children find out that it is gone by themselves; these must not write a last word before.
    # shellcheck disable=SC2046
    kill -KILL "$server" $(ps -o pid= --ppid "$server") 2>/dev/null || true
}

sql() { "$pg/psql" -X -A -t -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$1" -U postgres -d "${3:-holdfast}" -c "$2"; }
# url PORT LOGIN
url() { printf 'postgres://%s@127.0.0.1:%s/holdfast' "$2" "$1"; }

# make_database PORT: the database with the logins of production, and the schema.
make_database() {
    sql "$1" 'CREATE DATABASE holdfast' postgres
    # Aurora has it; whoever is in it logs in with a token.
    sql "$1" 'CREATE ROLE rds_iam'
    "$pg/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$1" -U postgres -d holdfast -f "$root/infra/database/roles.sql"
}

# migrate PORT
migrate() { DATABASE_URL=$(url "$1" holdfast_migrate) "$programs/holdfast-migrate" up; }

# start_programs PORT: API and worker on the database at this port.
start_programs() {
    export DATABASE_URL HOLDFAST_API_ADDR HOLDFAST_ADMIN_ADDR HOLDFAST_AUTH=off HOLDFAST_LOG=warn
    DATABASE_URL=$(url "$1" holdfast_app)
    local of_workers
    of_workers=$(url "$1" holdfast_worker)
    HOLDFAST_API_ADDR=127.0.0.1:${api_port:=$(free_port)}
    HOLDFAST_ADMIN_ADDR=127.0.0.1:$(free_port)
    "$programs/holdfast-api" >>"$work/api.log" 2>&1 &
    api_pid=$!
    DATABASE_URL=$of_workers "$programs/holdfast-jobs" run --roles sagas >>"$work/jobs.log" 2>&1 &
    jobs_pid=$!
    pids+=("$api_pid" "$jobs_pid")
    local look
    for look in $(seq 100); do
        if curl -fsS -o /dev/null "http://127.0.0.1:$api_port/health/ready" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    tail -n 5 "$work/api.log" >&2
    die "the API is not ready after $look looks"
}

stop_programs() {
    kill -TERM "$api_pid" "$jobs_pid"
    wait "$api_pid" "$jobs_pid" || true
}

# ledger_check PORT: says every rule that is broken, and answers as the program does.
ledger_check() {
    local code=0
    DATABASE_URL=$(url "$1" holdfast_check) "$programs/holdfast-jobs" ledger-check >"$work/check.txt" 2>>"$work/jobs.log" || code=$?
    grep -E '^(BROKEN|[A-Z]{3}:)' "$work/check.txt" || true
    return "$code"
}

start_load() {
    python3 "$here/driver.py" load --api "http://127.0.0.1:$api_port" --log "$1" --clients "${CLIENTS:-8}" &
    load_pid=$!
    pids+=("$load_pid")
    # Until its wallets are filled it sends no transfers.
    until [ -s "$1" ]; do sleep 0.1; done
}

stop_load() {
    kill -TERM "$load_pid"
    wait "$load_pid" || true
}

driver() { python3 "$here/driver.py" "$@" --api "http://127.0.0.1:$api_port"; }
