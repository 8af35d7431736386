package org.treepo4j.rl.reward;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.treepo4j.base.Printable;
import org.treepo4j.base.json.StrictJson;

/**
 * One running copy of an external program that answers line for line. Copies end with this JVM, and
 * where it is killed in a way it cannot see, a {@link Watchdog} ends them.
 */
final class ScoringProgram implements AutoCloseable {
  private static final int LONGEST_SHOWN = 80;
  private static final String NO_ANSWER = "ended without an answer";
  private static final int MAX_LINE = 1 << 20;

  /** More than this a program may not be ahead: it waits until its lines are read. */
  private static final int MAX_LINES = 16;

  private static final Duration EXIT_CODE_WAIT = Duration.ofMillis(200);

  /** All copies, to be killed when this JVM ends; null once it does. */
  private static Set<ScoringProgram> running = new HashSet<>();

  private static final Object LOCK = new Object();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ScoringProgram::killAll, "end of rewards"));
  }

  private final String name;
  private final Process process;
  private final OutputStream requests;
  private final Optional<Watchdog> watchdog;

  /** What it wrote, read as it comes by a thread of its own. */
  private final BlockingQueue<Line> lines = new LinkedBlockingQueue<>(MAX_LINES);

  private final Thread reader;
  private boolean starting = true;

  private ScoringProgram(String name, Process process) {
    this.name = name;
    this.process = process;
    this.requests = process.getOutputStream();
    this.watchdog = Watchdog.over(process);
    process.onExit().thenRun(() -> watchdog.ifPresent(Watchdog::close));
    this.reader = new Thread(this::readLines, "answers of " + name);
    reader.setDaemon(true);
    reader.start();
  }

  /** A line that is not blank, or, at the end of them all, why there is no more. */
  private record Line(String text, boolean isEnd) {}

  /**
   * @param errors where its standard error goes
   */
  static ScoringProgram start(List<String> command, Redirect errors) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors);
    synchronized (LOCK) {
      if (running == null) {
        throw new IOException(command.get(0) + ": not started, the run is ending");
      }
      ScoringProgram program = new ScoringProgram(command.get(0), builder.start());
      running.add(program);
      return program;
    }
  }

  /** Whether there is a program of that name or path. */
  static boolean exists(String name) {
    if (name.indexOf('/') >= 0 || name.contains(File.separator)) {
      return isProgram(new File(name));
    }
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return !name.isEmpty()
        && Stream.of(path.split(Pattern.quote(File.pathSeparator)))
            .flatMap(folder -> Stream.of(new File(folder, name), new File(folder, name + ".exe")))
            .anyMatch(ScoringProgram::isProgram);
  }

  private static boolean isProgram(File file) {
    return file.isFile() && file.canExecute();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Whether it has not answered yet. */
  boolean isStarting() {
    return starting;
  }

  /**
   * Sends a line and waits for one. The program is killed when it is late, which ends the waiting.
   *
   * @param startLimit what the first answer may take longer, unless the program says it is ready
   * @param timeLimit for an answer
   * @throws RewardException if a line was there before the request
   * @throws IOException if there is no answer
   */
  String exchange(String request, Duration startLimit, Duration timeLimit) throws IOException {
    requireSilence();
    Alarm alarm =
        starting
            ? new Alarm(
                startLimit.plus(timeLimit),
                " of its start (reward.startLimitSeconds and reward.timeLimitSeconds)")
            : new Alarm(timeLimit, " (reward.timeLimitSeconds)");
    try {
      requests.write((request + "\n").getBytes(StandardCharsets.UTF_8));
      requests.flush();
      String line = readLine();
      if (starting && json(line).path("ready").asBoolean()) {
        alarm.cancel();
        alarm = new Alarm(timeLimit, " (reward.timeLimitSeconds)");
        line = readLine();
      }
      starting = false;
      return line;
    } catch (IOException e) {
      throw alarm.late ? new IOException(name + alarm.message, e) : ended(e);
    } finally {
      alarm.cancel();
    }
  }

  /** Kills the program once its time is over. */
  private final class Alarm {
    private final String message;
    private final CompletableFuture<Void> killing;
    private volatile boolean late;

    Alarm(Duration limit, String of) {
      this.message = ": no answer within " + seconds(limit) + of;
      Executor after = CompletableFuture.delayedExecutor(limit.toNanos(), TimeUnit.NANOSECONDS);
      this.killing =
          CompletableFuture.runAsync(
              () -> {
                late = true;
                close();
              },
              after);
    }

    void cancel() {
      killing.cancel(false);
    }
  }

  /** What is there before a request answers none. A program that starts may say it is ready. */
  private void requireSilence() {
    Line line = starting ? null : lines.peek();
    if (line != null && !line.isEnd()) {
      throw surplus(line.text());
    }
  }

  private RewardException surplus(String line) {
    return new RewardException(
        name
            + ": wrote more lines than it was asked for, so that scores may have gone to wrong"
            + " responses; one line for each request, and all else to stderr; the line was "
            + shown(line));
  }

  private IOException ended(IOException e) {
    try {
      if (process.waitFor(EXIT_CODE_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
        return new IOException(
            name + ": ended without an answer, exit code " + process.exitValue(), e);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return new IOException(name + ": " + e.getMessage(), e);
  }

  /** The next line; its end stays where it is. */
  private String readLine() throws IOException {
    try {
      Line line = lines.take();
      if (line.isEnd()) {
        lines.add(line);
        throw new IOException(line.text());
      }
      return line.text();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while it answered", e);
    }
  }

  private void readLines() {
    try (InputStream output = new BufferedInputStream(process.getInputStream())) {
      Line line;
      do {
        line = readLine(output);
        lines.put(line);
      } while (!line.isEnd());
    } catch (IOException | InterruptedException killed) {
      lines.offer(new Line(NO_ANSWER, true));
    }
  }

  private static Line readLine(InputStream output) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (line.size() < MAX_LINE) {
      int b = output.read();
      if (b >= 0 && b != '\n') {
        line.write(b);
      } else if (!line.toString(StandardCharsets.UTF_8).isBlank()) {
        return new Line(line.toString(StandardCharsets.UTF_8), false);
      } else if (b < 0) {
        return new Line(NO_ANSWER, true);
      } else {
        line.reset();
      }
    }
    return new Line("a line of more than " + MAX_LINE + " bytes", true);
  }

  private static JsonNode json(String line) {
    try {
      return StrictJson.parse(line);
    } catch (IOException e) {
      return MissingNode.getInstance();
    }
  }

  /** Tells the program that no more requests come. */
  void endInput() {
    try {
      requests.close();
    } catch (IOException e) {
      close();
    }
  }

  /**
   * Waits for the program to end and looks at what it has written meanwhile: words of farewell are
   * no answer, a score is one to no request.
   *
   * @param deadline in nanoseconds of the JVM's clock
   */
  void requireNoAnswerLeft(long deadline) {
    try {
      Line line = nextUntil(deadline);
      while (line != null && !line.isEnd()) {
        if (json(line.text()).has("score")) {
          throw surplus(line.text());
        }
        line = nextUntil(deadline);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Line nextUntil(long deadline) throws InterruptedException {
    return lines.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  /** A line of a program as it can be shown: cut, and without what a terminal would obey. */
  static String shown(String line) {
    return Printable.of(line, LONGEST_SHOWN);
  }

  static String seconds(Duration duration) {
    return BigDecimal.valueOf(duration.toMillis(), 3).stripTrailingZeros().toPlainString() + " s";
  }

  /** Kills the program and what it started. */
  @Override
  public void close() {
    synchronized (LOCK) {
      if (running != null) {
        running.remove(this);
      }
    }
    kill();
  }

  private void kill() {
    List<ProcessHandle> started = process.descendants().toList();
    process.destroyForcibly();
    started.forEach(ProcessHandle::destroyForcibly);
    watchdog.ifPresent(Watchdog::close);
    reader.interrupt();
  }

  private static void killAll() {
    Set<ScoringProgram> all;
    synchronized (LOCK) {
      all = running;
      running = null;
    }
    all.forEach(ScoringProgram::kill);
  }
}
