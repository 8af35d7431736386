#!/usr/bin/env bash
# Which method learns with fewest tokens? TreePO, Tree-GRPO and TreeRL on trees, GRPO and the
# REINFORCE++ baseline on independent samples, at an equal budget of sampled tokens on three tasks.
#
#   experiments/a-tokens-to-accuracy.sh [TASK…]      chain-sums, countdown, ledger
#
# Writes docs/results/tokens-to-accuracy-TASK.md. About an hour on two quiet cores.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"
made="experiments/a-tokens-to-accuracy.sh"
[ $# -gt 0 ] || set -- chain-sums countdown ledger

for task in "$@"; do
  case $task in
    chain-sums) config=$root/examples/chain-sums/train.yaml tokens=${TOKENS:-300000} ;;
    countdown) config=$root/examples/countdown/train.yaml tokens=${TOKENS:-300000} ;;
    ledger)
      "$here/ledger/make.sh"
      config=$here/ledger/train.yaml tokens=${TOKENS:-500000}
      ;;
    *) echo "task must be chain-sums, countdown or ledger, was $task" >&2 && exit 2 ;;
  esac
  variants "$task" "$config" "$tokens" <<'V'
grpo|advantage.estimator=grpo rollout.kind=independent
treepo|advantage.estimator=treepo
reinforce++-baseline|advantage.estimator=reinforce++-baseline rollout.kind=independent
tree-grpo|advantage.estimator=tree-grpo
treerl|advantage.estimator=treerl
V
  page "$task" "tokens-to-accuracy-$task.md" "Tokens to accuracy: $task" \
    "\`grpo\` and \`reinforce++-baseline\` sample every response by itself, the others sample trees; each has its estimator, everything else is \`train.yaml\`. The budget is $tokens sampled tokens." \
    grpo treepo reinforce++-baseline tree-grpo treerl
done
