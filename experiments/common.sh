# What the experiments share; sourced by each.
#
# Environment: SEEDS (default 5), TOKENS (budget of a run in sampled tokens), RUNS (folder of the runs, default runs/experiments), RESULTS (where
# pages go, default docs/results), EACH (what stands before every training, for instance
# "nice -n 15 flock FILE"), PAGES=only to write the pages from the runs there are.
#
# A run that has ended is not made again, one that was interrupted goes on. Seeds are the outer loop:
# whenever it is interrupted, all variants have about as many runs.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
seeds=${SEEDS:-5}
runs=${RUNS:-$root/runs/experiments}
results=${RESULTS:-$root/docs/results}
read -ra each <<<"${EACH:-}"

train() { # CONFIG OUTPUT [--set …]…
  local config=$1 output=$2
  shift 2
  if [ -f "$output/summary.json" ] || [ "${PAGES:-}" = only ]; then return; fi
  echo "$(date -u +%H:%M:%S) $output" >&2
  ${each[@]+"${each[@]}"} "$root/treepo" train "$config" --resume --set "output=$output" "$@" >/dev/null
}

# A variant is a line: NAME [a.b=c]…; the folder of its runs is the name with - for what is not a
# letter or number.
folder() { # TASK NAME SEED
  echo "$runs/$1/$(tr -c '[:alnum:]\n' - <<<"$2")-$3"
}

# Trains every variant of standard input with every seed.
variants() { # TASK CONFIG TOKENS
  local task=$1 config=$2 tokens=$3 seed line name sets
  local lines
  mapfile -t lines
  for seed in $(seq 1 "$seeds"); do
    for line in "${lines[@]}"; do
      name=${line%%|*}
      sets=()
      for set in ${line#*|}; do sets+=(--set "$set"); done
      train "$config" "$(folder "$task" "$name" "$seed")" --set "seed=$seed" \
        --set "trainer.maxSampledTokens=$tokens" --set trainer.steps=100000 \
        --set evaluation.everySteps="${EVERY:-3}" --set evaluation.samples=2 \
        --set checkpoint.everySteps=9 --set checkpoint.keepLast=1 --set trainer.treesKept=1 ${sets[@]+"${sets[@]}"}
    done
  done
}

# A page of the runs that have ended, the first name being the baseline; seeds that not all have are
# left out.
page() { # TASK FILE TITLE NOTE NAME…
  local task=$1 file=$2 title=$3 note=$4 seed name complete compared=()
  shift 4
  for seed in $(seq 1 "$seeds"); do
    complete=true
    for name in "$@"; do
      [ -f "$(folder "$task" "$name" "$seed")/summary.json" ] || complete=false
    done
    if $complete; then
      for name in "$@"; do compared+=("$name=$(folder "$task" "$name" "$seed")"); done
    fi
  done
  if [ ${#compared[@]} -eq 0 ]; then
    echo "$file: no seed has all of its runs yet" >&2
    return
  fi
  "$root/treepo" compare --out "$results/$file" --title "$title" --baseline "$1" \
    --note "$note" --note "Made by \`$made\` on $(nproc) processors, $(uname -m). All runs begin with the same base model, and end with the step that has sampled their budget of tokens for training." \
    "${compared[@]}"
}
