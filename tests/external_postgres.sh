#!/usr/bin/env bash
# Runs the integration suite against a PostgreSQL of the system's (Debian: apt-get install postgresql) instead of the embedded one.
# Starts a cluster of its own in a temporary folder, and removes it. Arguments go to pytest.
set -euo pipefail

here="$(cd "$(dirname "$0")/.." && pwd)"
bin="$(find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | sort -V | tail -1)"
if [ -z "$bin" ]; then
  bin="$(dirname "$(command -v initdb || true)")"
fi
if [ ! -x "$bin/initdb" ] || [ ! -x "$bin/pg_ctl" ]; then
  echo "no initdb and pg_ctl found: install PostgreSQL first (Debian: apt-get install postgresql)" >&2
  exit 1
fi

# PostgreSQL refuses to run as root; so does initdb.
as=()
if [ "$(id -u)" = 0 ]; then
  account=postgres
  id "$account" >/dev/null 2>&1 || account=nobody
  as=(setpriv "--reuid=$account" "--regid=$(id -g "$account")" --clear-groups)
fi

folder="$(mktemp -d)"
chmod 755 "$folder"
mkdir "$folder/run"
[ ${#as[@]} -eq 0 ] || chown -R "$account" "$folder"
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"

stop() {
  (cd "$folder" && "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1) || true
  rm -rf "$folder"
}
trap stop EXIT

cd "$folder"
"${as[@]}" "$bin/initdb" -D "$folder/data" -U owner --auth=trust --encoding=UTF8 --locale=C >"$folder/run/initdb.log" 2>&1 ||
  { cat "$folder/run/initdb.log" >&2; exit 1; }
"${as[@]}" "$bin/pg_ctl" -D "$folder/data" -l "$folder/run/server.log" -w -t 60 start \
  -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$folder/run -c max_connections=200 -c fsync=off" >/dev/null ||
  { cat "$folder/run/server.log" >&2; exit 1; }
echo "testing against $("$bin/postgres" --version), port $port"

cd "$here"
export STOREHAND_TEST_DB__URL="postgresql://owner@127.0.0.1:$port/postgres"
uv run pytest tests/integration "$@"
