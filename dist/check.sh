#!/usr/bin/env bash
# Tries a distribution as a stranger's machine would: dist/check.sh ARCHIVE.tar.gz
# Unpacked in a folder with spaces, made read-only, with an empty home, and no network where that can be had.
# With the archive for clusters beside it (-Pdist,spark), also on a cluster of this machine.
set -euo pipefail
archive=$(readlink -f "$1")
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir -p "$work/a folder with spaces" "$work/home" "$work/here"
tar -xzf "$archive" -C "$work/a folder with spaces"
root=$(echo "$work/a folder with spaces"/treepo4j-*)
cluster=$(find "$(dirname "$archive")" -maxdepth 1 -name 'treepo4j-spark-*.zip' -newer "$archive" | head -n 1)
[ -z "$cluster" ] || unzip -q "$cluster" -d "$root/lib"
chmod -R a-w "$root"
java_home=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}
[ -d "$root/runtime" ] && java_home=/none
offline=()
if unshare -rn true 2>/dev/null; then offline=(unshare -rn); fi

environment=() # besides
treepo() { # as somebody with nothing but Java
  (cd "$work/here" && env -i PATH=/usr/bin:/bin HOME="$work/home" JAVA_HOME="$java_home" ${TREEPO_CLASSPATH:+TREEPO_CLASSPATH="$TREEPO_CLASSPATH"} \
    "${environment[@]}" "${offline[@]}" "$root/treepo" "$@")
}
fail() { echo "check.sh: $*" >&2; exit 1; }

[ "$(treepo --version)" = "TreePO4J 0.1.0" ] || fail "--version"
answer=$(treepo generate --model "$root/examples/chain-sums/model" --prompt '1+2+3=' --temperature 0 --engine vector 2>/dev/null)
[ "$answer" = '1+2=3;3+3=6;\boxed{6}' ] || fail "generate said $answer"
treepo train "$root/examples/chain-sums/train.yaml" --quiet --set "output=$work/here/run" --set trainer.steps=1 --set trainer.promptsPerStep=2 \
  --set evaluation.maxTasks=2 2>"$work/log" | grep -q '"steps":1' || { cat "$work/log" >&2; fail train; }
if treepo generate --model "$root/examples/chain-sums/model" --prompt 1 --engine samediff >/dev/null 2>"$work/log"; then fail "samediff without ND4J"; fi
grep -v '^WARNING: Using incubator' "$work/log" >"$work/lines"
[ "$(wc -l <"$work/lines")" = 1 ] && grep -q 'engine: expected auto, cuda, vector, was samediff' "$work/lines" || { cat "$work/log" >&2; fail "samediff's line"; }

# What the environment of a shell may bring along changes no result, and the JVM's own words are none.
described=$(treepo info --json --model "$root/examples/chain-sums/model" 2>/dev/null)
for variable in LC_ALL=C LC_ALL=fa_IR.UTF-8 LC_ALL=tr_TR.UTF-8 TREEPO_JAVA_OPTS=-Xmx600m TREEPO_JAVA_OPTS=-XX:+UseSerialGC; do
  environment=("$variable")
  [ "$(treepo info --json --model "$root/examples/chain-sums/model" 2>/dev/null)" = "$described" ] || fail "info with $variable"
  name="$work/here/é中-${variable##*[=:+]}"
  treepo export --model "$root/examples/chain-sums/model" --out "$name" >/dev/null 2>&1 || true
  [ -f "$name/model.safetensors" ] || fail "$name with $variable"
done
environment=()
if (ulimit -n 40 && treepo info >/dev/null 2>"$work/log"); then fail "40 file handles"; fi
grep -q '160 files.*ulimit -n says 40' "$work/log" || { cat "$work/log" >&2; fail "40 file handles"; }

[ -z "$(find "$work/home" -type f)" ] || fail "wrote to the home folder: $(find "$work/home" -type f)"
ln -s "$root/treepo" "$work/link"
root_of_link=$("$work/link" --version) && [ "$root_of_link" = "TreePO4J 0.1.0" ] || fail "through a link"

if [ -n "$cluster" ]; then # a master, two workers, and a run on them
  (cd "$work/here" && env -i PATH=/usr/bin:/bin HOME="$work/home" JAVA_HOME="$java_home" WORK="$work/cluster" PORT=7177 \
    "$root/examples/cluster/standalone.sh" demo --set trainer.steps=1 2>"$work/log") | grep -q '"steps":1' || { cat "$work/log" >&2; fail "on a cluster"; }
  # and on a cluster whose Spark knows nothing of us
  mkdir -p "$work/spark/jars"
  ln -s "$root"/lib/*.jar "$root"/lib/spark/*.jar "$work/spark/jars"
  rm "$work"/spark/jars/treepo4j-*
  spark() {
    env -i PATH=/usr/bin:/bin HOME="$work/home" SPARK_HOME="$work/spark" SPARK_SCALA_VERSION=2.13 SPARK_LOCAL_IP=127.0.0.1 \
      "$(command -v "$java_home/bin/java" || command -v java)" -Xmx512m -cp "$work/spark/jars/*" "org.apache.spark.deploy.$@" --webui-port 0 >"$work/$1.log" 2>&1 &
  }
  spark master.Master --host 127.0.0.1 --port 7178
  spark worker.Worker --host 127.0.0.1 --work-dir "$work/executors" --cores 1 --memory 1g spark://127.0.0.1:7178
  treepo train "$root/examples/chain-sums/train.yaml" --master spark://127.0.0.1:7178 --set "output=$work/here/sent" --set trainer.steps=1 \
    --set trainer.promptsPerStep=2 --set evaluation.maxTasks=2 2>"$work/log" | grep -q '"steps":1' || { cat "$work/log" >&2; fail "on a cluster without our jars"; }
  kill %1 %2
  wait
fi

for jar in "$root"/lib/*.jar; do
  name=$(basename "$jar" .jar)
  case $name in treepo4j-*) continue ;; esac
  grep -q "${name%-[0-9]*}" "$root/licences/THIRD-PARTY.txt" || fail "no licence of $name"
done
megabytes=$(($(stat -c %s "$archive") / 1000000))
if [ ! -d "$root/runtime" ] && [ $megabytes -gt 40 ]; then fail "$megabytes MB, more than 40"; fi
echo "check.sh: $(basename "$archive") is well, $megabytes MB"
