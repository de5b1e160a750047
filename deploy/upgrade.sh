#!/bin/bash
# An upgrade under traffic: deploy/upgrade.sh COMMIT FOLDER [URL]
#
# A hub and agencies of COMMIT (the version before) are set up by its own guide, with its own code. While one agency sends
# without pause, the database is migrated and the hub is replaced by the one of this repository. One agency stays at the
# old version, one is of the new version from the start. At the end every request has arrived, both versions audit
# the log, and the hub checks its database. It needs `make venv`. FOLDER must be new. The hub is on the SQLite file of the
# guide, or on the empty PostgreSQL database of URL (postgresql+psycopg://...).
set -euo pipefail
commit=$1 folder=$(realpath -m "$2")
here=$(cd "$(dirname "$0")/.." && pwd)
old=$folder/old place=$folder/place
if [ -n "${3:-}" ]; then export EXCHANGE_DATABASE_URL=$3; fi
began=$SECONDS
step() { echo "== $((SECONDS - began)) s: $*"; }
port() { "$here/.venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

mkdir -p "$(dirname "$folder")" && mkdir "$folder" "$folder/bin" "$place"
git -C "$here" worktree add --quiet --detach "$old" "$commit"
sender= hub=
ended() {
    for each in $sender $hub; do kill "$each" 2> /dev/null || true; done
    git -C "$here" worktree remove --force "$old"
}
trap ended EXIT
for command in agency:agency_client.command exchange-server:exchange_server.cli exchange-certs:exchange_certs.cli; do
    cat > "$folder/bin/${command%%:*}" <<END
#!/bin/sh
# Runs the code that CODE names, with the libraries of this repository.
PYTHONPATH="\$CODE:\$CODE/proto:\$CODE/certs" exec "$here/.venv/bin/python" -c "from ${command#*:} import main; main()" "\$@"
END
    chmod +x "$folder/bin/${command%%:*}"
done
export PATH="$folder/bin:$PATH"
at() { CODE=$1; shift; CODE=$CODE "$@"; }
number=$(port)

step "a hub and agencies of $(git -C "$here" describe --always "$commit"), by their guide"
cd "$place"
{
    sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$old/docs/getting-started.md"
    echo 'echo $! > hub.pid'
} | sed "s/8443/$number/g" > guide.sh
CODE=$old bash -euo pipefail guide.sh > guide.log 2>&1 || { tail -5 guide.log; exit 1; }
hub=$(cat hub.pid)

step "traffic: an agency of the old version sends, one of the new version answers"
cat > send.sh <<'END'
set -u
trap 'exit 0' TERM
while true; do
    agency --profile kz.mia-erlan send information-request request.yaml --to kz.fma --legal-basis KZ-CPC-1 --due 7d > last.log 2>&1
    code=$?
    # 0: sent; 4: it waits in the outbox until the hub is back.
    if [ $code != 0 ] && [ $code != 4 ]; then cat last.log; echo "code $code"; exit 1; fi
    echo $code >> sends
done
END
CODE=$old bash send.sh > send.log 2>&1 &
sender=$!
sent() { if [ -f sends ]; then wc -l < sends; else echo 0; fi; }
more() { local now; now=$(sent); until [ "$(sent)" -ge $((now + $1)) ]; do kill -0 $sender || { cat send.log; exit 1; }; sleep 0.2; done; }
more 3
answer() {
    local exchange
    exchange=$(at "$here" agency --profile kz.fma inbox --json | grep -oE '"exchange_id": *"[^"]+"' | sed -n "$1p" | cut -d'"' -f4)
    at "$here" agency --profile kz.fma show "$exchange" > /dev/null
    printf 'brief: Answer (invented)\ncontent:\n  text: Nothing is known (invented)\n' > reply.yaml
    at "$here" agency --profile kz.fma reply "$exchange" reply.yaml > /dev/null
    at "$old" agency --profile kz.mia-erlan show "$exchange" | grep -q "Nothing is known"
}
answer 1

step "the database is migrated while the old hub serves"
at "$here" exchange-server migrate --config hub.toml | tee migrate.log
grep -q "now; before: 0" migrate.log
more 2

step "the hub is replaced"
kill "$hub"
while kill -0 "$hub" 2> /dev/null; do sleep 0.1; done
more 1
CODE=$here exchange-server serve --config hub.toml 2>> hub.log &
hub=$!
until at "$old" agency --profile kz.fma sync > /dev/null 2>&1; do sleep 0.5; done
more 3
answer 2

step "the traffic ends: nothing is lost"
kill $sender && wait $sender
sender=
at "$old" agency --profile kz.mia-erlan outbox flush > /dev/null
listed=$(at "$old" agency --profile kz.mia-erlan sent --json | grep -c '"exchange_id"')
# The guide sent one; one that was cut off by the end of the traffic may have been sent or not.
echo "$(sent) sends, of which $(grep -c 4 sends || true) waited; $listed exchanges with that of the guide"
[ "$listed" -ge $(($(sent) + 1)) ] && [ "$listed" -le $(($(sent) + 2)) ]
at "$old" agency --profile auditor audit verify | tail -1
# The place that 0.2.0 kept holds no signed note, so it proves nothing: it is moved away, as the new version asks.
if ! at "$here" agency --profile auditor audit verify > audit.log 2>&1; then
    grep "Move it away" audit.log
    mv auditor/state/monitor.db auditor/state/monitor-of-before.db
    at "$here" agency --profile auditor audit verify > audit.log
fi
tail -1 audit.log
at "$here" agency --profile kz.mia-erlan sync > /dev/null    # this profile comes to the new version last
kill "$hub" && wait "$hub" || true
hub=
at "$here" exchange-server fsck --config hub.toml
if [ -n "${3:-}" ]; then [ ! -e hub.db ]; fi    # it was the database of URL that was upgraded
step "done"
