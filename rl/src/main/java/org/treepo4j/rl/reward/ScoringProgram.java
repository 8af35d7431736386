package org.treepo4j.rl.reward;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** One running copy of an external program that answers line for line. */
final class ScoringProgram implements AutoCloseable {
  private static final int MAX_LINE = 1 << 20;

  private final String name;
  private final Process process;
  private final OutputStream requests;
  private final InputStream answers;

  private ScoringProgram(String name, Process process) {
    this.name = name;
    this.process = process;
    this.requests = process.getOutputStream();
    this.answers = new BufferedInputStream(process.getInputStream());
  }

  static ScoringProgram start(List<String> command) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    return new ScoringProgram(command.get(0), builder.start());
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /**
   * Sends a line and waits for one. The program is killed when it is late, which ends the waiting.
   */
  String exchange(String request, Duration timeLimit) throws IOException {
    AtomicBoolean late = new AtomicBoolean();
    Executor alarm = CompletableFuture.delayedExecutor(timeLimit.toNanos(), TimeUnit.NANOSECONDS);
    CompletableFuture<Void> killing =
        CompletableFuture.runAsync(
            () -> {
              late.set(true);
              close();
            },
            alarm);
    try {
      requests.write((request + "\n").getBytes(StandardCharsets.UTF_8));
      requests.flush();
      return readLine();
    } catch (IOException e) {
      throw new IOException(late.get() ? name + ": no answer in " + timeLimit : e.getMessage(), e);
    } finally {
      killing.cancel(false);
    }
  }

  private String readLine() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = answers.read(); b != '\n'; b = answers.read()) {
      if (b < 0) {
        throw new IOException(name + ": ended without an answer");
      }
      if (line.size() == MAX_LINE) {
        throw new IOException(name + ": a line of more than " + MAX_LINE + " bytes");
      }
      line.write(b);
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  /** Kills the program and what it started. */
  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
