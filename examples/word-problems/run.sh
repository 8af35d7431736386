#!/usr/bin/env bash
# SmolLM2-135M-Instruct learns arithmetic word problems: the whole experiment of docs/results/word-problems.md.
#
#   examples/word-problems/run.sh MODEL MAWPS_DIR [SEEDS] [STEPS]
#
# MODEL is the GGUF file or a Hugging Face folder of SmolLM2-135M-Instruct, MAWPS_DIR holds mawps_singleop.jsonl,
# mawps_addsub.jsonl and mawps_singleeq.jsonl. Environment: RUNS (folder of the runs, default runs/word-problems),
# OUT (page), VARIANTS (see below). What is there already is not made again, what was interrupted goes on.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/examples/word-problems
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
model=$(realpath "$1") mawps=$(realpath "$2") seeds=${3:-3} steps=${4:-100}
runs=${RUNS:-$root/runs/word-problems}
page=${OUT:-$root/docs/results/word-problems.md}
# treepo, grpo, lora
variants=${VARIANTS:-treepo grpo lora}
mkdir -p "$runs"
runs=$(cd "$runs" && pwd)

treepo() { "$root/treepo" "$@"; }

[ -f "$runs/data/train.jsonl" ] ||
  treepo split "$mawps"/mawps_{singleop,addsub,singleeq}.jsonl --max-number 200 --held-out 150 --out "$runs/data" >&2

form=$runs/form
[ -f "$form/summary.json" ] || treepo sft "$here/sft.yaml" --resume --set "model=$model" --set "output=$form" >&2
base=$(ls -d "$form"/checkpoints/step-* | tail -n 1)

train() { # OUTPUT [--set …]…
  local output=$1
  shift
  [ -f "$output/summary.json" ] || treepo train "$here/train.yaml" --resume --set "model=$base" \
    --set "data.train=[$runs/data/train.jsonl]" --set "data.test=[$runs/data/test.jsonl]" \
    --set "output=$output" --set "trainer.steps=$steps" "$@" >/dev/null
}

compared=()
for variant in $variants; do
  case $variant in
    treepo) name="TreePO, trees" settings=() ;;
    grpo) name="GRPO, independent" settings=(--set advantage.estimator=grpo --set rollout.kind=independent) ;;
    lora) name="TreePO, trees, LoRA" settings=(--set lora.rank=16 --set lora.alpha=32 --set optimizer.learningRate.peak=4e-4) ;;
    *) echo "unknown variant $variant" >&2; exit 2 ;;
  esac
  for seed in $(seq 1 "$seeds"); do
    echo "$name, seed $seed" >&2
    train "$runs/$variant-$seed" --set "seed=$seed" ${settings[@]+"${settings[@]}"}
    compared+=("$name=$runs/$variant-$seed")
  done
done

measure() { # MODEL NAME: 16 answers a task, kept in NAME.jsonl, as one JSON line
  treepo eval --model "$1" --out "$runs/$2.jsonl" --data "$runs/data/test.jsonl" --samples 16 --seed 7 -q \
    --set 'data.template.text="Q: {prompt}\nA:"' --set 'rollout.sampling.stopStrings=["\n"]' \
    --set rollout.answerPolicy=boxed_and_eos --set rollout.maxResponseTokens=24 \
    --set reward.grading.workedOut=true
}

passAt1() { sed -E 's/.*"1":\{"value":([0-9.]+),"low":([0-9.]+),"high":([0-9.]+)\}.*/\1 \2 \3/' | awk '{printf "%.1f %% (%.1f–%.1f %%)", 100 * $1, 100 * $2, 100 * $3}'; }

answers=("$runs/control.jsonl")
note="pass@1 at temperature 1 on the 150 held-out tasks, 16 answers a task, with 95 % intervals over tasks: the control (form only) $(measure "$base" control | passAt1)"
for variant in $variants; do
  for seed in $(seq 1 "$seeds"); do
    newest=$(ls -d "$runs/$variant-$seed"/checkpoints/step-* | tail -n 1)
    if [ -f "$newest/adapter_config.json" ]; then
      merged=$runs/$variant-$seed/merged
      [ -d "$merged" ] || treepo export --model "$base" --adapter "$newest" --out "$merged" >/dev/null
      newest=$merged
    fi
    answers+=("$runs/$variant-$seed.jsonl")
    note+="; $variant, seed $seed $(measure "$newest" "$variant-$seed" | passAt1)"
  done
done

treepo compare --out "$page" --title "Word problems: SmolLM2-135M-Instruct learns arithmetic" \
  --note "Made by \`examples/word-problems/run.sh MODEL MAWPS_DIR $seeds $steps\` on $(nproc) processors, $(uname -m)." \
  --note "$note." --note "$(java "$here/Failures.java" "${answers[@]}")" "${compared[@]}"
