package org.treepo4j.spark;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.treepo4j.base.InputException;
import org.treepo4j.base.settings.SettingsException;
import org.treepo4j.model.EngineUnavailableException;
import org.treepo4j.rl.run.TrainingException;
import org.treepo4j.rollout.RolloutException;

/**
 * What came of a task. A failure that would come again anywhere travels as its message, so that
 * Spark does not try it again elsewhere; whatever else is thrown is Spark's to retry.
 *
 * @param value what was computed; null where it failed
 * @param failure who is to throw it, null where it did not fail
 * @param message one line
 * @param executor that computed it
 * @param loading nanoseconds until model and weights were there
 * @param computing nanoseconds of the work itself
 */
record TaskOutcome<T>(
    T value, Failure failure, String message, String executor, long loading, long computing)
    implements Serializable {

  /** Whose fault it is. */
  enum Failure {
    INPUT,
    SAMPLING,
    TRAINING
  }

  /** Finds the model. */
  @FunctionalInterface
  interface Loading<M> {
    M load() throws Exception;
  }

  /** Computes with it. */
  @FunctionalInterface
  interface Computing<M, T> {
    T compute(M model);
  }

  static <M, T> TaskOutcome<T> of(Loading<M> loading, Computing<M, T> computing) throws Exception {
    long began = System.nanoTime();
    String executor = SparkEnv.get().executorId();
    long loaded = began;
    try {
      M model = loading.load();
      loaded = System.nanoTime();
      T value = computing.compute(model);
      return new TaskOutcome<>(
          value, null, "", executor, loaded - began, System.nanoTime() - loaded);
    } catch (TrainingException e) {
      return failed(Failure.TRAINING, e, executor);
    } catch (RolloutException e) {
      return failed(Failure.SAMPLING, e, executor);
    } catch (InputException | SettingsException | EngineUnavailableException e) {
      return failed(Failure.INPUT, e, executor);
    }
  }

  private static <T> TaskOutcome<T> failed(Failure failure, Exception e, String executor) {
    return new TaskOutcome<>(null, failure, String.valueOf(e.getMessage()), executor, 0, 0);
  }

  /** Throws the first failure there is, as it would have been thrown here. */
  static <T> void requireDone(List<TaskOutcome<T>> outcomes) {
    for (TaskOutcome<T> outcome : outcomes) {
      if (outcome.failure != null) {
        switch (outcome.failure) {
          case INPUT -> throw new InputException(outcome.message);
          case SAMPLING -> throw new RolloutException(outcome.message, null);
          case TRAINING -> throw new TrainingException(outcome.message);
        }
      }
    }
  }
}
