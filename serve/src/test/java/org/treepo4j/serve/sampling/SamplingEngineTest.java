package org.treepo4j.serve.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.rollout.SamplingSettings;
import org.treepo4j.serve.CharTokenizer;
import org.treepo4j.serve.FakeLm;
import org.treepo4j.serve.sampling.SamplingEngine.Job;
import org.treepo4j.serve.sampling.SamplingEngine.RefusedException;
import org.treepo4j.serve.sampling.SamplingListener.Usage;

class SamplingEngineTest {
  private static final CharTokenizer TOKENIZER = new CharTokenizer();
  private static final SamplingLimits LIMITS = new SamplingLimits(8, 4, 8, 1000L << 20);

  @Test
  void saysWhatTheModelSaysUntilItEnds() throws Exception {
    try (SamplingEngine engine = engine(FakeLm.saying("hello"), LIMITS)) {
      Transcript transcript = run(engine, request("go>", 2, 20));
      assertThat(transcript.answers()).containsExactly("hello (stop)", "hello (stop)");
      assertThat(transcript.await()).isEqualTo(new Usage(3, 0, 12));
    }
  }

  @Test
  void tellsTheFirstTokenBeforeTheSecondIsComputed() throws Exception {
    Transcript transcript = new Transcript(1);
    List<String> toldBeforeBatch = new ArrayList<>();
    FakeLm model = FakeLm.saying("ok").beforeBatch(() -> toldBeforeBatch.add(transcript.text(0)));
    try (SamplingEngine engine = engine(model, LIMITS)) {
      engine.submit(List.of(new Job(request("go>", 1, 9), transcript)));
      transcript.await();
    }
    assertThat(toldBeforeBatch).startsWith("o");
  }

  @Test
  void whatIsToldTogetherIsOneEvent() {
    Transcript transcript = new Transcript(1);
    SamplingRequest request =
        new SamplingRequest(TOKENIZER.encode("go>"), 1, 3, sampling(0, List.of()), Map.of(), 1, 0);
    RunningRequest running = new RunningRequest(request, transcript);
    running.open(TOKENIZER, SamplingRule.allowed(CharTokenizer.VOCABULARY, id -> true));
    for (char said : "abc".toCharArray()) {
      float[] row = new float[CharTokenizer.VOCABULARY];
      row[said] = 100;
      running.draw(new float[][] {row}, 0);
      running.acceptDrawn(List.of(0));
      running.begin();
    }
    running.tell();
    running.tell();
    assertThat(transcript.events()).isEqualTo(1);
    assertThat(transcript.answers()).containsExactly("abc (length)");
    assertThat(transcript.logprobs())
        .extracting(each -> each.sampled().token())
        .containsExactly((int) 'a', (int) 'b', (int) 'c');
  }

  @Test
  void endsAtTheMostTokens() throws Exception {
    try (SamplingEngine engine = engine(FakeLm.saying("hello"), LIMITS)) {
      assertThat(run(engine, request("go>", 1, 3)).answers()).containsExactly("hel (length)");
      assertThat(run(engine, request("go>", 1, 1)).answers()).containsExactly("h (length)");
    }
  }

  @Test
  void endsBeforeAStopString() throws Exception {
    try (SamplingEngine engine = engine(FakeLm.saying("one two three"), LIMITS)) {
      SamplingSettings stops = sampling(0, List.of("two t", "three", "tin"));
      SamplingRequest request =
          new SamplingRequest(TOKENIZER.encode("go>"), 1, 50, stops, Map.of(), 1, -1);
      assertThat(run(engine, request).answers()).containsExactly("one  (stop)");
    }
  }

  @Test
  void givesTextThatOnlyLookedLikeAStopString() throws Exception {
    try (SamplingEngine engine = engine(FakeLm.saying("abcab"), LIMITS)) {
      SamplingSettings stops = sampling(0, List.of("abd", "abx"));
      SamplingRequest request =
          new SamplingRequest(TOKENIZER.encode("go>"), 1, 50, stops, Map.of(), 1, -1);
      assertThat(run(engine, request).answers()).containsExactly("abcab (stop)");
    }
  }

  @Test
  void tellsLogprobsOfTheModelItself() throws Exception {
    FakeLm model =
        new FakeLm(
            path -> {
              float[] row = new float[CharTokenizer.VOCABULARY];
              java.util.Arrays.fill(row, Float.NEGATIVE_INFINITY);
              row['a'] = (float) Math.log(0.5);
              row['b'] = (float) Math.log(0.3);
              row['c'] = (float) Math.log(0.2);
              return row;
            });
    try (SamplingEngine engine = engine(model, LIMITS)) {
      SamplingRequest request =
          new SamplingRequest(
              new int[] {1}, 1, 2, sampling(0, List.of()), Map.of((int) 'c', 10.0), 1, 2);
      Transcript transcript = run(engine, request);
      assertThat(transcript.text(0)).isEqualTo("cc");
      SamplingListener.TokenLogprobs first = transcript.logprobs().get(0);
      assertThat(first.sampled().logprob()).isCloseTo(Math.log(0.2), within(1e-6));
      assertThat(first.likeliest())
          .extracting(SamplingListener.TokenLogprobs.Candidate::token)
          .containsExactly((int) 'a', (int) 'b');
    }
  }

  @Test
  void logitsThatAreNotFiniteEndTheirRequestAlone() throws Exception {
    CountDownLatch together = new CountDownLatch(1);
    FakeLm model =
        new FakeLm(
            path -> {
              float[] row = new float[CharTokenizer.VOCABULARY];
              row['a'] = path[0] == '!' && path.length > 3 ? Float.NaN : 100;
              return row;
            });
    try (SamplingEngine engine = engine(model.beforeBatch(() -> await(together)), LIMITS)) {
      Transcript good = submit(engine, request("go", 1, 5));
      Transcript bad = submit(engine, request("!x", 1, 5));
      together.countDown();
      good.await();
      assertThat(good.answers()).containsExactly("aaaaa (length)");
      assertThatThrownBy(bad::await)
          .hasMessageContaining("sampling failed: the model's logits are not finite");
    }
  }

  @Test
  void computesWhatPromptsBeginWithOnce() throws Exception {
    String shared = "x".repeat(400);
    try (SamplingEngine engine = engine(FakeLm.saying("ok"), LIMITS)) {
      run(engine, request(shared + "a>", 4, 5)).await();
      long before = engine.statistics().decoder().tokensComputed();
      Transcript second = run(engine, request(shared + "b>", 1, 5));
      assertThat(second.await().cachedTokens()).isEqualTo(6 * PromptCache.UNIT);
      assertThat(engine.statistics().decoder().tokensComputed() - before).isLessThan(30);
    }
  }

  @Test
  void computesOncePromptsThatComeTogether() throws Exception {
    CountDownLatch together = new CountDownLatch(1);
    FakeLm model = FakeLm.saying("ok").beforeBatch(() -> await(together));
    try (SamplingEngine engine = engine(model, LIMITS)) {
      Transcript blocking = submit(engine, request("first>", 1, 5));
      List<Transcript> all =
          List.of("a", "b", "c").stream()
              .map(each -> submit(engine, request("y".repeat(300) + each + ">", 1, 5)))
              .toList();
      together.countDown();
      blocking.await();
      int cached = 0;
      for (Transcript each : all) {
        cached += each.await().cachedTokens();
      }
      assertThat(cached).isEqualTo(2 * 4 * PromptCache.UNIT);
    }
  }

  @Test
  void keepsTheAnswerForTheNextTurn() throws Exception {
    try (SamplingEngine engine = engine(FakeLm.saying("fine"), LIMITS)) {
      String turn = "x".repeat(2 * PromptCache.UNIT - 5) + ">";
      run(engine, request(turn, 1, 9)).await();
      Usage next = run(engine, request(turn + "fine and you>", 1, 9)).await();
      assertThat(next.cachedTokens()).isEqualTo(2 * PromptCache.UNIT);
    }
  }

  @Test
  void refusesMoreThanMayWait() throws Exception {
    CountDownLatch hold = new CountDownLatch(1);
    FakeLm model = FakeLm.saying("ok").beforeBatch(() -> await(hold));
    try (SamplingEngine engine = engine(model, LIMITS)) {
      submit(engine, request("go>", 8, 5));
      awaitWaiting(engine);
      for (int i = 0; i < 4; i++) {
        submit(engine, request("go>", 8, 5));
      }
      assertThatThrownBy(() -> engine.submit(List.of(job(request("go>", 1, 5)))))
          .isInstanceOfSatisfying(RefusedException.class, e -> assertThat(e.isFull()).isTrue());
      hold.countDown();
    }
  }

  /** Else they would be refused for ever. */
  @Test
  void takesMoreTogetherThanMayWait() throws Exception {
    try (SamplingEngine engine =
        engine(FakeLm.saying("ok"), new SamplingLimits(8, 1, 0, 1000L << 20))) {
      List<Transcript> all = Stream.generate(() -> new Transcript(1)).limit(3).toList();
      engine.submit(
          all.stream().map(each -> new SamplingEngine.Job(request("go>", 1, 5), each)).toList());
      for (Transcript each : all) {
        assertThat(each.await().sampledTokens()).isPositive();
      }
    }
  }

  @Test
  void refusesWhatCanNeverRun() {
    try (SamplingEngine engine = engine(FakeLm.saying("ok"), LIMITS)) {
      assertThatThrownBy(() -> engine.submit(List.of(job(request("go>", 9, 5)))))
          .hasMessage("paths must be at most 8, was 9");
      assertThatThrownBy(() -> engine.submit(List.of(job(request("go>", 1, 510)))))
          .hasMessage("prompt and maxTokens must be at most 512 tokens, were 513");
    }
  }

  @Test
  void cancellingFreesThePathsBeforeAnotherTokenIsSampled() throws Exception {
    FakeLm model = FakeLm.random();
    try (SamplingEngine engine = engine(model, new SamplingLimits(8, 4, 0, 1000L << 20))) {
      Transcript transcript = new Transcript(4);
      SamplingRequest endless =
          new SamplingRequest(
              TOKENIZER.encode("go>"), 4, 500, sampling(1, List.of()), Map.of(0, -100.0), 1, -1);
      CountDownLatch held = new CountDownLatch(1);
      CountDownLatch inBatch = new CountDownLatch(1);
      model.beforeBatch(
          () -> {
            inBatch.countDown();
            await(held);
          });
      SamplingEngine.Ticket ticket = engine.submit(List.of(new Job(endless, transcript)));
      inBatch.await();
      ticket.cancel();
      held.countDown();
      run(engine, request("other>", 1, 1)).await();
      assertThat(transcript.isOver()).isFalse();
      assertThat(transcript.text(0)).hasSize(2); // the one before and that of the batch itself
      run(engine, request("other>", 1, 1)).await();
      assertThat(engine.statistics().decoder().livePaths()).isZero();
      assertThat(engine.statistics().running()).isZero();
    }
  }

  @Test
  void goesOnAfterAStepThatFailed() throws Exception {
    boolean[] fails = {true};
    FakeLm model =
        FakeLm.saying("ok")
            .beforeBatch(
                () -> {
                  if (fails[0]) {
                    fails[0] = false;
                    throw new IllegalStateException("made to fail");
                  }
                });
    try (SamplingEngine engine = engine(model, LIMITS)) {
      assertThatThrownBy(() -> run(engine, request("go>", 2, 5)).await())
          .hasMessageContaining("made to fail");
      assertThat(run(engine, request("go>", 1, 5)).answers()).containsExactly("ok (stop)");
    }
  }

  @Test
  void aRequestThatNeverFitsFailsAlone() throws Exception {
    try (SamplingEngine engine =
        engine(FakeLm.saying("ok"), new SamplingLimits(8, 4, 8, 20L << 20))) {
      assertThatThrownBy(() -> run(engine, request("x".repeat(30) + ">", 1, 5)).await())
          .hasMessageContaining("needs more memory than the key/value cache may take");
      assertThat(run(engine, request("go>", 1, 5)).answers()).containsExactly("ok (stop)");
    }
  }

  @Test
  void drainingFinishesWhatRunsAndClosesTheModel() throws Exception {
    FakeLm model = FakeLm.saying("fine");
    SamplingEngine engine = engine(model, LIMITS);
    Transcript transcript = submit(engine, request("go>", 1, 9));
    engine.drain();
    assertThatThrownBy(() -> engine.submit(List.of(job(request("go>", 1, 5)))))
        .isInstanceOf(RefusedException.class);
    transcript.await();
    assertThat(engine.awaitEnd(java.time.Duration.ofSeconds(30))).isTrue();
    assertThat(model.isClosed()).isTrue();
  }

  @Test
  void closingFailsWhatRunsAndWaits() {
    FakeLm model = FakeLm.random().beforeBatch(() -> sleep(1));
    SamplingEngine engine = engine(model, LIMITS);
    Transcript running = submit(engine, request("go>", 8, 500));
    Transcript waiting = submit(engine, request("go>", 8, 500));
    engine.close();
    assertThatThrownBy(running::await).hasMessageContaining("shutting down");
    assertThatThrownBy(waiting::await).hasMessageContaining("shutting down");
    assertThat(model.isClosed()).isTrue();
  }

  private static SamplingEngine engine(FakeLm model, SamplingLimits limits) {
    return new SamplingEngine(model, TOKENIZER, limits);
  }

  static SamplingSettings sampling(double temperature, List<String> stops) {
    return new SamplingSettings(temperature, 0, 1, 0, List.of(), stops);
  }

  private static SamplingRequest request(String prompt, int paths, int maxTokens) {
    return new SamplingRequest(
        TOKENIZER.encode(prompt), paths, maxTokens, sampling(1, List.of()), Map.of(), 1, -1);
  }

  private static Job job(SamplingRequest request) {
    return new Job(request, new Transcript(request.paths()));
  }

  private static Transcript submit(SamplingEngine engine, SamplingRequest request) {
    Transcript transcript = new Transcript(request.paths());
    try {
      engine.submit(List.of(new Job(request, transcript)));
    } catch (RefusedException e) {
      throw new AssertionError(e);
    }
    return transcript;
  }

  private static Transcript run(SamplingEngine engine, SamplingRequest request) throws Exception {
    Transcript transcript = submit(engine, request);
    transcript.await();
    return transcript;
  }

  private static void awaitWaiting(SamplingEngine engine) {
    while (engine.statistics().running() == 0) {
      sleep(1);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
