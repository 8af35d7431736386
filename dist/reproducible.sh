#!/usr/bin/env bash
# Builds a commit twice, in two folders, and compares every jar, archive and bill of materials byte by byte.
#   dist/reproducible.sh [COMMIT]     (online: the bill of materials is not made offline)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
commit=${1:-HEAD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in one "another folder"; do
  mkdir "$work/$copy"
  git -C "$root" archive "$commit" | tar -x -C "$work/$copy"
  (cd "$work/$copy" && mvn -B -q -Pdist package -DskipTests -Dspotless.check.skip=true -pl dist -am)
  (cd "$work/$copy" && find . -path '*/target/*' \( -name 'treepo4j-*.jar' -o -name 'treepo4j-*.tar.gz' -o -name 'treepo4j-*.zip' -o -name sbom.json \) \
    -not -path '*/launch/*' -not -path '*/stage/lib/*' -print0 | sort -z | xargs -0 sha256sum) >"$work/${copy%% *}.sums"
done
diff "$work/one.sums" "$work/another.sums" || { echo "reproducible.sh: two builds of $commit differ" >&2; exit 1; }
echo "reproducible.sh: $(wc -l <"$work/one.sums") files of two builds are equal"
