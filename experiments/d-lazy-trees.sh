#!/usr/bin/env bash
# Trees as the paper uses them, lazily forked, beside independent samples with and without a shared
# prompt, on ledger: the same estimator, so what differs is how responses are sampled and what is computed.
#
#   experiments/d-lazy-trees.sh
#
# Writes docs/results/lazy-trees.md. About half an hour on two quiet cores.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"
made="experiments/d-lazy-trees.sh"
tokens=${TOKENS:-300000}

"$here/ledger/make.sh"
variants lazy "$here/ledger/train.yaml" "$tokens" <<'V'
independent|rollout.kind=independent rollout.sharePrompt=false
independent, shared prompt|rollout.kind=independent
trees|rollout.kind=tree
trees from the root|rollout.kind=tree rollout.initialDivergence.lo=8 rollout.initialDivergence.hi=8 rollout.fallback.position=none
V
page lazy lazy-trees.md "Lazily forked trees beside independent samples" \
  "On \`ledger\` with $tokens sampled tokens and the estimator \`treepo\`. A tree samples a segment once for all responses below it (*sampled tokens*), and paths that drew the same tokens share a row of the decoder until they part (*computed tokens*). \`trees from the root\` begin all paths at the prompt and never branch again: independent samples, lazily forked." \
  independent "independent, shared prompt" trees "trees from the root"
