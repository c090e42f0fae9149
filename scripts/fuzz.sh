#!/usr/bin/env bash
# Runs every fuzz test of the module for a time each, one after the other, and stops at the first
# finding. Go keeps what failed in the package's testdata/fuzz, where every later test tries it.
#
# Usage: scripts/fuzz.sh [TIME], from the root, such as 10m; make fuzz does it.
set -euo pipefail

time=${1:-1m}
list=$(grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sort)
count=$(grep -c . <<<"$list")
number=0
while IFS=: read -r file func; do
	number=$((number + 1))
	name=${func#func }
	echo "== $number of $count: $name in ${file%/*}, for $time"
	go test "${file%/*}" -run '^$' -fuzz "^$name\$" -fuzztime "$time"
done <<<"$list"
