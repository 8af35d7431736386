#!/usr/bin/env bash
# What a step costs on two executors of one core each, beside the same step without Spark on two
# threads, with the same trainer.shards. Means over all steps but the first, in seconds.
#
#   measure.sh CONFIG.yaml [--set a.b=c]…
#
# Environment: MEMORY of an executor in MB (4096), RUNS (folder, default a temporary one).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
runs=${RUNS:-$(mktemp -d "${TMPDIR:-/tmp}/treepo-measure.XXXXXX")}
config=$(realpath "$1")
shift
cd "$runs" # Spark's workers write a folder here
"$root/treepo" train "$config" --set threads=2 --set "output=$runs/here" "$@" >/dev/null
"$root/treepo" train "$config" --set threads=1 --set "output=$runs/cluster" "$@" \
  --master "local-cluster[2,1,${MEMORY:-4096}]" >/dev/null

mean() { # RUN METRIC
  grep -o "\"$2\":[-0-9.eE]*" "$runs/$1/metrics.jsonl" | sed '1d;s/.*://' \
    | awk '{ sum += $1 } END { if (NR) printf "%.2f", sum / NR; else printf "-" }'
}
printf '%-40s %10s %10s\n' '' here cluster
for metric in seconds sampling_seconds scoring_seconds update_seconds; do
  printf '%-40s %10s %10s\n' "$metric" "$(mean here $metric)" "$(mean cluster $metric)"
done
for part in broadcast sampling sampling_slowest_task sampling_wait passes passes_slowest_task passes_wait transfer driver; do
  printf '%-40s %10s %10s\n' "cluster_${part}_seconds" '' "$(mean cluster "cluster_${part}_seconds")"
done
awk -v here="$(mean here seconds)" -v there="$(mean cluster seconds)" \
  'BEGIN { printf "a step on the cluster takes %.0f %% of one without\n", 100 * there / here }'
