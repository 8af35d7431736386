package org.treepo4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.resource.TaskResourceProfile;
import org.apache.spark.resource.TaskResourceRequests;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.status.api.v1.ExecutorSummary;
import org.treepo4j.base.InputException;
import org.treepo4j.rl.cluster.Cluster;
import org.treepo4j.rl.run.TrainingException;
import org.treepo4j.rl.train.Backend;
import scala.jdk.javaapi.CollectionConverters;

/** An application of ours on a cluster that Spark manages. */
final class SparkCluster implements Cluster {
  /** Seconds without any executor until a job is given up. */
  private static final int PATIENCE_SECONDS = 120;

  /** Milliseconds in which no executor was added, after which those there are taken for all. */
  private static final int SETTLED_MILLIS = 3000;

  private static final int ROUNDS_OF_HANDSHAKE = 20;

  /**
   * What executors say that lack our classes; of a lambda, that it is none of the expected type.
   */
  private static final Pattern MISSING_CLASSES =
      Pattern.compile("ClassNotFoundException|NoClassDefFoundError|SerializedLambda");

  private final JavaSparkContext context;
  private final Consumer<String> notes;
  private final List<WorkerFacts> workers = new ArrayList<>();

  /** Told by Spark's threads, passed on by ours. */
  private final Queue<String> losses = new ConcurrentLinkedQueue<>();

  private volatile boolean closing;

  private SparkCluster(JavaSparkContext context, Consumer<String> notes) {
    this.context = context;
    this.notes = notes;
    context
        .sc()
        .addSparkListener(
            new SparkListener() {
              @Override
              public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
                if (!closing) {
                  losses.add(
                      "executor %s was lost (%s); its work goes to others, and to its successor"
                          .formatted(removed.executorId(), JobFailure.firstLine(removed.reason())));
                }
              }
            });
  }

  static SparkCluster connect(
      String master, Map<String, String> properties, Consumer<String> notes) {
    quiet();
    SparkConf conf = SparkProperties.of(master, properties);
    StandaloneMaster.require(master);
    JavaSparkContext context;
    try {
      context = new JavaSparkContext(conf);
    } catch (Exception e) { // Scala does not declare what it throws
      throw new InputException(
          "--master %s: cannot be used: %s".formatted(master, JobFailure.oneLine(e)));
    }
    SparkCluster cluster = new SparkCluster(context, notes);
    try {
      cluster.awaitExecutors();
      cluster.handshake();
      return cluster;
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  /**
   * Spark says much that is of no use to people who train, with all frames and for every executor
   * that ends after a signal; what they must know we tell. With {@code --verbose} it speaks.
   */
  private static void quiet() {
    for (String logger :
        new String[] {"org.apache.spark", "org.apache.hadoop", "org.sparkproject"}) {
      String property = "org.slf4j.simpleLogger.log." + logger;
      boolean wanted = "info".equals(System.getProperty("org.slf4j.simpleLogger.defaultLogLevel"));
      if (!wanted && System.getProperty(property) == null) {
        System.setProperty(property, "off");
      }
    }
  }

  /**
   * The items as a job's input, one partition each. A task takes all cores of its executor, for the
   * model there is used by one at a time.
   */
  <T> JavaRDD<T> each(List<T> items) {
    JavaRDD<T> input = context.parallelize(items, items.size());
    int cores = cores();
    return cores == context.getConf().getInt(SparkProperties.TASK_CPUS, 1)
        ? input
        : input.withResources(
            new TaskResourceProfile(new TaskResourceRequests().cpus(cores).requests()));
  }

  /** Cores of an executor, of the smallest where they differ. */
  int cores() {
    boolean here = SparkProperties.inThisJvm(context.getConf());
    return here
        ? context.getConf().getInt(SparkProperties.TASK_CPUS, 1)
        : executors().stream().mapToInt(ExecutorSummary::totalCores).min().orElse(1);
  }

  JavaSparkContext context() {
    return context;
  }

  void note(String line) {
    notes.accept(line);
  }

  /** Executors that can be given tasks. */
  List<ExecutorSummary> executors() {
    boolean here = SparkProperties.inThisJvm(context.getConf());
    return CollectionConverters.asJava(context.sc().statusStore().executorList(true)).stream()
        .filter(executor -> here == executor.id().equals("driver"))
        .toList();
  }

  private void awaitExecutors() {
    int expected = SparkProperties.expectedExecutors(context.getConf());
    long began = System.nanoTime();
    long changed = began;
    int before = 0;
    while (true) {
      int now = executors().size();
      if (now != before) {
        before = now;
        changed = System.nanoTime();
      }
      boolean here = SparkProperties.inThisJvm(context.getConf());
      boolean settled = millisSince(changed) > SETTLED_MILLIS;
      if (now > 0 && (here || expected > 0 ? now >= Math.max(1, expected) : settled)) {
        return;
      }
      if (context.sc().isStopped()) {
        throw new InputException(
            "--master %s: does not answer, or gave up since executors ended as they started (what they said stands in the folder work of the workers)"
                .formatted(context.getConf().get("spark.master")));
      }
      if (millisSince(began) > 1000L * PATIENCE_SECONDS) {
        if (now > 0) {
          notes.accept("%d executors of %d came; going on with them".formatted(now, expected));
          return;
        }
        throw new InputException(
            "--master %s: no executor came within %d s; are there workers with so many free cores and so much memory (spark.executor.cores, spark.executor.memory)? One that ended as it started said why in work/app-…/N/stderr of its worker; --verbose shows what Spark says"
                .formatted(context.getConf().get("spark.master"), PATIENCE_SECONDS));
      }
      pause(50);
    }
  }

  /** Asks every executor what it is, until all have answered. */
  private void handshake() {
    Map<String, WorkerFacts> answers = new TreeMap<>();
    List<String> ids = executors().stream().map(ExecutorSummary::id).toList();
    boolean sentJars = false;
    for (int round = 0; round < ROUNDS_OF_HANDSHAKE && !answers.keySet().containsAll(ids); ) {
      List<Integer> places = IntStream.range(0, 2 * ids.size()).boxed().toList();
      JavaRDD<WorkerFacts> facts =
          context
              .parallelize(places, places.size())
              .map(
                  place -> {
                    Thread.sleep(50); // so that others take the next one
                    return WorkerFacts.ofThisJvm();
                  });
      try {
        collect("handshake", facts).forEach(fact -> answers.put(fact.executor(), fact));
        round++;
      } catch (TrainingException e) {
        if (sentJars || !MISSING_CLASSES.matcher(e.getMessage()).find()) {
          throw new InputException(e.getMessage());
        }
        SparkProperties.jarsToSend(System.getProperty("java.class.path")).forEach(context::addJar);
        sentJars = true;
      }
    }
    workers.clear();
    workers.addAll(answers.values());
    if (workers.isEmpty()) {
      throw new InputException("no executor answered the handshake");
    }
  }

  /** What the executors say of themselves; asked again where others have come since. */
  List<WorkerFacts> workers() {
    List<String> known = workers.stream().map(WorkerFacts::executor).toList();
    if (!known.containsAll(executors().stream().map(ExecutorSummary::id).toList())) {
      handshake();
    }
    return workers;
  }

  /**
   * Runs a job.
   *
   * @param name of the job in messages and in Spark's pages
   * @return the elements in the order of the partitions
   * @throws TrainingException for a job that cannot go on, naming the executor and what it said
   */
  <T> List<T> collect(String name, JavaRDD<T> work) {
    context.setJobDescription(name);
    JavaFutureAction<List<T>> job = work.collectAsync();
    long lastSeen = System.nanoTime();
    try {
      while (true) {
        try {
          return job.get(1, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
          tellLosses();
          if (!executors().isEmpty()) {
            lastSeen = System.nanoTime();
          } else if (millisSince(lastSeen) > 1000L * PATIENCE_SECONDS) {
            job.cancel(true);
            throw new TrainingException(
                "%s: every executor is lost, and none came back within %d s"
                    .formatted(name, PATIENCE_SECONDS));
          }
        }
      }
    } catch (InterruptedException e) {
      job.cancel(true);
      Thread.currentThread().interrupt();
      throw new TrainingException("interrupted while the cluster computed");
    } catch (ExecutionException e) {
      throw new TrainingException(name + ": " + JobFailure.of(e.getCause()));
    } finally {
      tellLosses();
    }
  }

  private void tellLosses() {
    for (String loss = losses.poll(); loss != null; loss = losses.poll()) {
      notes.accept(loss);
    }
  }

  @Override
  public Backend backend(Run run) throws IOException {
    return SparkBackend.open(this, run);
  }

  @Override
  public Map<String, Object> report() {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("master", context.getConf().get("spark.master"));
    report.put("driver", WorkerFacts.ofThisJvm().toMap());
    Map<String, ExecutorSummary> summaries = new TreeMap<>();
    executors().forEach(executor -> summaries.put(executor.id(), executor));
    List<Map<String, Object>> rows = new ArrayList<>();
    for (WorkerFacts worker : workers()) {
      Map<String, Object> row = worker.toMap();
      ExecutorSummary summary = summaries.get(worker.executor());
      if (summary != null) {
        row.put("cores", summary.totalCores());
      }
      rows.add(row);
    }
    report.put("executors", rows);
    return report;
  }

  @Override
  public void close() {
    closing = true;
    context.close();
    try {
      ResidentModel.leave(); // where this JVM was the executor
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long millisSince(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InputException("interrupted while waiting for executors");
    }
  }
}
