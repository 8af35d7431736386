#!/usr/bin/env bash
# Builds this project against the jars of the clone it lies in, offline.
#
#   examples/laws-kit/run.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
mvn -B -q ${TREEPO_MAVEN_ARGS:-} -pl laws -am package -DskipTests -Dspotless.check.skip=true

# A local repository: links to the user's own, and the jars and poms that were just built, which so
# never get into it.
own=${MAVEN_REPOSITORY:-$HOME/.m2/repository}
repository=$here/target/repository
group=$repository/org/treepo4j
rm -rf "$here/target"
mkdir -p "$group"
find "$own" -mindepth 1 -maxdepth 1 ! -name org -exec ln -s {} "$repository/" \;
find "$own/org" -mindepth 1 -maxdepth 1 ! -name treepo4j -exec ln -s {} "$repository/org/" \;
place() { # POM JAR
  local artifact version
  artifact=$(sed -n '/<\/parent>/,$p' "$1" | sed -n 's/^  <artifactId>\(.*\)<\/artifactId>/\1/p' | head -n 1)
  [ -n "$artifact" ] || artifact=treepo4j
  version=0.1.0-SNAPSHOT
  mkdir -p "$group/$artifact/$version"
  cp "$1" "$group/$artifact/$version/$artifact-$version.pom"
  [ -z "${2:-}" ] || cp "$2" "$group/$artifact/$version/$artifact-$version.jar"
}
place "$root/pom.xml"
for jar in "$root"/*/target/treepo4j-*.jar "$root"/*/*/target/treepo4j-*.jar; do
  case $jar in *-sources.jar | *-javadoc.jar | *-tests.jar) continue ;; esac
  place "$(dirname "$(dirname "$jar")")/pom.xml" "$jar"
done
cd "$here"
mvn -B -q -o "-Dmaven.repo.local=$repository" test
echo "the laws hold" >&2
