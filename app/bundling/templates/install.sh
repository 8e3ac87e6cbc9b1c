#!/bin/sh
# Installs roentgene @{version} from this folder, without a network:
#
#   sh install.sh [FOLDER]
#
# FOLDER is the environment to make, by default ./roentgene-venv. PYTHON names another Python @{python}.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=${1:-roentgene-venv}
python=${PYTHON:-python@{python}}

if ! command -v "$python" >/dev/null; then
  echo "error: there is no $python: install Python @{python}, or name it: PYTHON=/path/to/python sh $0" >&2
  exit 2
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (@{major_minor}))'; then
  echo "error: $python is not Python @{python}, for which these wheels are" >&2
  exit 2
fi
if [ -e "$folder" ]; then
  echo "error: $folder is there already: name another folder, or remove it" >&2
  exit 2
fi

"$python" -m venv "$folder"
"$folder/bin/python" -m pip install --isolated --quiet --disable-pip-version-check \
  --no-index --find-links "$here/wheels" --require-hashes --requirement "$here/requirements.txt"
"$folder/bin/roentgene" doctor
echo "roentgene @{version} is in $folder: $folder/bin/roentgene --help"
