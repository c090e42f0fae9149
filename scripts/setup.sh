#!/usr/bin/env bash
# Finds or installs what the project needs from the system: PostgreSQL server
# binaries of version 14 or later (a server of their own is started from them;
# none that runs already is touched), a C compiler for tests with -race, and curl
# for the examples of docs/http.md.
#
# Usage: scripts/setup.sh check    exit 0 when what every test needs is there: the server binaries and curl
#        scripts/setup.sh install  install what is missing, else do nothing
set -euo pipefail

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

have_postgres() {
	local dir major
	while read -r dir; do
		[ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] || continue
		major=$("$dir/postgres" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p')
		[ -n "$major" ] && [ "$major" -ge "$oldest_major" ] && return 0
	done < <(places)
	return 1
}

have_compiler() { command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null; }

have_curl() { command -v curl >/dev/null; }

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

install_apt() {
	local packages=()
	if ! have_postgres; then
		packages+=(postgresql)
		# The package would start a server of its own; Tenfold starts its own.
		if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
			as_root mkdir -p /etc/postgresql-common
			echo 'create_main_cluster = false' |
				as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
		fi
	fi
	have_compiler || packages+=(gcc libc6-dev)
	have_curl || packages+=(curl)
	as_root apt-get update -q
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
		-o Dpkg::Options::=--force-confold "${packages[@]}" </dev/null
}

install_brew() {
	have_postgres || brew install postgresql@17
	# The compiler of macOS comes with its developer tools: xcode-select --install.
}

case ${1:-} in
check)
	have_postgres && have_curl
	;;
install)
	if have_postgres && have_compiler && have_curl; then
		exit 0
	fi
	if command -v apt-get >/dev/null; then
		install_apt
	elif command -v brew >/dev/null; then
		install_brew
	fi
	if ! have_postgres; then
		echo "setup: no PostgreSQL server binaries (initdb, postgres) of version $oldest_major or later;" \
			"install them with the system's package manager" >&2
		exit 1
	fi
	;;
*)
	sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
