#!/usr/bin/env bash
# Makes the data and the base model of ledger, once; about five minutes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
runs=${RUNS:-$root/runs/experiments}/ledger-base
read -ra each <<<"${EACH:-}"
mkdir -p "$here/data"
if [ ! -f "$here/data/train.jsonl" ]; then
  "$root/treepo" tasks ledger --count 1500 --seed 11 >"$here/data/all.jsonl"
  head -n 1300 "$here/data/all.jsonl" >"$here/data/train.jsonl.new"
  tail -n 200 "$here/data/all.jsonl" >"$here/data/test.jsonl"
  mv "$here/data/train.jsonl.new" "$here/data/train.jsonl"
fi
if [ ! -f "$here/data/model/config.json" ]; then
  if [ ! -f "$runs/summary.json" ]; then
    ${each[@]+"${each[@]}"} "$root/treepo" pretrain "$here/pretrain.yaml" --resume --set "output=$runs" >/dev/null
  fi
  "$root/treepo" export --model "$(ls -d "$runs"/checkpoints/step-* | tail -n 1)" --out "$here/data/model" >/dev/null
fi
