package org.treepo4j.rl.reward;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Scores by an external program in any language. It reads one JSON object a line from its standard
 * input, {@code {"prompt": …, "answer": …, "response": …, "task": id, "category": …,
 * "response_tokens": n, "finish": …}}, and answers each with one line {@code {"score": 0.5,
 * "correct": true}} on its standard output ({@code correct} may be absent: a score above 0 then).
 * Its standard error goes to ours.
 *
 * <p>Several copies run at once. A copy that dies, is late or writes something else is ended and
 * started anew for the next response; the response it failed on counts as failed.
 */
final class ProgramReward implements Reward, AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<String> command;
  private final Duration timeLimit;
  private final BlockingQueue<Slot> free;
  private final List<Slot> slots;
  private final AtomicInteger restarts = new AtomicInteger();

  /** A place for one copy of the program; the copy comes with its first response. */
  private static final class Slot {
    private ScoringProgram program;
    private boolean startedBefore;
  }

  /**
   * @param command the program and its arguments
   * @param timeLimit for one response; the copy that is late is killed
   * @param copies how many run at once
   */
  public ProgramReward(List<String> command, Duration timeLimit, int copies) {
    if (command.isEmpty()) {
      throw new IllegalArgumentException("command must name a program, was empty");
    }
    if (copies <= 0) {
      throw new IllegalArgumentException("copies must be positive, was " + copies);
    }
    this.command = List.copyOf(command);
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
  public Score score(RewardInput input) throws IOException, InterruptedException {
    Slot slot = free.take();
    try {
      return score(slot, JSON.writeValueAsString(request(input)));
    } finally {
      free.add(slot);
    }
  }

  private Score score(Slot slot, String request) throws IOException {
    boolean done = false;
    try {
      String answer = program(slot).exchange(request, timeLimit);
      Score score = score(answer);
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
        slot.program = ScoringProgram.start(command);
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

  private static ObjectNode request(RewardInput input) {
    return JSON.createObjectNode()
        .put("task", input.task().id())
        .put("category", input.task().category())
        .put("prompt", input.task().prompt().text())
        .put("answer", input.task().answer())
        .put("response", input.response())
        .put("response_tokens", input.responseTokens())
        .put("finish", input.finish().name());
  }

  private Score score(String line) throws IOException {
    JsonNode answer;
    try {
      answer = JSON.readTree(line);
    } catch (IOException e) {
      throw new IOException(command.get(0) + ": expected one JSON object, was " + shown(line));
    }
    JsonNode score = answer.path("score");
    if (!score.isNumber() || !Double.isFinite(score.doubleValue())) {
      throw new IOException(command.get(0) + ": score: expected a number, was " + shown(line));
    }
    boolean correct = answer.path("correct").asBoolean(score.doubleValue() > 0);
    return new Score(score.doubleValue(), correct);
  }

  private static String shown(String line) {
    return line.length() > 80 ? line.substring(0, 77) + "..." : line;
  }

  @Override
  public void close() {
    slots.forEach(ProgramReward::end);
  }
}
