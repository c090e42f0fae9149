#!/usr/bin/env bash
# Makes the files of a release: a binary for each system with its bill of materials, the
# documents and what operators deploy; the contract; and the checksums of all. The same
# commit gives the same bytes, on whatever machine.
#
# Usage: scripts/release.sh VERSION [TARGET…]   such as 1.0.0, and linux/amd64 darwin/arm64
#        scripts/release.sh check               make one target twice, and compare
set -euo pipefail
cd "$(dirname "$0")/.."

every="linux/amd64 linux/arm64 darwin/amd64 darwin/arm64"

# archive NAME DIR: what is in DIR as NAME.tar.gz, without anything of this machine.
archive() {
	tar --sort=name --format=gnu --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r,go-w \
		-C "$2" -cf - . | gzip -9n >"$1.tar.gz"
}

# make_release VERSION OUT TARGET…
make_release() {
	local version=$1 out=$2 target system machine stage
	shift 2
	rm -rf "$out"
	mkdir -p "$out"
	for target in "$@"; do
		system=${target%/*} machine=${target#*/}
		stage=$out/stage/$system-$machine
		mkdir -p "$stage"
		echo "building $target"
		GOOS=$system GOARCH=$machine CGO_ENABLED=0 go build -trimpath -buildvcs=true \
			-ldflags "-s -w -buildid= -X main.version=$version" -o "$stage/tenfold" ./cmd/tenfold
		.bin/cyclonedx-gomod bin -json -noserial -std -version "$version" -output "$stage/tenfold.cdx.json" "$stage/tenfold" 2>/dev/null
		# The time of the making is no part of what was made.
		sed -i '/"timestamp":/d' "$stage/tenfold.cdx.json"
		cp -R LICENSE README.md CHANGELOG.md docs deploy "$stage/"
		rm -rf "$stage/deploy/check"
		archive "$out/tenfold-$version-$system-$machine" "$stage"
	done
	stage=$out/stage/proto
	mkdir -p "$stage"
	find proto -name '*.proto' -exec cp --parents {} "$stage" \;
	cp buf.yaml "$stage/"
	archive "$out/tenfold-$version-proto" "$stage"
	rm -rf "$out/stage"
	(cd "$out" && sha256sum ./*.tar.gz >SHA256SUMS)
}

epoch=$(git log -1 --format=%ct)
if [ ! -x .bin/cyclonedx-gomod ] || [ tools/release/go.mod -nt .bin/cyclonedx-gomod ]; then
	mkdir -p .bin
	go build -C tools/release -o ../../.bin/ tool
fi

case ${1:-} in
check)
	make_release 0.0.0 .release/check-1 linux/amd64
	cache=$(mktemp -d)
	GOCACHE=$cache make_release 0.0.0 .release/check-2 linux/amd64
	rm -rf "$cache"
	diff -r .release/check-1 .release/check-2
	(cd .release/check-1 && sha256sum --check --quiet SHA256SUMS)
	rm -rf .release/check-1 .release/check-2
	echo "two builds of one commit are the same, byte for byte"
	;;
[0-9]*.[0-9]*.[0-9]*)
	if [ -n "$(git status --porcelain)" ]; then
		echo "release.sh: the tree has changes that are not committed" >&2
		exit 2
	fi
	version=$1
	shift
	# shellcheck disable=SC2086 # The targets are words.
	make_release "$version" ".release/$version" ${*:-$every}
	echo ".release/$version has:"
	cat ".release/$version/SHA256SUMS"
	;;
*)
	echo "usage: scripts/release.sh VERSION [TARGET…] | check" >&2
	exit 2
	;;
esac
