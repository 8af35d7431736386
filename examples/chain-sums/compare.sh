#!/usr/bin/env bash
# TreePO against its baselines on chain-sums at an equal budget of sampled tokens, several seeds each,
# and what training trees as trees saves. Writes docs/results/chain-sums.md with its picture.
#
#   examples/chain-sums/compare.sh [TOKENS] [SEEDS] [--set a.b=c]…
#
# Environment: RUNS (folder of the runs, default runs/compare), OUT (page), VARIANTS (see below).
# A run that is there already is not made again, one that was interrupted goes on.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/examples/chain-sums
tokens=2000000 seeds=3
if [[ ${1:-} =~ ^[0-9]+$ ]]; then tokens=$1; shift; fi
if [[ ${1:-} =~ ^[0-9]+$ ]]; then seeds=$1; shift; fi
more=("$@")
runs=${RUNS:-$root/runs/compare}
page=${OUT:-$root/docs/results/chain-sums.md}
# estimator:rollouts. The baselines sample as their papers do, every response by itself; to see what
# the estimators alone do, add grpo:tree and reinforce++-baseline:tree.
variants=${VARIANTS:-treepo:tree grpo:independent reinforce++-baseline:independent}

train() { # OUTPUT [--set …]…
  local output=$1
  shift
  [ -f "$output/summary.json" ] && return
  "$root/treepo" train "$here/train.yaml" --resume --set "output=$output" "$@" >/dev/null
}

compared=()
for variant in $variants; do
  for seed in $(seq 1 "$seeds"); do
    output=$runs/${variant/:/-}-$seed
    echo "$variant, seed $seed" >&2
    train "$output" --set "seed=$seed" --set "advantage.estimator=${variant%:*}" \
      --set "rollout.kind=${variant#*:}" --set "trainer.maxSampledTokens=$tokens" --set trainer.steps=100000 \
      --set evaluation.everySteps=5 --set checkpoint.keepLast=1 ${more[@]+"${more[@]}"}
    compared+=("${variant%:*}, ${variant#*:}=$output")
  done
done

# Both train on the same trees, because nothing is learned.
for training in true false; do
  echo "step time, trainer.treeTraining=$training" >&2
  train "$runs/timing-$training" --set "trainer.treeTraining=$training" \
    --set optimizer.learningRate.peak=1e-12 --set 'data.test=[]' ${more[@]+"${more[@]}"} \
    --set trainer.steps=8 --set trainer.maxSampledTokens=0
done

"$root/treepo" compare --out "$page" \
  --title "chain-sums: TreePO and its baselines at an equal budget of sampled tokens" \
  --note "Made by \`examples/chain-sums/compare.sh $tokens $seeds${more[*]+ ${more[*]}}\` on $(nproc) processors, $(uname -m). Every run begins with the same base model and ends with the step that has sampled $tokens tokens for training. \`tree\` samples trees, \`independent\` every response by itself." \
  --timing "$runs/timing-true" "$runs/timing-false" "${compared[@]}"
