#!/bin/sh
# Unpacks Valkey from Debian's backports beside the system's own programs, as curl8.sh does with curl:
#
#     sh scripts/valkey.sh /usr/local
set -eu
prefix=$1
home=$prefix/lib/valkey
mkdir -p "$home/lists/partial" "$home/cache/archives/partial" "$prefix/bin"

archive=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' | sed -n 's/ Debian$//p' | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive bookworm-backports main" \
  >"$home/sources.list"
apt() {
  apt-get -o APT::Sandbox::User= -o Dir::Etc::SourceList="$home/sources.list" \
    -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$home/lists" \
    -o Dir::Cache="$home/cache" -o Acquire::Retries=3 "$@"
}
apt update
apt-get install -qq -y --no-install-recommends libjemalloc2 liblzf1
(cd "$home" && apt download valkey-server/bookworm-backports valkey-tools/bookworm-backports)
for package in "$home"/*.deb; do dpkg-deb --extract "$package" "$home"; done

for program in valkey-server valkey-cli; do ln -sf "$home/usr/bin/$program" "$prefix/bin/$program"; done
"$prefix/bin/valkey-server" --version
