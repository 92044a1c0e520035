#!/bin/sh
# Unpacks a curl that knows --variable (8.3 and later) from Debian's backports, beside the system's own,
# and makes it callable as `curl8`:
#
#     sh scripts/curl8.sh /usr/local
#
# The archive is the one that apt already uses, its signatures are checked as ever, and neither the
# system's sources nor its packages change. (Where curl itself is new enough, link it to `curl8`.)
set -eu
prefix=$1
home=$prefix/lib/curl8
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
(cd "$home" && apt download curl/bookworm-backports libcurl4/bookworm-backports)
for package in "$home"/*.deb; do dpkg-deb --extract "$package" "$home"; done

cat >"$prefix/bin/curl8" <<END
#!/bin/sh
LD_LIBRARY_PATH=$(echo "$home"/usr/lib/*-linux-gnu) exec "$home/usr/bin/curl" "\$@"
END
chmod +x "$prefix/bin/curl8"
"$prefix/bin/curl8" --version
