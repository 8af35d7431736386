package org.treepo4j.rl.reward;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.treepo4j.base.json.StrictJson;

/**
 * Scores by an external program in any language. It reads one JSON object a line from its standard
 * input, {@code {"id": n, "prompt": …, "answer": …, "response": …, "task": id, "category": …,
 * "response_tokens": n, "finish": …}}, and answers each with one line {@code {"id": n, "score":
 * 0.5, "correct": true}} on its standard output ({@code correct} may be absent: a score above 0
 * then; {@code id} may be absent, too). Its standard error goes to ours.
 *
 * <p>Several copies run at once. A copy that dies, is late or writes no score is ended and started
 * anew for the next response; the response it failed on counts as failed. Its first answer may take
 * as much longer as starting may; a copy that writes {@code {"ready": true}} first has the time of
 * an answer from then on.
 *
 * <p>A line too many would shift all later scores. So it ends the run, as does the number of
 * another request.
 */
final class ProgramReward implements StartingReward, AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The program's own alarm, which says more, goes off before the runner's. */
  private static final Duration GRACE = Duration.ofSeconds(1);

  /** How long programs may go on once their input has ended. */
  private static final Duration FAREWELL = Duration.ofSeconds(2);

  private final List<String> command;
  private final Redirect errors;
  private final Duration startLimit;
  private final Duration timeLimit;
  private final BlockingQueue<Slot> free;
  private final List<Slot> slots;
  private final AtomicInteger restarts = new AtomicInteger();
  private final AtomicLong requests = new AtomicLong();

  /** A place for one copy of the program; the copy comes with its first response. */
  private static final class Slot {
    private ScoringProgram program;
    private boolean startedBefore;
  }

  /**
   * @param command the program and its arguments
   * @param startLimit what the first answer of a copy may take longer than others
   * @param timeLimit for one response; the copy that is late is killed
   * @param copies how many run at once
   */
  public ProgramReward(List<String> command, Duration startLimit, Duration timeLimit, int copies) {
    this(command, startLimit, timeLimit, copies, Redirect.INHERIT);
  }

  /** As above; what copies write to their standard error goes to a file. */
  ProgramReward(
      List<String> command, Duration startLimit, Duration timeLimit, int copies, File errors) {
    this(command, startLimit, timeLimit, copies, Redirect.appendTo(errors));
  }

  private ProgramReward(
      List<String> command, Duration startLimit, Duration timeLimit, int copies, Redirect errors) {
    if (command.isEmpty()) {
      throw new IllegalArgumentException("command must name a program, was empty");
    }
    if (copies <= 0) {
      throw new IllegalArgumentException("copies must be positive, was " + copies);
    }
    this.command = List.copyOf(command);
    this.errors = errors;
    this.startLimit = startLimit;
    this.timeLimit = timeLimit;
    this.free = new ArrayBlockingQueue<>(copies);
    for (int i = 0; i < copies; i++) {
      free.add(new Slot());
    }
    this.slots = List.copyOf(free);
  }

  /** How often a copy had to be started anew. */
  public int restarts() {
    return restarts.get();
  }

  @Override
  public Score score(RewardInput input, Clock clock) throws IOException, InterruptedException {
    clock.pause();
    Slot slot = free.take();
    try {
      return score(slot, input, clock);
    } finally {
      free.add(slot);
    }
  }

  private Score score(Slot slot, RewardInput input, Clock clock) throws IOException {
    boolean done = false;
    try {
      ScoringProgram program = program(slot);
      clock.restart(program.isStarting() ? GRACE.plus(startLimit) : GRACE);
      long id = requests.incrementAndGet();
      String request = JSON.writeValueAsString(request(id, input));
      Score score = score(id, program.exchange(request, startLimit, timeLimit));
      done = true;
      return score;
    } finally {
      if (!done) {
        end(slot);
      }
    }
  }

  private ScoringProgram program(Slot slot) throws IOException {
    synchronized (slot) {
      if (slot.program == null || !slot.program.isAlive()) {
        end(slot);
        if (slot.startedBefore) {
          restarts.incrementAndGet();
        }
        slot.startedBefore = true;
        slot.program = ScoringProgram.start(command, errors);
      }
      return slot.program;
    }
  }

  private static void end(Slot slot) {
    synchronized (slot) {
      if (slot.program != null) {
        slot.program.close();
        slot.program = null;
      }
    }
  }

  private static ObjectNode request(long id, RewardInput input) {
    return JSON.createObjectNode()
        .put("id", id)
        .put("task", input.task().id())
        .put("category", input.task().category())
        .put("prompt", input.task().prompt().text())
        .put("answer", input.task().answer())
        .put("response", input.response())
        .put("opening", input.opening())
        .put("response_tokens", input.responseTokens())
        .put("finish", input.finish().name());
  }

  private Score score(long id, String line) throws IOException {
    JsonNode answer;
    try {
      answer = StrictJson.parse(line);
    } catch (IOException e) {
      throw new IOException(
          command.get(0)
              + ": expected one JSON object, was "
              + ScoringProgram.shown(line)
              + " ("
              + e.getMessage()
              + ")");
    }
    JsonNode number = answer.path("id");
    if (!number.isMissingNode() && !(number.isIntegralNumber() && number.longValue() == id)) {
      throw new RewardException(
          "%s: answered request %d with \"id\": %s; scores may have gone to wrong responses"
              .formatted(command.get(0), id, number));
    }
    JsonNode score = answer.path("score");
    if (!score.isNumber() || !Double.isFinite(score.doubleValue())) {
      throw new IOException(
          command.get(0) + ": score: expected a number, was " + ScoringProgram.shown(line));
    }
    boolean correct = answer.path("correct").asBoolean(score.doubleValue() > 0);
    return new Score(score.doubleValue(), correct);
  }

  /**
   * Ends the input of idle copies, waits a moment for them to end, and kills the others.
   *
   * @throws RewardException where a copy had written more lines than it was asked for
   */
  @Override
  public void close() {
    List<Slot> idle = new ArrayList<>();
    free.drainTo(idle);
    try {
      idle.forEach(slot -> withProgram(slot, ScoringProgram::endInput));
      long deadline = System.nanoTime() + FAREWELL.toNanos();
      idle.forEach(slot -> withProgram(slot, program -> program.requireNoAnswerLeft(deadline)));
    } finally {
      slots.forEach(ProgramReward::end);
      free.addAll(idle);
    }
  }

  private static void withProgram(Slot slot, Consumer<ScoringProgram> action) {
    synchronized (slot) {
      if (slot.program != null) {
        action.accept(slot.program);
      }
    }
  }
}
