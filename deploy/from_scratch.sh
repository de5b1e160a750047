#!/bin/bash
# From an empty Debian to a hub as a service and agencies that use it: deploy/from_scratch.sh FOLDER [MIRROR]
#
# It makes two roots in FOLDER by debootstrap: one gets the package of a hub, the other that of an agency, and both see
# the folder /srv/exchange. In them it runs docs/getting-started.md and docs/keys.md as they stand, and then moves the hub
# into its place as a service by backup and restore. There two agencies are enrolled by request and one asks the other.
# It needs root's rights, debootstrap, systemd-analyze, curl and `make venv`. FOLDER must be new. Without MIRROR it takes
# the Debian mirror of this machine's apt.
#
# systemd does not run in a root that is no machine. So its own checks are made of the units, and ExecStart is started as
# systemd would: as the unit's user, with its environment, credentials and notification socket.
set -euo pipefail
for tool in debootstrap systemd-analyze curl; do
    if ! command -v "$tool" > /dev/null; then
        echo "from-scratch: $tool is not installed (Debian: apt-get install debootstrap systemd curl); nothing was made"
        exit 1
    fi
done
folder=$(realpath -m "$1")
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=${2:-$(apt-get indextargets --format '$(SITE) $(RELEASE)' | sed -n "s| $release\$||p" | head -1)}
here=$(cd "$(dirname "$0")/.." && pwd)
root=$folder/hub-root place=$folder/hub-root/srv/exchange
unit=$root/usr/lib/systemd/system/exchange-server.service
credentials=/run/credentials/exchange-server.service
began=$SECONDS
step() { echo "== $((SECONDS - began)) s: $*"; }
port() { "$here/.venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
service=
ended() {
    if [ -n "$service" ]; then kill "$service" 2> /dev/null && wait "$service" || true; fi
    for one in hub-root/proc agency-root/proc agency-root/srv/exchange; do
        if mountpoint -q "$folder/$one"; then umount "$folder/$one"; fi
    done
}
trap ended EXIT

mkdir -p "$(dirname "$folder")" && mkdir "$folder" "$folder/bin"
step "an empty Debian ($release)"
debootstrap --variant=minbase --include=systemd,python3,adduser,openssl,libicu72,libstdc++6 "$release" "$root" "$mirror" \
    > "$folder/debootstrap.log"
cp -a "$root" "$folder/agency-root"
step "the packages of a hub and of an agency"
for role in hub agency; do
    "$here/deploy/deb/build.sh" $role "$folder" > "$folder/$role-deb.log" 2>&1 || { tail "$folder/$role-deb.log"; exit 1; }
done
step "install them"
for role in hub agency; do
    cp "$folder/exchange-${role}"_*.deb "$folder/$role-root/root/package.deb"
    chroot "$folder/$role-root" dpkg -i /root/package.deb > "$folder/$role-dpkg.log"
    echo "127.0.0.1 localhost" > "$folder/$role-root/etc/hosts"
    mkdir "$folder/$role-root/srv/exchange"
    mount --bind /proc "$folder/$role-root/proc"
done
mount --bind "$place" "$folder/agency-root/srv/exchange"
for command in exchange-server exchange-certs agency; do
    in=$([ $command = agency ] && echo agency-root || echo hub-root)
    cat > "$folder/bin/$command" <<END
#!/bin/sh
# Runs in its root, in the folder that both roots see.
exec chroot "$folder/$in" /bin/sh -c 'cd /srv/exchange && exec "\$0" "\$@"' $command "\$@"
END
    chmod +x "$folder/bin/$command"
done

step "what systemd says of the units"
for one in hub-root:exchange-server.service agency-root:exchange-watch@kz.fma.service agency-root:exchange-outbox@kz.fma.timer; do
    systemd-analyze verify --man=no --root="$folder/${one%%:*}" "${one#*:}"
done
for one in "$root"/usr/lib/systemd/system/exchange-*.service \
    "$folder"/agency-root/usr/lib/systemd/system/exchange-*.service; do
    systemd-analyze security --offline=true --threshold=20 "$one" | tail -1
done

step "the guides, from these packages: a hub, members enrolled and revoked, every key renewed"
export PATH="$folder/bin:$PATH" EXCHANGE_METRICS_PORT=$(port)
hub=$(port)
{
    echo "trap 'kill \$!; wait' EXIT"
    for guide in getting-started keys; do
        sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$here/docs/$guide.md"
    done
    echo "exchange-server backup copy.backup --config hub.toml"
} | sed "s/8443/$hub/g" > "$folder/guides.sh"
(cd "$place" && bash -euo pipefail "$folder/guides.sh") > "$folder/guides.log" 2>&1 || { tail -20 "$folder/guides.log"; exit 1; }

step "the hub as a service, on what its backup restores"
etc=$root/etc/exchange
mkdir "$etc"
cp "$place/ca/root.pem" "$place/ca/crl.pem" "$etc/"
cp "$place/hub-tls.pem" "$etc/hub.pem" && cp "$place/hub-tls.key" "$etc/hub.key"
cp "$place/log-next.key" "$etc/log.key" && cp "$place/hub.passphrase" "$etc/passphrase"
cp "$place/copy.backup" "$root/var/lib/exchange.backup"
cat > "$etc/hub.toml" <<END
[listen]
port = $hub
[tls]
certificate = "hub.pem"
root = "root.pem"
crl = "crl.pem"
[log]
origin = "caricc.example/exchange-log"
[database]
url = "sqlite:////var/lib/exchange/hub.db"
[metrics]
port = $EXCHANGE_METRICS_PORT
backup_report = "/var/lib/exchange/last-backup.json"
END
chmod 755 "$etc" && chmod 644 "$etc"/*.pem "$etc/hub.toml" "$root/var/lib/exchange.backup" && chmod 600 "$etc"/*.key "$etc/passphrase"
chroot "$root" install -d -o exchange -g exchange -m 0700 /var/lib/exchange /run/exchange
# LoadCredential and LoadCredentialEncrypted: files that root reads, laid down where the service alone may enter.
chroot "$root" install -d -o exchange -g exchange -m 0500 "$credentials"
for one in log.key hub.key passphrase; do
    grep -q "^LoadCredential.*=$one:" "$unit"
    chroot "$root" install -o root -g exchange -m 0440 "/etc/exchange/$one" "$credentials/$one"
done
mapfile -t environment < <(sed -n 's/^Environment=//p' "$unit" | sed "s|%d|$credentials|g" | tr ' ' '\n')
as_the_service=(
    chroot --userspec=exchange:exchange "$root" env -i PATH=/usr/bin:/bin CREDENTIALS_DIRECTORY=$credentials
    NOTIFY_SOCKET=/run/exchange/notify WATCHDOG_USEC=30000000 "${environment[@]}"
)
in_unit() { sed -n "s/^$1=[-@:+!]*//p" "$unit"; }    # without the marks that systemd reads
"${as_the_service[@]}" /opt/exchange/bin/exchange-server restore /var/lib/exchange.backup --config /etc/exchange/hub.toml
"${as_the_service[@]}" $(in_unit ExecStartPre)
"$here/.venv/bin/python" - "$root/run/exchange/notify" > "$folder/notified" <<'END' &
import socket, sys
from pathlib import Path
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(sys.argv[1])
Path(sys.argv[1]).chmod(0o777)
heard.settimeout(60)
while (word := heard.recv(100).decode()) != "WATCHDOG=1":
    print(word, flush=True)
print(word)
END
notified=$!
until [ -S "$root/run/exchange/notify" ]; do sleep 0.1; done
"${as_the_service[@]}" $(in_unit ExecStart) 2> "$folder/service.log" &
service=$!
wait $notified || { tail -5 "$folder/service.log"; exit 1; }
tr '\n' ' ' < "$folder/notified" && echo "(as user $(chroot "$root" id -nu "$(ps -o uid= -p $service | tr -d ' ')"))"

step "two agencies enrolled by request, a request approved and answered"
cat > "$folder/agencies.sh" <<'END'
umask 077
operate() { agency --profile operator operator "$@"; }
by_request() {  # by_request PROFILE AGENCY ROLE [NAME]
  openssl rand -base64 24 > "$1.passphrase"
  agency enrol new "$1-new" --agency "$2" --role "$3" ${4:+--name "$4"} \
      --trust-domain caricc.example --key-passphrase-file "$1.passphrase" > spoken.txt
  digits=$(grep -oE '([0-9]{4} ){5}[0-9]{4}' spoken.txt)
  token=$(exchange-certs token ca --fingerprint "$digits" | cut -d' ' -f1)
  for one in operator operator2; do
    exchange-certs approve "$1-new/request.json" --fingerprint "$digits" --out "$1-$one.json" \
        --certificate "$one/signing.pem" --key "$one/signing.key" --passphrase-file "$one.passphrase"
  done
  exchange-certs enrol ca "$1-new/request.json" --token "$token" --out "$1-answer.json" \
      --approval "$1-operator.json" --approval "$1-operator2.json" --passphrase-file ca.passphrase
  operate certificate "$1-answer.pem"
  agency enrol finish "$1-new" "$1-answer.json" --to "$1" --hub localhost:8443 --hub-name main \
      --root ca/root.pem --log-key "$(cat log.vkey)" --key-passphrase-file "$1.passphrase"
}
operate enrol uz.fiu --name "FIU" --agency-type fiu --country UZ --time-zone Asia/Tashkent
operate enrol kg.police --name "Police" --agency-type police --country KG --time-zone Asia/Bishkek
by_request uz.fiu uz.fiu system
by_request kg.police kg.police system
by_request kg.police-aida kg.police officer aida
for each in uz.fiu kg.police; do agency --profile $each keys publish; done
agency --profile kg.police-aida keys import kg.police/sealing --passphrase-file kg.police.passphrase
agency --profile kg.police-aida send information-request request.yaml --to uz.fiu --legal-basis KG-CPC-1 --due 7d
exchange=$(agency --profile kg.police-aida sent --json | grep -oE '"exchange_id": *"[^"]+"' | head -1 | cut -d'"' -f4)
# The guide to keys gave the centre a new sealing key; who approves opens what is sealed to it.
agency --profile coordinator1 keys import caricc/sealing --passphrase-file caricc.passphrase
agency --profile coordinator1 approve "$exchange"
agency --profile uz.fiu show "$exchange"
printf 'brief: Answer (invented)\ncontent:\n  text: Nothing is known (invented)\n' > reply.yaml
agency --profile uz.fiu reply "$exchange" reply.yaml
agency --profile kg.police-aida show "$exchange" | grep "Nothing is known"
agency --profile auditor audit verify
END
sed -i "s/8443/$hub/g" "$folder/agencies.sh"
(cd "$place" && bash -euo pipefail "$folder/agencies.sh") > "$folder/agencies.log" 2>&1 || { tail -20 "$folder/agencies.log"; exit 1; }
grep -E "Nothing is known|Clean" "$folder/agencies.log"

step "a backup of the service, its metrics, its doctor"
"${as_the_service[@]}" /opt/exchange/bin/exchange-server backup /var/lib/exchange/hub.backup --config /etc/exchange/hub.toml
sleep 6    # the hub looks every five seconds
curl --silent --fail "http://127.0.0.1:$EXCHANGE_METRICS_PORT/metrics" > "$folder/metrics.txt"
grep -E '^exchange_(log_entries|batches_total|backup_bytes|build_info)' "$folder/metrics.txt"
"${as_the_service[@]}" /opt/exchange/bin/exchange-server doctor --config /etc/exchange/hub.toml > "$folder/doctor.log" \
    || { cat "$folder/doctor.log"; exit 1; }
tail -1 "$folder/doctor.log"

step "that backup restored in an empty place, and checked"
sed -e 's|hub.db|restored.db|' -e '/^\[metrics\]/,$d' "$etc/hub.toml" > "$etc/restored.toml"
chmod 644 "$etc/restored.toml"
"${as_the_service[@]}" /opt/exchange/bin/exchange-server restore /var/lib/exchange/hub.backup --config /etc/exchange/restored.toml
"${as_the_service[@]}" /opt/exchange/bin/exchange-server fsck --config /etc/exchange/restored.toml
kill $service && wait $service || { tail -5 "$folder/service.log"; exit 1; }
service=
step "done"
