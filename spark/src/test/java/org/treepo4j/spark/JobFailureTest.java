package org.treepo4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What Spark says, as people should read it. */
class JobFailureTest {
  private static final String ABORTED =
      "Job aborted due to stage failure: Task 0 in stage 3.0 failed 4 times, most recent failure:"
          + " Lost task 0.3 in stage 3.0 (TID 33) (10.0.0.7 executor 5): ";

  @Test
  void aLostExecutorIsNamedWithItsMachineAndWhatItSaid() {
    assertThat(
            JobFailure.of(
                new RuntimeException(
                    ABORTED
                        + "ExecutorLostFailure (executor 5 exited caused by one of the running"
                        + " tasks) Reason: Remote RPC client disassociated.\nDriver stacktrace:")))
        .isEqualTo(
            "executor 5 on 10.0.0.7 failed last, after 4 tries: ExecutorLostFailure (executor 5"
                + " exited caused by one of the running tasks) Reason: Remote RPC client"
                + " disassociated.");
  }

  @Test
  void memoryThatRanOutIsToldWithWhatHelps() {
    assertThat(
            JobFailure.of(
                new RuntimeException(
                    ABORTED
                        + "ExecutorLostFailure (executor 5 exited caused by one of the running"
                        + " tasks) Reason: Command exited with code 52")))
        .contains("executor 5 on 10.0.0.7", "out of memory; raise spark.executor.memory");
    assertThat(
            JobFailure.of(
                new RuntimeException(
                    ABORTED + "java.lang.OutOfMemoryError: Java heap space\n\tat a.b.C")))
        .contains("out of memory", "Java heap space");
  }

  @Test
  void aKillIsToldApart() {
    assertThat(
            JobFailure.of(new RuntimeException(ABORTED + "Reason: Command exited with code 137")))
        .contains("it was killed, perhaps by its machine");
  }

  @Test
  void whateverElseIsItsFirstLine() {
    assertThat(JobFailure.of(new IllegalStateException("no more\nat x"))).isEqualTo("no more");
    assertThat(JobFailure.of(new IllegalStateException()))
        .isEqualTo("java.lang.IllegalStateException");
  }
}
