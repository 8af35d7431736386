package org.treepo4j.rollout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Builders;
import net.jqwik.api.Combinators;
import org.treepo4j.rollout.AllotmentSettings.TemperatureSchedule;
import org.treepo4j.rollout.BudgetSettings.BudgetControl;
import org.treepo4j.rollout.RolloutSettings.AnswerPolicy;
import org.treepo4j.rollout.RolloutSettings.DivergenceRange;
import org.treepo4j.rollout.RolloutSettings.RepetitionPolicy;
import org.treepo4j.rollout.RolloutSettings.RolloutKind;
import org.treepo4j.rollout.RolloutSettings.TotalBudget;

/**
 * Settings, a made-up model and prompts, from which everything about a rollout follows.
 *
 * @param kind of the model
 * @param spread of its logits: the larger, the more often paths draw the same token
 * @param modelSeed of its logits
 * @param prompts how many
 * @param seed of the rollout
 */
record RolloutCase(
    Settings settings, Kind kind, double spread, long modelSeed, int prompts, long seed) {

  enum Kind {
    MARKOV,
    NEVER_ENDING,
    REPEATING,
    ENDING
  }

  /** Token 0 ends; 7 is not in the vocabulary of the tokenizer. */
  static final int EOS = 0;

  static final int UNKNOWN = 7;
  private static final List<String> TEXTS =
      List.of("", "a", "b", "\\boxed", "{", "}", "ab", "never said");
  static final TokenText TEXT = () -> TEXTS::get;

  static String text(int[] tokens) {
    StringBuilder text = new StringBuilder();
    Arrays.stream(tokens).forEach(token -> text.append(TEXTS.get(token)));
    return text.toString();
  }

  FakeModel model() {
    FakeModel markov = FakeModel.randomMarkov(TEXTS.size(), spread, modelSeed);
    return switch (kind) {
      case MARKOV -> markov;
      case NEVER_ENDING -> markov.without(EOS);
      case REPEATING -> FakeModel.repeating(TEXTS.size(), 1);
      case ENDING -> FakeModel.repeating(TEXTS.size(), EOS);
    };
  }

  /** Prompts that often begin alike; one may be the beginning of another. */
  List<RolloutPrompt> promptList() {
    Random random = new Random(modelSeed);
    int[] beginning = tokens(random.nextBoolean() ? 0 : random.nextInt(25), random);
    List<RolloutPrompt> list = new ArrayList<>();
    for (int i = 0; i < prompts; i++) {
      boolean another = i > 0 && random.nextInt(4) == 0;
      int[] begin = another ? list.get(random.nextInt(i)).tokens() : beginning;
      int[] rest = tokens(another ? random.nextInt(3) : 1 + random.nextInt(4), random);
      int[] tokens = IntStream.concat(Arrays.stream(begin), Arrays.stream(rest)).toArray();
      list.add(new RolloutPrompt("prompt-" + i, tokens));
    }
    return list;
  }

  private static int[] tokens(int length, Random random) {
    return random.ints(length, 0, TEXTS.size()).toArray();
  }

  /** The same by the reference that shares nothing. */
  List<RolloutTree> sampleEagerly() {
    return new EagerSampler(
            settings.build(), TEXT, id -> id != UNKNOWN, new int[] {EOS}, Integer.MAX_VALUE)
        .sample(new FakeDecoder(model()), promptList(), seed, 3, 0.5);
  }

  RolloutBatch sample(FakeDecoder decoder) {
    return sample(decoder, promptList());
  }

  RolloutBatch sample(FakeDecoder decoder, List<RolloutPrompt> chosen) {
    return sampler().sample(decoder, chosen, seed, 3, 0.5);
  }

  /** The same trees with the experts of their tokens. */
  RolloutBatch sampleKeepingExperts() {
    return sampler().keepingExperts().sample(new FakeDecoder(model()), promptList(), seed, 3, 0.5);
  }

  private TreeSampler sampler() {
    return new TreeSampler(
        settings.build(), TEXT, id -> id != UNKNOWN, new int[] {EOS}, Integer.MAX_VALUE);
  }

  @Override
  public String toString() {
    return kind
        + " "
        + spread
        + " "
        + modelSeed
        + ", prompts "
        + prompts
        + ", seed "
        + seed
        + ", "
        + settings.build();
  }

  static Arbitrary<RolloutCase> any() {
    return Combinators.combine(
            anySettings(),
            Arbitraries.of(
                Kind.MARKOV, Kind.MARKOV, Kind.NEVER_ENDING, Kind.REPEATING, Kind.ENDING),
            Arbitraries.of(0.5, 1.5, 3.0, 6.0),
            Arbitraries.longs().between(0, 1_000_000),
            Arbitraries.integers().between(1, 4),
            Arbitraries.longs())
        .as(RolloutCase::new);
  }

  private static Arbitrary<Settings> anySettings() {
    return Builders.withBuilder(Settings::new)
        .use(
            Arbitraries.of(
                RolloutKind.TREE, RolloutKind.TREE, RolloutKind.TREE, RolloutKind.INDEPENDENT))
        .inSetter((s, v) -> s.kind = v)
        .use(Arbitraries.integers().between(1, 12))
        .inSetter((s, v) -> s.maxWidth = v)
        .use(Arbitraries.integers().between(1, 6))
        .inSetter((s, v) -> s.segmentLength = v)
        .use(Arbitraries.integers().between(1, 6))
        .inSetter((s, v) -> s.maxDepth = v)
        .use(Arbitraries.integers().between(1, 30))
        .inSetter((s, v) -> s.maxResponseTokens = v)
        .use(Arbitraries.integers().between(0, 12))
        .inSetter((s, v) -> s.minTrajectoryTokens = Math.max(0, v - 9))
        .use(Arbitraries.integers().between(1, 4))
        .inSetter((s, v) -> s.branching = v)
        .use(ranges())
        .inSetter((s, v) -> s.initialDivergence = v)
        .use(budgets())
        .inSetter((s, v) -> s.budget = v)
        .use(Arbitraries.of(TotalBudget.class))
        .inSetter((s, v) -> s.totalBudget = v)
        .use(Arbitraries.longs().between(1, 300))
        .inSetter((s, v) -> s.maxResponseTokensPerPrompt = v)
        .use(allotments())
        .inSetter((s, v) -> s.allotment = v)
        .use(fallbacks())
        .inSetter((s, v) -> s.fallback = v)
        .use(Arbitraries.of(AnswerPolicy.class))
        .inSetter((s, v) -> s.answerPolicy = v)
        .use(Arbitraries.of(RepetitionPolicy.class))
        .inSetter((s, v) -> s.repetitionPolicy = v)
        .use(Arbitraries.of(0, 0.5, 1, 1, 2))
        .inSetter((s, v) -> s.temperature = v.doubleValue())
        .use(Arbitraries.of(0, 0, 1, 3, 100))
        .inSetter((s, v) -> s.topK = v)
        .use(Arbitraries.of(1, 1, 0.9, 0.3))
        .inSetter((s, v) -> s.topP = v.doubleValue())
        .use(Arbitraries.of(0, 0, 0.05, 0.5))
        .inSetter((s, v) -> s.minP = v.doubleValue())
        .use(Arbitraries.of(List.<Integer>of(), List.of(6)))
        .inSetter((s, v) -> s.stopTokenIds = v)
        .use(Arbitraries.of(List.<String>of(), List.of("bab", "}}")))
        .inSetter((s, v) -> s.stopStrings = v)
        .use(Arbitraries.integers().between(1, 20))
        .inSetter((s, v) -> s.maxBatchPaths = v)
        .build(
            s -> {
              int longest = Math.min(s.maxResponseTokens, s.segmentLength * s.maxDepth);
              s.minTrajectoryTokens = Math.min(s.minTrajectoryTokens, longest);
              s.minWidth = 1 + s.maxWidth / 3;
              return s;
            });
  }

  private static Arbitrary<DivergenceRange> ranges() {
    return Combinators.combine(
            Arbitraries.integers().between(0, 3), Arbitraries.integers().between(0, 8))
        .as((lo, more) -> new DivergenceRange(lo, lo + more));
  }

  private static Arbitrary<BudgetSettings> budgets() {
    return Combinators.combine(
            Arbitraries.of(BudgetControl.class),
            Arbitraries.integers().between(1, 3),
            Arbitraries.integers().between(0, 2),
            Arbitraries.longs().between(1, 100))
        .as((control, lo, more, tokens) -> new BudgetSettings(control, lo, lo + more, tokens, 2));
  }

  private static Arbitrary<AllotmentSettings> allotments() {
    return Combinators.combine(
            Arbitraries.of(Allotment.class),
            Arbitraries.of(TemperatureSchedule.class),
            Arbitraries.of(0.001, 0.3, 1.0, 50.0))
        .as((policy, schedule, t) -> new AllotmentSettings(policy, schedule, t, t, 2 * t));
  }

  private static Arbitrary<FallbackSettings> fallbacks() {
    return Combinators.combine(
            Arbitraries.of(FallbackPosition.class),
            Arbitraries.of(DonorOrder.class),
            Arbitraries.integers().between(0, 5),
            Arbitraries.integers().between(0, 3),
            Arbitraries.integers().between(1, 7),
            Arbitraries.integers().between(1, 3))
        .as(FallbackSettings::new);
  }
}
