#!/usr/bin/env bash
# Passes all tests. Installs what they need and a plain machine lacks; starts nothing outside its own folder.
set -euo pipefail
cd "$(dirname "$0")"
need() { # need COMMAND PACKAGE: installs PACKAGE with apt where COMMAND is missing
  command -v "$1" >/dev/null 2>&1 || need_package "$2"
}
need_package() {
  local as_root=""
  [ "$(id -u)" -eq 0 ] || as_root="sudo"
  echo "installing $1 for the tests" >&2
  $as_root apt-get update -qq && $as_root apt-get install -y -qq "$1" >/dev/null
}
# The client crates that the fixtures compile against bind to C in two places.
need cc build-essential
need pkg-config pkg-config
need git git
# The tests of cache-patterns start servers of their own on free ports.
need redis-server redis-server
# Debian keeps the programs of PostgreSQL out of the path.
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need initdb postgresql
# pre-commit runs the hooks of this repository as it would run them elsewhere.
need python3 python3
if [ ! -x target/pre-commit/bin/pre-commit ] || [ ! -x target/pre-commit/bin/maturin ]; then
  python3 -c 'import ensurepip' 2>/dev/null || need_package python3-venv
  python3 -m venv target/pre-commit
  target/pre-commit/bin/pip install --quiet --disable-pip-version-check pre-commit==4.7.0 maturin==1.16.0
fi
cargo test --workspace --locked "$@"
# The hook that builds the release from source takes minutes; releases run it.
cargo test --locked --test pre_commit -- --ignored --skip built_from_source
# The outbox: SQLite in a file, PostgreSQL on a server of its own.
cargo test --locked -p cache-patterns --features sqlx --test outbox
cargo test --locked -p cache-patterns --features sqlx --lib outbox
cargo test --locked -p cache-patterns --features sqlx --doc outbox
# Packages of their own: random schedules of the flight table under shuttle, and the example service.
CARGO_TARGET_DIR=target/shuttle cargo test --locked --manifest-path cache-patterns/shuttle/Cargo.toml
CARGO_TARGET_DIR=target/service cargo test --locked --manifest-path cache-patterns/examples/service/Cargo.toml
# The fixtures are a workspace of their own: proof that what the tests lint is real code.
cargo test --locked --test fixtures -- --ignored
# The article's services on cache-patterns, on a redis-server of their own; and what `cache-lint generate` writes.
CARGO_TARGET_DIR=fixtures/target cargo test --locked --manifest-path fixtures/Cargo.toml -p article-cured -p generated
