#!/usr/bin/env bash
# Off-policy training on chain-sums: 1, 4 and 16 updates per batch, and sampling with bf16 weights
# with and without rollout correction.
#
#   experiments/c-off-policy.sh
#
# Writes docs/results/off-policy-*.md. About a quarter of an hour on two quiet cores.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"
made="experiments/c-off-policy.sh"
tokens=${TOKENS:-200000}

variants off-policy "$root/examples/chain-sums/train.yaml" "$tokens" <<'V'
1 update|trainer.miniBatchPrompts=32
4 updates|trainer.miniBatchPrompts=8
16 updates|trainer.miniBatchPrompts=2
bf16, corrected|weights=bf16 loss.rolloutCorrection=truncate
bf16, not corrected|weights=bf16 loss.rolloutCorrection=none
V

page off-policy off-policy-updates.md "Updates per batch" \
  "On \`chain-sums\` with $tokens sampled tokens: a batch of 32 trees in 1, 4 or 16 updates, each by AdamW with the same learning rate, so that 16 updates also move the policy further." \
  "1 update" "4 updates" "16 updates"
page off-policy off-policy-bf16.md "Sampling with bf16 weights" \
  "On \`chain-sums\` with $tokens sampled tokens: \`1 update\` samples with the f32 weights it trains, the others with weights rounded to bf16, with and without \`loss.rolloutCorrection\`." \
  "1 update" "bf16, corrected" "bf16, not corrected"
