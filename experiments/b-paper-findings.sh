#!/usr/bin/env bash
# The findings of the TreePO paper one by one, on chain-sums: advantages, allotment, initial
# divergence, segment length × depth, fallback.
#
#   experiments/b-paper-findings.sh
#
# Writes docs/results/paper-*.md. About half an hour on two quiet cores.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"
made="experiments/b-paper-findings.sh"
tokens=${TOKENS:-200000}

variants paper "$root/examples/chain-sums/train.yaml" "$tokens" <<'V'
treepo|advantage.weighting=average
size-weighted|advantage.weighting=group_size
rejection|advantage.subgroupRejection=true
size-weighted, rejection|advantage.weighting=group_size advantage.subgroupRejection=true
low probability first|rollout.allotment.policy=node_uncertain_first
high probability first|rollout.allotment.policy=node_confident_first
divergence 2|rollout.initialDivergence.hi=2
divergence 2–4|rollout.initialDivergence.hi=4
4 × 18|rollout.segmentLength=4 rollout.maxDepth=18
24 × 3|rollout.segmentLength=24 rollout.maxDepth=3
no fallback|rollout.fallback.position=none
V

common="On \`chain-sums\` with $tokens sampled tokens; \`treepo\` is \`examples/chain-sums/train.yaml\` and the same runs on every page of this experiment."
page paper paper-weighting.md "Plain average or weighted by size; rejection of sub-groups" \
  "$common The paper prefers the plain average over depths and keeps sub-groups whose rewards are all equal." \
  treepo size-weighted rejection "size-weighted, rejection"
page paper paper-allotment.md "Which paths get the children" \
  "$common \`treepo\` shares children evenly; the paper reports that low-probability-first hurts." \
  treepo "low probability first" "high probability first"
page paper paper-divergence.md "Initial divergence" \
  "$common \`treepo\` draws the number of first paths from 2–8, the others from less." \
  treepo "divergence 2" "divergence 2–4"
page paper paper-segments.md "Segment length × depth at a constant budget" \
  "$common Every response has at most 72 tokens: 9 segments of 8 in \`treepo\`, 18 of 4 and 3 of 24 in the others." \
  treepo "4 × 18" "24 × 3"
page paper paper-fallback.md "Fallback on and off" \
  "$common Without fallback a tree whose paths have all ended stays as small as it is." \
  treepo "no fallback"
