#!/usr/bin/env bash
# Breaks each law's subject in three ways, lists the laws that notice in docs/testing.md, and fails
# when a broken part passes all of them. Takes a minute or two.
#
#   laws/mutations.sh
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
page=$root/docs/testing.md
table=$root/laws/target/mutations.md
cd "$root"
rm -f "$table"
mvn -B -q ${TREEPO_MAVEN_ARGS:-} -pl laws -am test -Dtest=MutationTest \
  -Dsurefire.failIfNoSpecifiedTests=false -Dspotless.check.skip=true
{
  sed '/<!-- mutations -->/q' "$page"
  cat "$table"
  sed -n '/<!-- end of mutations -->/,$p' "$page"
} >"$page.new"
mv "$page.new" "$page"
grep -c '^| ' "$table" | xargs -I{} echo "{} lines of docs/testing.md" >&2
