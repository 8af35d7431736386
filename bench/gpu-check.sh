#!/usr/bin/env bash
# Everything about the engine "cuda" that only a real GPU can show, in at most six minutes and without a
# network. Two halves, because the machine with the GPU may have neither Maven nor Java:
#
#   bench/gpu-check.sh pack    where the project is built: puts a Java runtime, jars, tests and small models
#                              into target/gpu-check.tar.xz, less than 64 MiB
#   bench/gpu-check.sh         where the GPU is: device facts, all tests of engines/cuda on it (contract,
#                              reference values, kernels), rates of kernels, bench, sampling and a training
#                              run; JSON into the folder that OUT names (default target/gpu-check/out)
#
# Environment: SECONDS_EACH (of a bench figure, default 3), STEPS (of the training run, default 20), MOST
# (largest square product, default 8192). A part that fails is said so in summary.json; the others go on.
set -euo pipefail
export LC_ALL=C.UTF-8
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pack=$root/target/gpu-check
out=${OUT:-$pack/out}

pack() {
  local home lib=$pack/lib
  home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
  cd "$root"
  mvn -B -q ${TREEPO_MAVEN_ARGS:-} package dependency:build-classpath -DskipTests -Dspotless.check.skip=true \
    -Dmdep.includeScope=test -Dmdep.outputFile=target/tests.txt -pl cli,engines/cuda -am
  rm -rf "$pack"
  mkdir -p "$lib" "$pack/data"
  # ND4J, what it uses and its natives are half a gigabyte, and not what is checked.
  tr ':' '\n' <cli/target/dependencies.txt | grep -v -E 'nd4j|bytedeco|engine-samediff|oshi|threeten|flatbuffers|jna-platform|commons-(net|io|codec|compress|lang)' |
    xargs -I{} cp {} "$lib"
  cp cli/target/treepo4j-cli-*.jar engines/cuda/target/treepo4j-engine-cuda-*.jar "$lib"
  for module in test-support engines/contract rollout engines/cuda; do
    [ -d "$module/target/test-classes" ] && (cd "$module/target/test-classes" && jar -cf "$lib/tests-$(basename "$module").jar" .)
    ls "$module"/target/treepo4j-*.jar | xargs -I{} cp {} "$lib"
  done
  tr ':' '\n' <engines/cuda/target/tests.txt | grep '\.jar$' | grep -v -E '/treepo4j-|byte-buddy|parquet|aircompressor' | xargs -I{} cp -n {} "$lib"
  local data=${TREEPO_DATA:-$root/../shared/data}
  for folder in models stories260K; do
    [ -d "$data/$folder" ] && cp -rL "$data/$folder" "$pack/data"
  done
  rm -rf "$pack"/data/models/qwen3_5* # linear layers: the engine refuses them
  # Uncompressed, since xz does it better.
  "$home/bin/jlink" --strip-java-debug-attributes --no-header-files --no-man-pages --output "$pack/jre" \
    --add-modules java.base,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml,jdk.unsupported,jdk.incubator.vector,jdk.management,jdk.zipfs
  tar -C "$root/target" -cJf "$root/target/gpu-check.tar.xz" gpu-check
  ls -l "$root/target/gpu-check.tar.xz"
}

if [ "${1:-}" = pack ]; then
  pack
  exit
fi
[ -d "$pack" ] || tar -C "$root/target" -xJf "$root/target/gpu-check.tar.xz" || true
[ -x "$pack/jre/bin/java" ] || { echo "gpu-check: first run: bench/gpu-check.sh pack" >&2; exit 2; }
mkdir -p "$out"
java=("$pack/jre/bin/java" -Xmx16g --add-modules jdk.incubator.vector "-Dtreepo.root=$root" -cp "$pack/lib/*")
export TREEPO_DATA=$pack/data
parts=()

part() { # NAME LIMIT COMMAND…: its output into NAME.log, whether it went well into the summary
  local name=$1 limit=$2 begun=$SECONDS code=0
  shift 2
  timeout "$limit" "$@" >"$out/$name.log" 2>&1 || code=$?
  parts+=("{\"part\": \"$name\", \"exit\": $code, \"seconds\": $((SECONDS - begun))}")
  echo "$name: exit $code, $((SECONDS - begun)) s"
  [ $code -eq 0 ] || tail -n 25 "$out/$name.log"
}

nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem --format=csv >"$out/nvidia-smi.txt" 2>&1 || true
part info 30 "${java[@]}" org.treepo4j.cli.Main info
part tests 150 "${java[@]}" org.treepo4j.engines.cuda.TestRun org.treepo4j.engines.cuda "$out/tests.json"
part figures 60 "${java[@]}" org.treepo4j.engines.cuda.GpuFigures "$out/figures.jsonl" "${MOST:-8192}"
each=${SECONDS_EACH:-3}
part bench 60 bash -c '"$@" >"$0"' "$out/bench.json" "${java[@]}" org.treepo4j.cli.Main bench --engine cuda --shape medium,qwen2.5-0.5b --seconds "$each"
part trees 30 bash -c '"$@" >"$0"' "$out/trees.json" "${java[@]}" org.treepo4j.cli.Main bench --engine cuda --forking --shape medium --seconds "$each"
part train 60 "${java[@]}" org.treepo4j.cli.Main train "$root/examples/chain-sums/train.yaml" --set engine=cuda \
  --set "trainer.steps=${STEPS:-20}" --set "output=$pack/run"
cp "$pack/run/metrics.jsonl" "$out/train.jsonl" 2>/dev/null || true
(IFS=,; printf '{"parts": [%s]}\n' "${parts[*]}") >"$out/summary.json"
# What comes back is few files.
(cd "$out" && tar -czf logs.tar.gz ./*.log nvidia-smi.txt && rm -f ./*.log nvidia-smi.txt)
cat "$out/summary.json"
