#!/usr/bin/env bash
# Copies the .proto files of protovalidate out of its Go module into a folder,
# where buf finds them. The module comes through the Go module proxy and is
# held to the checksum below, so no schema registry is needed.
#
# Usage: scripts/protovalidate.sh FOLDER
set -euo pipefail

module=github.com/bufbuild/protovalidate@v1.2.2
sum='h1:2H/9/Kr97etSRqW3IJjTTb09z+zutkK2GDhDRbOnqr4='

folder=$1
info=$(go -C "$(dirname "$0")/../tools" mod download -json "$module")
field() { sed -n "s|^[[:space:]]*\"$1\": \"\\(.*\\)\",\\{0,1\\}\$|\\1|p" <<<"$info"; }

if [ "$(field Sum)" != "$sum" ]; then
	echo "protovalidate.sh: $module has checksum $(field Sum), not $sum" >&2
	exit 1
fi
rm -rf "$folder"
mkdir -p "$folder/buf/validate"
cp "$(field Dir)/proto/protovalidate/buf/validate/validate.proto" "$folder/buf/validate/"
chmod -R u+w "$folder"
