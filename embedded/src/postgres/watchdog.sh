# Runs a PostgreSQL server for as long as somebody holds the other end of stdin.
#
# Arguments: "keep" or "remove", the data folder, the password file, then the server's command line.
# Orders on stdin, one a line: "fast" and "immediate", after the shutdown modes of pg_ctl.
# The end of stdin, which comes even when the owner is killed with SIGKILL, stops the server; then, and only then,
# "remove" removes the data. Exit status: the server's.

at_end=$1 data_dir=$2 password_file=$3
shift 3

# The pipe moves away from stdin, so that neither the server nor a tool can read from it.
exec 3<&0 </dev/null

# A signal tells this shell that its server was asked to end: it ends a `wait`, unlike a change of a variable.
asked=no
trap 'asked=yes' USR1

"$@" 3<&- &
server=$!

# A process of its own listens, because this shell has to wait for the server: one that ends by itself must be noticed.
(
    trap - USR1
    while read -r order <&3; do
        case $order in
        fast) kill -INT "$server" ;;
        immediate) kill -QUIT "$server" ;;
        esac
    done
    kill -USR1 $$
    # Told more than once: a server that has only just been started does not listen yet. 100 rounds are 20 seconds.
    round=0
    while [ "$round" -lt 100 ] && kill -INT "$server"; do
        sleep 0.2
        round=$((round + 1))
    done
    kill -QUIT "$server"
) 2>/dev/null &
listener=$!

wait "$server"
status=$?
while [ "$status" -gt 128 ] && kill -0 "$server" 2>/dev/null; do
    wait "$server"
    status=$?
done

kill "$listener" 2>/dev/null
if [ "$at_end" = remove ] && [ "$asked" = yes ]; then
    rm -rf "$data_dir" "$password_file" 2>/dev/null
fi
exit "$status"
