#!/usr/bin/env bash
# Makes a release of HEAD in a folder of its own: jars, sources, javadoc, bills of materials and signatures in a Maven
# repository, and the archives. Nothing is sent anywhere.
#   dist/release.sh VERSION FOLDER             signs with your GnuPG key
#   dist/release.sh --dry-run VERSION FOLDER   signs with a key made for it and thrown away
set -euo pipefail
dry=
if [ "${1:-}" = --dry-run ]; then dry=yes; shift; fi
[ $# = 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
version=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "$dry" ]; then
  export GNUPGHOME=$work/gnupg
  mkdir -m 700 "$GNUPGHOME"
  gpg --batch --quiet --passphrase '' --quick-generate-key 'Dry run <dry-run@example.invalid>' default default never
fi
mkdir "$work/source"
git -C "$root" archive HEAD | tar -x -C "$work/source"
cd "$work/source"
old=$(sed -n 's:^  <version>\(.*\)</version>:\1:p' pom.xml | head -n 1)
grep -rl --include=pom.xml "<version>$old</version>" . | xargs sed -i "s:<version>$old</version>:<version>$version</version>:"
mvn -B -q -Prelease,dist deploy -DskipTests -Dspotless.check.skip=true "-DaltDeploymentRepository=local::file://$out/repository" ${MAVEN_ARGS:-}
cp dist/target/treepo4j-"$version"*.tar.gz dist/target/treepo4j-"$version"*.zip "$out"
cp dist/target/stage/sbom.json "$out/treepo4j-$version-sbom.json"
(cd "$out" && sha256sum ./*.tar.gz ./*.zip ./*.json >SHA256SUMS && gpg --batch --yes --armor --detach-sign SHA256SUMS)

cli=$out/repository/org/treepo4j/treepo4j-rl/$version/treepo4j-rl-$version
for kind in .jar -sources.jar -javadoc.jar .pom -cyclonedx.json; do
  [ -s "$cli$kind" ] || { echo "release.sh: $cli$kind is missing" >&2; exit 1; }
  gpg --quiet --verify "$cli$kind.asc" "$cli$kind" 2>/dev/null || { echo "release.sh: $cli$kind is not signed" >&2; exit 1; }
done
echo "release.sh: $version is in $out"
