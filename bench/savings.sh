#!/usr/bin/env bash
# What computing prefixes once saves over a whole training run: the same number of trajectories sampled
# independently (prompt computed each, computed once, lazily forked) and as trees (each path by itself, lazily
# forked), trained as sequences or as merged trees. Writes docs/results/savings.md and savings.json beside it.
#
#   bench/savings.sh [--set a.b=c]…
#
# Environment: EXAMPLES (names of examples or train.yaml files, default "chain-sums countdown"), STEPS (0: those of
# the example), RUNS (folder of the runs, default runs/savings), OUT (page). A run that is there already is not made
# again, one that was interrupted goes on; times count only of runs that nothing else ran beside.
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
examples=${EXAMPLES:-chain-sums countdown}
steps=${STEPS:-0}
runs=${RUNS:-$root/runs/savings}
page=${OUT:-$root/docs/results/savings.md}
more=("$@")
mkdir -p "$runs" "$(dirname "$page")"

each="rollout.kind=independent rollout.sharePrompt=false rollout.lazyForking=false trainer.treeTraining=false"
once="rollout.kind=independent rollout.sharePrompt=true rollout.lazyForking=false trainer.treeTraining=false"
lazy="rollout.kind=independent rollout.sharePrompt=true rollout.lazyForking=true trainer.treeTraining=true"
eager="rollout.kind=tree rollout.lazyForking=false trainer.treeTraining=false"
tree="rollout.kind=tree rollout.lazyForking=true trainer.treeTraining=true"

declare -A title=(
  [each]="independent, prompt computed each; trained as sequences"
  [once]="independent, prompt computed once; trained as sequences"
  [lazy]="independent, lazily forked; trained as merged trees"
  [eager]="trees, each path by itself between branches; trained as sequences"
  [tree]="trees, lazily forked; trained as merged trees"
)
variants="each once lazy eager tree"

train() { # YAML OUTPUT [--set …]…
  local yaml=$1 output=$2
  shift 2
  [ -f "$output/summary.json" ] || "$root/treepo" train "$yaml" --resume --set "output=$output" "$@" >/dev/null
}

# Sums the steps of a run. The first steps are mostly the compiler's work and count as well: it is the whole run.
totals() { # RUN NAME BASE_SECONDS: one JSON object
  awk -v name="$2" '
    function value(line, key,   at, rest) {
      at = index(line, "\"" key "\":")
      if (!at) return 0
      rest = substr(line, at + length(key) + 3)
      return rest + 0
    }
    FILENAME ~ /summary.json$/ { before = value($0, "accuracy_before"); after = value($0, "accuracy_after"); next }
    {
      steps++
      sampling += value($0, "sampling_seconds"); update += value($0, "update_seconds") + value($0, "scoring_seconds")
      whole += value($0, "seconds") - value($0, "evaluation_seconds")
      trajectories += value($0, "trajectories"); inall += value($0, "trajectory_tokens")
      sampled += value($0, "computed_tokens"); trained += value($0, "computed_training_tokens")
    }
    END {
      printf "{\"variant\":\"%s\",\"steps\":%d,\"trajectories\":%d,\"trajectory_tokens\":%d,", name, steps, trajectories, inall
      printf "\"computed_sampling_tokens\":%d,\"computed_training_tokens\":%d,", sampled, trained
      printf "\"sampling_seconds\":%.3f,\"update_seconds\":%.3f,\"step_seconds\":%.3f,", sampling, update, whole
      printf "\"accuracy_before\":%.4f,\"accuracy_after\":%.4f}\n", before, after
    }' "$1/summary.json" "$1/metrics.jsonl"
}

row() { # JSON FIRST_JSON TITLE: a line of the table
  printf '%s\n%s\n' "$2" "$1" | awk -v title="$3" '
    function value(line, key,   at) { at = index(line, "\"" key "\":"); return substr(line, at + length(key) + 3) + 0 }
    { for (i = 1; i <= 8; i++) v[NR, i] = value($0, k[i]) }
    BEGIN { split("trajectories trajectory_tokens computed_sampling_tokens computed_training_tokens sampling_seconds update_seconds step_seconds accuracy_after", k, " ") }
    END {
      printf "| %s | %d | %d | %.2f | %.2f | %.1f | %.1f | %.1f | %+.0f %% | %.1f %% |\n", title, v[2,1], v[2,2],
        v[2,3] / v[2,2], v[2,4] / v[2,2], v[2,5], v[2,6], v[2,7], 100 * (v[2,7] / v[1,7] - 1), 100 * v[2,8]
    }'
}

json=$runs/savings.json
{
  echo "# What computing prefixes once saves"
  echo
  echo "Made by \`bench/savings.sh${more[*]+ ${more[*]}}\` on $(nproc) processors, $(uname -m), $(date -u +%Y-%m-%d). Every run of an example begins with the same model and samples the same number of trajectories;"
  echo "\`trainer.dynamicSampling\` is off, so that steps are alike. Seconds are of all steps together, evaluations, checkpoints and the start of the JVM left out. *Computed* counts tokens fed through the model, prompts included, for a token of a"
  echo "trajectory; those of training are of one forward pass. Independent samples that differ in how they are computed are the same samples until the rounding of different updates tells; so are trees."
} >"$runs/page.md"
separator='['
: >"$json"
for example in $examples; do
  yaml=$example
  [ -f "$yaml" ] || yaml=$root/examples/$example/train.yaml
  name=$(basename "$(dirname "$(realpath "$yaml")")")
  common=(--set trainer.dynamicSampling=false --set checkpoint.everySteps=0 --set evaluation.everySteps=0)
  [ "$steps" -gt 0 ] && common+=(--set "trainer.steps=$steps")
  {
    echo
    echo "## $name"
    echo "| | trajectories | their tokens | computed, sampling | computed, training | seconds of sampling | of updates | of all steps | against the first | accuracy after |"
    echo "|---|---|---|---|---|---|---|---|---|---|"
  } >>"$runs/page.md"
  first=
  for variant in $variants; do
    echo "$name: ${title[$variant]}" >&2
    settings=()
    for setting in ${!variant}; do settings+=(--set "$setting"); done
    output=$runs/$name-$variant
    train "$yaml" "$output" "${settings[@]}" "${common[@]}" ${more[@]+"${more[@]}"}
    line=$(totals "$output" "$variant")
    first=${first:-$line}
    printf '%s{"example":"%s",%s\n' "$separator" "$name" "${line#\{}" >>"$json"
    separator=','
    row "$line" "$first" "${title[$variant]}" >>"$runs/page.md"
  done
done
echo ']' >>"$json"
{
  echo
  echo "The paper reports 22 to 43 % fewer GPU hours for trees against independent samples of equal number. Trees differ from independent samples in what they sample, too; the rows of one kind differ in nothing but the computation."
} >>"$runs/page.md"
mv "$runs/page.md" "$page"
cp "$json" "$(dirname "$page")/savings.json"
echo "$page" >&2
