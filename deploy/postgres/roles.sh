#!/usr/bin/env bash
# Makes Tenfold's two roles and its database on a fresh PostgreSQL server: the owner
# migrates the schema, the application may do what migrations grant it. The image
# of PostgreSQL runs this once, when its data directory is empty.
set -euo pipefail

: "${TENFOLD_OWNER_PASSWORD:?}" "${TENFOLD_APP_PASSWORD:?}"

psql --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres -v ON_ERROR_STOP=1 <<'SQL'
\getenv owner_password TENFOLD_OWNER_PASSWORD
\getenv app_password TENFOLD_APP_PASSWORD
CREATE ROLE tenfold_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE tenfold_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE tenfold OWNER tenfold_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
REVOKE ALL ON DATABASE tenfold FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE tenfold TO tenfold_app;
\connect tenfold
ALTER SCHEMA public OWNER TO tenfold_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tenfold_app;
SQL
