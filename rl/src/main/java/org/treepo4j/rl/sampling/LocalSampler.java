package org.treepo4j.rl.sampling;

import java.util.List;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rollout.RolloutProgress;

/**
 * Samples on this machine.
 *
 * @param model the policy
 * @param sampler of trees
 * @param seed of the run
 */
public record LocalSampler(CausalLm model, TaskSampler sampler, long seed) implements GroupSampler {

  @Override
  public Session open() {
    return new OpenDecoder(model.decoder(DecoderOptions.defaults()));
  }

  /** All rounds of a session share a decoder. */
  private final class OpenDecoder implements Session {
    private final BranchingDecoder decoder;

    OpenDecoder(BranchingDecoder decoder) {
      this.decoder = decoder;
    }

    @Override
    public TaskSampler.Sampled sample(List<Task> tasks, long stream, double progress) {
      return sampler.sample(decoder, tasks, seed, stream, progress, RolloutProgress.SILENT);
    }

    @Override
    public void close() {
      decoder.close();
    }
  }
}
