#!/bin/bash
# From an empty Debian to an exchange that works: deploy/from_scratch.sh FOLDER MIRROR [HUB.deb]
#
# It makes a root in FOLDER/root by debootstrap from a Debian mirror, installs the package of the hub in it, and
# runs docs/getting-started.md and docs/keys.md as they stand: hub and authority run in that root, from the package;
# `agency` runs beside it, from this repository. Then metrics are scraped, and a backup is restored into
# a second database. It needs root's rights, debootstrap and `make venv`. FOLDER must be new.
set -euo pipefail
folder=$(realpath -m "$1") mirror=$2 deb=${3:-}
here=$(cd "$(dirname "$0")/.." && pwd)
root=$folder/root place=$folder/root/srv/exchange
began=$SECONDS
step() { echo "== $((SECONDS - began)) s: $*"; }

mkdir "$folder"
step "an empty Debian"
debootstrap --variant=minbase --include=python3,adduser,openssl bookworm "$root" "$mirror" > "$folder/debootstrap.log"
if [ -z "$deb" ]; then
    step "the package of the hub"
    "$here/deploy/deb/build.sh" hub "$folder" > "$folder/deb.log" 2>&1
    deb=$(echo "$folder"/exchange-hub_*.deb)
fi
step "install it"
cp "$deb" "$root/root/hub.deb"
chroot "$root" dpkg -i /root/hub.deb > "$folder/dpkg.log"
mkdir "$place" "$folder/bin"
echo "127.0.0.1 localhost" > "$root/etc/hosts"
for command in exchange-server exchange-certs; do
    cat > "$folder/bin/$command" <<END
#!/bin/sh
# Runs in the root, in the folder that both sides see.
exec chroot "$root" /bin/sh -c 'cd /srv/exchange && exec "\$0" "\$@"' $command "\$@"
END
    chmod +x "$folder/bin/$command"
done

step "the guides: a hub, agencies enrolled, one by request, a request answered, keys renewed"
port() { "$here/.venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
export PATH="$folder/bin:$here/.venv/bin:$PATH" EXCHANGE_METRICS_PORT=$(port)
hub=$(port)
{
    echo "trap 'kill \$!; wait' EXIT"
    for guide in getting-started keys; do
        sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$here/docs/$guide.md"
    done
    cat <<'END'
echo "== a request answered"
exchange=$(agency --profile kz.fma inbox --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["exchanges"][0]["exchange_id"])')
agency --profile kz.fma show "$exchange"
printf 'brief: Answer (invented)\ncontent:\n  text: Nothing is known (invented)\n' > reply.yaml
agency --profile kz.fma reply "$exchange" reply.yaml
agency --profile kz.mia show "$exchange" | grep "Nothing is known"
echo "== metrics"
curl --silent --fail "http://127.0.0.1:$EXCHANGE_METRICS_PORT/metrics" | grep -E '^exchange_' > metrics.txt
test -s metrics.txt
echo "== backup, and its restoration into a second database"
exchange-server backup copy.backup --config hub.toml
sed 's|sqlite:///hub.db|sqlite:///restored.db|' hub.toml > restored.toml
exchange-server restore copy.backup --config restored.toml
exchange-server fsck --config restored.toml
END
} | sed "s/8443/$hub/g" > "$folder/guides.sh"
(cd "$place" && bash -euo pipefail "$folder/guides.sh") > "$folder/guides.log" 2>&1 || { tail -20 "$folder/guides.log"; exit 1; }
grep "^== " "$folder/guides.log"
grep "entries" "$folder/guides.log" | tail -2
step "done"
