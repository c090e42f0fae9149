#!/usr/bin/env bash
# Makes internal/font/noto-sans-sc.ttf anew: the characters of Latin-1 and GB 2312 of Noto Sans SC,
# which comes with the npm package @expo-google-fonts/noto-sans-sc. The same program gives the same
# bytes. It is needed only for another version or other characters.
#
# Usage: scripts/font.sh
set -euo pipefail
cd "$(dirname "$0")/.."

whole=$(mktemp -d)
trap 'rm -rf "$whole"' EXIT
npm pack --silent --pack-destination "$whole" @expo-google-fonts/noto-sans-sc@0.4.3
tar -xzf "$whole"/*.tgz -C "$whole" package/400Regular/NotoSansSC_400Regular.ttf
go run -C tools/font . "$whole/package/400Regular/NotoSansSC_400Regular.ttf" "$PWD/internal/font/noto-sans-sc.ttf"
