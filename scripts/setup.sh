#!/usr/bin/env bash
# Finds or installs the programs that scripts/programs.txt says come in packages.
# PostgreSQL is needed for its server binaries only, of version 14 or later: Tenfold
# starts servers of its own from them, and touches none that runs already.
#
# Usage: scripts/setup.sh check    exit 0 when all of them are there
#        scripts/setup.sh install  install what is missing, else do nothing
set -euo pipefail

list=$(dirname "$0")/programs.txt
oldest_major=14

# The same places, in the same order, as internal/embedpg/install.go.
places() {
	local IFS=:
	for dir in $PATH; do
		case $dir in /*) printf '%s\n' "$dir" ;; esac
	done
	unset IFS
	printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
		/opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin
}

# Prints the first place with server binaries that serve.
find_postgres() {
	local dir major
	while read -r dir; do
		[ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] || continue
		major=$("$dir/postgres" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p')
		if [ -n "$major" ] && [ "$major" -ge "$oldest_major" ]; then
			printf '%s\n' "$dir"
			return
		fi
	done < <(places)
}

# beside PROGRAM: it lies beside the server binaries, or where they are links to.
beside() {
	[ -n "$postgres" ] || return 1
	[ -x "$postgres/$1" ] || [ -x "$(dirname "$(readlink -f "$postgres/postgres")")/$1" ]
}

# Prints the lines of the list whose programs come in packages and are missing.
missing() {
	local program from purpose postgres
	postgres=$(find_postgres)
	while read -r program from purpose; do
		case $program/$from in
		'#'*) continue ;;
		*/apt=postgresql*) beside "$program" && continue ;;
		gcc/apt=*) command -v "${CC:-gcc}" >/dev/null && continue ;;
		*/apt=*) command -v "$program" >/dev/null && continue ;;
		*) continue ;;
		esac
		printf '%s %s %s\n' "$program" "$from" "$purpose"
	done <"$list"
}

# Prints the packages of one kind, apt or brew, that the lines given to it name.
packages() {
	local from one
	while read -r _ from _; do
		for one in ${from//,/ }; do
			case $one in "$1"=*) printf '%s\n' "${one#*=}" ;; esac
		done
	done | sort -u
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif ! command -v sudo >/dev/null; then
		echo "setup: root is needed for: $*" >&2
		exit 1
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

# The package postgresql would start a server of its own; Tenfold starts its own.
keep_postgres_from_starting() {
	[ ! -e /etc/postgresql-common/createcluster.conf ] || return 0
	as_root mkdir -p /etc/postgresql-common
	echo 'create_main_cluster = false' |
		as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
}

# install_apt PACKAGE...
install_apt() {
	case " $* " in *" postgresql "*) keep_postgres_from_starting ;; esac
	as_root apt-get update -q
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
		-o Dpkg::Options::=--force-confold "$@" </dev/null
}

case ${1:-} in
check)
	lacks=$(missing)
	[ -z "$lacks" ]
	;;
install)
	lacks=$(missing)
	[ -n "$lacks" ] || exit 0
	if command -v apt-get >/dev/null; then
		install_apt $(packages apt <<<"$lacks")
	elif command -v brew >/dev/null; then
		formulas=$(packages brew <<<"$lacks")
		# The compiler of macOS comes with its developer tools: xcode-select --install.
		[ -z "$formulas" ] || brew install $formulas
	fi
	lacks=$(missing)
	[ -n "$lacks" ] || exit 0
	echo "setup: still missing; install with the system's package manager:" >&2
	printf '%s\n' "$lacks" >&2
	if [ -z "$(find_postgres)" ]; then
		echo "setup: nothing works without PostgreSQL server binaries of version $oldest_major or later" >&2
		exit 1
	fi
	;;
*)
	sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
