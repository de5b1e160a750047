#!/bin/bash
# Build the image of a hub and try it: deploy/oci/image.sh FOLDER [MIRROR]
#
# It needs no registry of images. The base is a Debian that debootstrap makes in FOLDER, of this machine's release; the
# wheels are what pip of `make venv` downloads by the lock. Then a hub runs in a container, read-only and as the image's
# user, and docs/getting-started.md is played as it stands: all that is `exchange-server` in the image, the rest here.
# It needs root's rights, debootstrap, buildah, podman, and the environment of `make venv`. FOLDER must be new. Without
# MIRROR it takes the Debian mirror of this machine's apt. Where a tool is missing, it says so and ends with 0.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
skip() { echo "image: skipped: $*"; exit 0; }
[ "$(id -u)" = 0 ] || skip "it needs root's rights"
for tool in debootstrap buildah podman; do
    command -v $tool > /dev/null || skip "$tool is not installed (Debian: apt-get install --no-install-recommends buildah podman runc debootstrap)"
done
folder=$(realpath -m "$1")
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=${2:-$(apt-get indextargets --format '$(SITE) $(RELEASE)' | sed -n "s| $release\$||p" | head -1)}
# runc runs where cgroups are of both versions, and crun does not. Limits beyond this process's own are not allowed.
runtime=$(command -v runc || command -v crun) || skip "neither runc nor crun is installed"
# All of it lies in FOLDER. DRIVER=vfs is slow, and needs nothing of the kernel.
storage="--root $folder/storage --runroot $folder/runroot --storage-driver ${DRIVER:-overlay}"
run="podman $storage --runtime $runtime run --rm --read-only --cap-drop all --network host"
run+=" --ulimit nofile=$(ulimit -Sn):$(ulimit -Hn) --ulimit nproc=1024:1024"
image=localhost/exchange-hub base=localhost/exchange-base
began=$SECONDS
step() { echo "== $((SECONDS - began)) s: $*"; }

mkdir -p "$(dirname "$folder")" && mkdir "$folder" "$folder/bin" "$folder/wheels" "$folder/place"
step "an empty Debian ($release) with Python"
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$release" "$folder/base" "$mirror" \
    > "$folder/debootstrap.log"
rm -rf "$folder"/base/var/cache/apt/*.bin "$folder"/base/var/cache/apt/archives/*.deb "$folder"/base/var/lib/apt/lists/*
tar -C "$folder/base" -c . | podman $storage import --quiet - $base > /dev/null
step "the pinned wheels"
for pins in requirements-hub.txt requirements-build.txt; do
    "$here/.venv/bin/python" -m pip -qqq download --require-hashes --only-binary :all: --dest "$folder/wheels" -r "$here/$pins"
done
step "the image"
buildah $storage build --isolation chroot --build-arg BASE=$base --build-arg PIP_NO_INDEX=1 --volume "$folder/wheels:/wheels:ro" \
    --tag $image --file "$here/deploy/oci/Containerfile" "$here" > "$folder/build.log" 2>&1 || { tail -20 "$folder/build.log"; exit 1; }
podman $storage images --format '{{.Repository}} {{.Size}}' $image

step "a hub in it"
cat > "$folder/bin/exchange-server" <<END
#!/bin/sh
# Runs in the image, whose user owns what the guide has made so far.
chown -R 10001:10001 "$folder/place"
exec $run --volume "$folder/place:$folder/place" --workdir "\$PWD" $image "\$@"
END
chmod +x "$folder/bin/exchange-server"
port=$("$here/.venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
{
    echo "trap 'kill \$!; wait' EXIT"
    sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$here/docs/getting-started.md"
} | sed -e "s/8443/$port/g" -e "/exchange-server serve/a until (: < /dev/tcp/127.0.0.1/$port) 2> /dev/null; do sleep 0.5; done" \
    > "$folder/guide.sh"
(cd "$folder/place" && PATH="$folder/bin:$here/.venv/bin:$PATH" bash -euo pipefail "$folder/guide.sh") > "$folder/guide.log" 2>&1 \
    || { tail -20 "$folder/guide.log"; exit 1; }
grep "Clean: the log is whole and signed" "$folder/guide.log"
step "done"
