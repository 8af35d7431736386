package org.treepo4j.rl.sampling;

import java.util.List;
import org.treepo4j.rl.data.Task;

/**
 * Samples trees of answers to tasks with the policy as it is, and has them scored: on this machine
 * or spread over others. A tree depends on the settings, the task, the run's seed and the stream
 * and on nothing else, so who samples it changes nothing.
 */
public interface GroupSampler {

  /** Begins to sample; to be closed before the policy changes. */
  Session open();

  /** Sampling with one state of the policy. */
  interface Session extends AutoCloseable {

    /**
     * Samples one tree per task.
     *
     * @param stream names the random streams together with the run's seed
     * @param progress share of training done, 0..1
     * @return trees by task
     * @throws org.treepo4j.rl.run.TrainingException if the scores cannot be trusted
     */
    TaskSampler.Sampled sample(List<Task> tasks, long stream, double progress);

    @Override
    void close();
  }
}
