#!/usr/bin/env bash
# A standalone Spark cluster from this distribution, or from a clone with JDK and Maven; no other
# installation of Spark. docs/cluster.md tells the rest.
#
#   standalone.sh master [HOST]               runs the master of a cluster on this machine
#   standalone.sh worker spark://HOST:7077    runs a worker on this machine
#   standalone.sh demo [--set a.b=c]…         master and two workers here; trains chain-sums on them
#
# Environment: CORES and MEMORY of a worker (default: all cores; 1g in the demo, which gives each one core),
# PORT of the master (7077), WORK (folder of logs and of what executors need, default a temporary one).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
port=${PORT:-7077}
[ ! -x "$root/runtime/bin/java" ] || export JAVA_HOME=$root/runtime # executors take it, too
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

# Spark's worker starts executors with the jars of SPARK_HOME/jars: links to ours.
home() {
  WORK=${WORK:-$(mktemp -d "${TMPDIR:-/tmp}/treepo-cluster.XXXXXX")}
  export SPARK_HOME=$WORK/home SPARK_SCALA_VERSION=2.13 SPARK_NO_DAEMONIZE=1
  mkdir -p "$SPARK_HOME/jars" "$WORK/logs"
  local jars=()
  if [ -d "$root/lib" ]; then
    [ -d "$root/lib/spark" ] || { echo "standalone.sh: $root/lib/spark is missing; unpack the archive for clusters there" >&2; exit 1; }
    jars=("$root"/lib/*.jar "$root"/lib/spark/*.jar)
  else
    "$root/treepo" info --master 'local[1]' >/dev/null # builds with Spark
    local built
    built=$(sed -n 's/^jars=//p' "$root/spark/target/launcher.properties")
    IFS=: read -ra jars <"$built/libraries.txt"
    jars+=("$built"/*.jar)
  fi
  ln -sf "${jars[@]}" "$SPARK_HOME/jars"
}

daemon() { # CLASS ARGUMENT…
  exec "$java" -Xmx512m -cp "$SPARK_HOME/jars/*" "$@"
}

case ${1:-} in
  master)
    home
    host=${2:-$(hostname -f)}
    SPARK_LOCAL_IP=$host daemon org.apache.spark.deploy.master.Master --host "$host" --port "$port" --webui-port 8080
    ;;
  worker)
    home
    daemon org.apache.spark.deploy.worker.Worker ${CORES:+--cores "$CORES"} ${MEMORY:+--memory "$MEMORY"} \
      --work-dir "$WORK/work" "${2:?expected the address of the master, spark://HOST:7077}"
    ;;
  demo)
    shift
    home
    export SPARK_LOCAL_IP=127.0.0.1
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "standalone.sh: port $port is taken; PORT=… names another" >&2
      exit 1
    fi
    started=()
    stop() {
      for process in ${started[@]+"${started[@]}"}; do kill "$process" 2>/dev/null || true; done
      wait
    }
    trap stop EXIT
    (daemon org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$port" --webui-port 0) >"$WORK/logs/master.log" 2>&1 &
    started+=($!)
    for worker in 1 2; do
      (daemon org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --cores "${CORES:-1}" --memory "${MEMORY:-1g}" \
        --webui-port 0 --work-dir "$WORK/work$worker" "spark://127.0.0.1:$port") >"$WORK/logs/worker$worker.log" 2>&1 &
      started+=($!)
    done
    "$root/treepo" train "$root/examples/chain-sums/train.yaml" --master "spark://127.0.0.1:$port" \
      --set "output=$WORK/chain-sums" --set trainer.shards=4 --set trainer.steps=3 --set evaluation.maxTasks=32 "$@"
    echo "logs and the run are in $WORK" >&2
    ;;
  *)
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
