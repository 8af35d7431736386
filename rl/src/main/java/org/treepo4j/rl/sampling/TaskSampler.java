package org.treepo4j.rl.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.rl.data.Task;
import org.treepo4j.rl.reward.RewardBatch;
import org.treepo4j.rl.reward.RewardException;
import org.treepo4j.rl.reward.RewardInput;
import org.treepo4j.rl.reward.RewardRunner;
import org.treepo4j.rl.run.TrainingException;
import org.treepo4j.rollout.BranchingPolicy;
import org.treepo4j.rollout.RolloutBatch;
import org.treepo4j.rollout.RolloutProgress;
import org.treepo4j.rollout.RolloutPrompt;
import org.treepo4j.rollout.RolloutSettings;
import org.treepo4j.rollout.RolloutStatistics;
import org.treepo4j.rollout.RolloutTree;
import org.treepo4j.rollout.TokenText;
import org.treepo4j.rollout.Trajectory;
import org.treepo4j.rollout.TreeSampler;
import org.treepo4j.tokenizer.StreamingDecoder;
import org.treepo4j.tokenizer.Tokenizer;

/** Samples trees of answers to tasks and has every trajectory scored. */
public final class TaskSampler {
  private final TreeSampler sampler;
  private final PromptEncoder prompts;
  private final RewardRunner rewards;

  /**
   * What came of a list of tasks.
   *
   * @param trees by task; tasks whose tree has no trajectory are there, too
   * @param statistics of the sampling
   * @param rewards what came of their scoring
   */
  public record Sampled(
      List<ScoredTree> trees, RolloutStatistics statistics, RewardBatch.Counts rewards) {

    /** Of no task. */
    public static final Sampled NONE =
        new Sampled(List.of(), RolloutStatistics.NONE, RewardBatch.Counts.NONE);

    /** Both together, the tasks of this one first. */
    public Sampled plus(Sampled more) {
      List<ScoredTree> both = new ArrayList<>(trees);
      both.addAll(more.trees);
      return new Sampled(both, statistics.plus(more.statistics), rewards.plus(more.rewards));
    }

    /**
     * What to tell of rewards that failed; empty where none did.
     *
     * @param where begins the line: "step 3", "evaluation"
     */
    public Optional<String> failureNote(String where) {
      return rewards
          .firstFailure()
          .map(
              first ->
                  "%s: %d rewards threw or were late, the first: %s"
                      .formatted(where, rewards.failed(), first));
    }

    /**
     * Refuses to go on where every single reward failed: a wrong reward, not wrong answers.
     *
     * @param where begins the message
     * @throws TrainingException that tells the first failure
     */
    public void requireScores(String where) {
      int scores = trees.stream().mapToInt(tree -> tree.scores().size()).sum();
      if (rewards.failed() > 0 && rewards.failed() == scores) {
        throw new TrainingException(
            "%s: all %d rewards failed, the first: %s"
                .formatted(where, scores, rewards.firstFailure().orElseThrow()));
      }
    }
  }

  /**
   * @param eosTokenIds ids that end a response; those that the tokenizer names are added
   * @param maxPathTokens longest path of the model, prompt included
   */
  public TaskSampler(
      RolloutSettings settings,
      Tokenizer tokenizer,
      PromptEncoder prompts,
      List<Integer> eosTokenIds,
      int maxPathTokens,
      RewardRunner rewards) {
    this(
        new TreeSampler(
            settings,
            tokenText(tokenizer),
            tokenizer::hasToken,
            prompts.endTokens(eosTokenIds).stream().mapToInt(Integer::intValue).toArray(),
            maxPathTokens),
        prompts,
        rewards);
  }

  private TaskSampler(TreeSampler sampler, PromptEncoder prompts, RewardRunner rewards) {
    this.sampler = sampler;
    this.prompts = prompts;
    this.rewards = rewards;
  }

  /** A sampler with another branching policy than that of the settings. */
  public TaskSampler withBranching(BranchingPolicy policy) {
    return new TaskSampler(sampler.withBranching(policy), prompts, rewards);
  }

  /** As {@link TreeSampler#keepingExperts}. */
  public TaskSampler keepingExperts() {
    return new TaskSampler(sampler.keepingExperts(), prompts, rewards);
  }

  /** The text of responses without special tokens. */
  public static TokenText tokenText(Tokenizer tokenizer) {
    return () -> {
      StreamingDecoder decoder = tokenizer.streamingDecoder(false);
      return new TokenText.Stream() {
        @Override
        public String append(int token) {
          return decoder.append(token);
        }

        @Override
        public String finish() {
          return decoder.finish();
        }
      };
    };
  }

  /**
   * Samples one tree per task.
   *
   * @param step of training; 0 outside
   * @param trainingProgress share of training done, 0..1
   * @throws TrainingException if the scores cannot be trusted
   */
  public Sampled sample(
      BranchingDecoder decoder,
      List<Task> tasks,
      long seed,
      long step,
      double trainingProgress,
      RolloutProgress progress) {
    List<RolloutPrompt> encoded = new ArrayList<>();
    List<String> openings = new ArrayList<>();
    for (Task task : tasks) {
      openings.add(prompts.opening(task.prompt()));
      encoded.add(new RolloutPrompt(task.id(), prompts.encode(task.prompt())));
    }
    RolloutBatch batch = sampler.sample(decoder, encoded, seed, step, trainingProgress, progress);
    List<RewardInput> inputs = new ArrayList<>();
    for (int i = 0; i < tasks.size(); i++) {
      RolloutTree tree = batch.trees().get(i);
      for (int t = 0; t < tree.trajectories().size(); t++) {
        Trajectory trajectory = tree.trajectories().get(t);
        inputs.add(
            new RewardInput(
                tasks.get(i),
                batch.responses().get(i).get(t),
                tree.responseLength(trajectory),
                trajectory.finish(),
                openings.get(i)));
      }
    }
    RewardBatch scored = score(inputs);
    List<ScoredTree> trees = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < tasks.size(); i++) {
      RolloutTree tree = batch.trees().get(i);
      List<String> responses = batch.responses().get(i);
      int end = next + responses.size();
      trees.add(ScoredTree.of(tasks.get(i), tree, scored.scores().subList(next, end), responses));
      next = end;
    }
    return new Sampled(trees, batch.statistics(), scored.counts());
  }

  private RewardBatch score(List<RewardInput> inputs) {
    try {
      return rewards.run(inputs);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException("interrupted while rewards were given");
    } catch (RewardException e) {
      throw new TrainingException(e.getMessage());
    }
  }
}
