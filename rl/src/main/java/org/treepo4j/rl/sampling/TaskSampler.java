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
import org.treepo4j.rl.reward.Score;
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
  private final Tokenizer tokenizer;
  private final PromptEncoder prompts;
  private final RewardRunner rewards;

  /**
   * What came of a list of tasks.
   *
   * @param trees by task; tasks whose tree has no trajectory are there, too
   * @param statistics of the sampling
   * @param failedRewards rewards that threw or took too long
   * @param firstFailure what the first of them said
   * @param limitedAnswers answers the grader gave up on and counted as wrong
   * @param rewardSeconds wall-clock time of the scoring
   */
  public record Sampled(
      List<ScoredTree> trees,
      RolloutStatistics statistics,
      int failedRewards,
      Optional<String> firstFailure,
      int limitedAnswers,
      double rewardSeconds) {

    /** Of no task. */
    public static final Sampled NONE =
        new Sampled(List.of(), RolloutStatistics.NONE, 0, Optional.empty(), 0, 0);

    /** Both together, the tasks of this one first. */
    public Sampled plus(Sampled more) {
      List<ScoredTree> both = new ArrayList<>(trees);
      both.addAll(more.trees);
      return new Sampled(
          both,
          statistics.plus(more.statistics),
          failedRewards + more.failedRewards,
          firstFailure.or(more::firstFailure),
          limitedAnswers + more.limitedAnswers,
          rewardSeconds + more.rewardSeconds);
    }

    /**
     * What to tell of rewards that failed; empty where none did.
     *
     * @param where begins the line: "step 3", "evaluation"
     */
    public Optional<String> failureNote(String where) {
      return failedRewards == 0
          ? Optional.empty()
          : Optional.of(
              "%s: %d rewards threw or were late%s"
                  .formatted(
                      where,
                      failedRewards,
                      firstFailure.map(message -> ", the first: " + message).orElse("")));
    }

    /**
     * Refuses to go on where every single reward failed: a wrong reward, not wrong answers.
     *
     * @param where begins the message
     * @throws TrainingException that tells the first failure
     */
    public void requireScores(String where) {
      int scores = trees.stream().mapToInt(tree -> tree.scores().size()).sum();
      if (failedRewards > 0 && failedRewards == scores) {
        throw new TrainingException(
            "%s: all %d rewards failed, the first: %s"
                .formatted(where, scores, firstFailure.orElse("")));
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
        tokenizer,
        prompts,
        rewards);
  }

  private TaskSampler(
      TreeSampler sampler, Tokenizer tokenizer, PromptEncoder prompts, RewardRunner rewards) {
    this.sampler = sampler;
    this.tokenizer = tokenizer;
    this.prompts = prompts;
    this.rewards = rewards;
  }

  /** A sampler with another branching policy than that of the settings. */
  public TaskSampler withBranching(BranchingPolicy policy) {
    return new TaskSampler(sampler.withBranching(policy), tokenizer, prompts, rewards);
  }

  /** The text of responses without special tokens. */
  public static TokenText tokenText(Tokenizer tokenizer) {
    return () -> {
      StreamingDecoder decoder = tokenizer.streamingDecoder(false);
      return decoder::append;
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
    long began = System.nanoTime();
    List<RewardInput> inputs = new ArrayList<>();
    for (int i = 0; i < tasks.size(); i++) {
      RolloutTree tree = batch.trees().get(i);
      for (Trajectory trajectory : tree.trajectories()) {
        int[] response = tree.response(trajectory);
        inputs.add(
            new RewardInput(
                tasks.get(i),
                tokenizer.decode(response, false),
                response.length,
                trajectory.finish(),
                openings.get(i)));
      }
    }
    RewardBatch scored = score(inputs);
    List<ScoredTree> trees = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < tasks.size(); i++) {
      RolloutTree tree = batch.trees().get(i);
      int end = next + tree.trajectories().size();
      trees.add(
          scoredTree(
              tasks.get(i), tree, scored.scores().subList(next, end), inputs.subList(next, end)));
      next = end;
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    return new Sampled(
        trees,
        batch.statistics(),
        scored.failures() + scored.timeouts(),
        scored.firstFailure(),
        scored.limited(),
        seconds);
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

  private static ScoredTree scoredTree(
      Task task, RolloutTree tree, List<Score> scores, List<RewardInput> inputs) {
    List<Trajectory> rewarded = new ArrayList<>();
    for (int t = 0; t < scores.size(); t++) {
      rewarded.add(tree.trajectories().get(t).withReward(scores.get(t).value()));
    }
    return new ScoredTree(
        task,
        tree.withTrajectories(rewarded),
        scores,
        inputs.stream().map(RewardInput::response).toList());
  }
}
