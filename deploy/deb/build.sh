#!/bin/sh
# Make a .deb from a wheel house: deploy/deb/build.sh hub|agency OUT_FOLDER [PYTHON]
#
# Every wheel in the house is pinned by its hash in requirements-*.txt, but for our own. The package holds a
# virtual environment in /opt/exchange that stands on Debian's python3, of the version of PYTHON here.
set -eu
role=$1 out=$2 python=${3:-/usr/bin/python3}
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
root=$work/root house=$work/house venv=$work/root/opt/exchange
pip="$here/.venv/bin/python -m pip --disable-pip-version-check --quiet"
case $role in
    hub) user=exchange command=exchange-server pins=requirements-hub.txt units="exchange-server.service exchange-command@.service
        exchange-backup.service exchange-backup.timer" needs="" ;;
    agency) user=exchange-agency command=agency pins=requirements.txt units="exchange-watch@.service exchange-outbox@.service exchange-outbox@.timer"
        needs=", libicu72, libstdc++6" ;;
    *) echo "expected hub or agency, got $role" >&2; exit 2 ;;
esac

"$python" -m venv --without-pip "$venv"
$pip wheel --require-hashes --no-build-isolation --wheel-dir "$house" -r "$here/$pins"
$pip wheel --no-deps --no-build-isolation --wheel-dir "$house" "$here"
$pip --python "$venv/bin/python" install --no-index --no-compile --no-deps "$house"/*.whl

# The environment stands at its place on the target, not at this one.
rm -rf "$venv/include" "$venv/lib64" "$venv/bin/activate"* "$venv/bin/Activate.ps1"
find "$venv" -name direct_url.json -delete    # where each wheel lay on this machine
find "$venv" -name __pycache__ -prune -exec rm -rf {} +
grep -lIr "$venv" "$venv/bin" "$venv/pyvenv.cfg" | xargs sed -i "s|$venv|/opt/exchange|g"
ln -sfn /usr/bin/python3 "$venv/bin/python3" && ln -sfn python3 "$venv/bin/python"

version=$("$venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
after=$("$venv/bin/python" -c 'import sys; print("%d.%d" % (sys.version_info[0], sys.version_info[1] + 1))')
name=exchange-$role
mkdir -p "$root/usr/lib/systemd/system" "$root/usr/bin" "$root/DEBIAN" "$root/usr/share/doc/$name"
for unit in $units; do cp "$here/deploy/systemd/$unit" "$root/usr/lib/systemd/system/"; done
for each in "$command" exchange-certs; do
    ln -s "/opt/exchange/bin/$each" "$root/usr/bin/$each"
done
cp "$here/CHANGELOG.md" "$root/usr/share/doc/$name/"
(cd "$house" && sha256sum ./*.whl) > "$root/usr/share/doc/$name/wheels.sha256"
cat > "$root/DEBIAN/control" <<END
Package: $name
Version: $(sed -n 's/^version = "\(.*\)"/\1/p' "$here/pyproject.toml")
Architecture: $(dpkg --print-architecture)
Maintainer: The operators of the exchange <operators@caricc.example>
Depends: python3 (>= $version), python3 (<< $after), openssl, adduser$needs
Conflicts: $([ "$role" = hub ] && echo exchange-agency || echo exchange-hub)
Section: net
Priority: optional
Description: Inter-agency exchange of signed statements, for ${role}s
 Installed in /opt/exchange from wheels that are listed with their digests in
 /usr/share/doc/$name/wheels.sha256. Nothing is started before it is configured.
END
cat > "$root/DEBIAN/postinst" <<END
#!/bin/sh
set -e
if [ "\$1" = configure ]; then
    adduser --quiet --system --group --home /var/lib/$user $user
    /opt/exchange/bin/python -m compileall -q /opt/exchange/lib || true
    if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi
END
cat > "$root/DEBIAN/prerm" <<'END'
#!/bin/sh
set -e
find /opt/exchange -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
END
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm"
chmod -R u=rwX,go=rX "$root"
mkdir -p "$out"
dpkg-deb -Zgzip --root-owner-group --build "$root" "$out"
