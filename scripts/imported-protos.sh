#!/usr/bin/env bash
# Copies the .proto files that the contract imports out of Go modules into a
# folder, where buf finds them. The modules come through the Go module proxy and
# are held to the checksums below, so no schema registry is needed.
#
# Usage: scripts/imported-protos.sh FOLDER
set -euo pipefail

folder=$1
tools=$(dirname "$0")/../tools

# copy MODULE CHECKSUM SOURCE PLACE FILE... copies files of a folder of a module.
copy() {
	local module=$1 sum=$2 source=$3 place=$4 info file
	shift 4
	# It says what went wrong in its JSON, and nothing beside.
	info=$(go -C "$tools" mod download -json "$module") || { echo "$info" >&2; exit 1; }
	field() { sed -n "s|^[[:space:]]*\"$1\": \"\\(.*\\)\",\\{0,1\\}\$|\\1|p" <<<"$info"; }
	if [ "$(field Sum)" != "$sum" ]; then
		echo "imported-protos.sh: $module has checksum $(field Sum), not $sum" >&2
		exit 1
	fi
	mkdir -p "$folder/$place"
	for file; do
		cp "$(field Dir)/$source/$file" "$folder/$place/"
	done
}

rm -rf "$folder"
# The rules on the form of requests.
copy github.com/bufbuild/protovalidate@v1.2.2 'h1:2H/9/Kr97etSRqW3IJjTTb09z+zutkK2GDhDRbOnqr4=' \
	proto/protovalidate/buf/validate buf/validate validate.proto
# The paths of JSON over HTTP, the behavior of fields, and the names of
# resources. Google publishes these files in no module of its own; gnostic is
# Google's too and carries them as they are.
copy github.com/google/gnostic@v0.7.1 'h1:t5Kc7j/8kYr8t2u11rykRrPPovlEMG4+xdc/SpekATs=' \
	cmd/protoc-gen-openapi/examples/google/api google/api \
	annotations.proto field_behavior.proto http.proto resource.proto
chmod -R u+w "$folder"
