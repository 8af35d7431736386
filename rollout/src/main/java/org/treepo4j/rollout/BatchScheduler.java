package org.treepo4j.rollout;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CacheFullException;
import org.treepo4j.model.DrawnTokens;
import org.treepo4j.model.SamplingRule;
import org.treepo4j.model.TokenDraws;
import org.treepo4j.model.TokenSampler;

/**
 * Continuous batching: every decoder batch takes the rows of all prompts that can advance, earliest
 * prompt first, up to {@code maxBatchPaths}. A prompt that waits for its last segment holds no row,
 * and the next prompt begins as soon as rows are free. Which rows share a batch does not change any
 * tree.
 *
 * <p>When the decoder's cache is full, beginnings held for prompts to come are let go of first;
 * then the prompt begun last is set back to its start and waits until another has ended. Tokens are
 * computed again then, and come out the same.
 */
final class BatchScheduler implements AutoCloseable {
  private static final int MAX_NAMES = 3;

  private final BranchingDecoder decoder;
  private final TokenSampler sampler;
  private final SamplingRule rule;
  private final int maxRows;
  private final int rowsWanted;
  private final boolean sharesPrompts;
  private final List<PromptRollout> prompts;
  private final PromptBeginnings beginnings;
  private final RolloutProgress progress;

  private final Deque<PromptRollout> waiting;
  private final List<PromptRollout> running = new ArrayList<>();

  /** Prompts that run at once; less than all after the cache was full. */
  private int maxRunning = Integer.MAX_VALUE;

  private final TokenDraws draws = new TokenDraws();

  private long steps;
  private long rowsUsed;

  BatchScheduler(
      BranchingDecoder decoder,
      TokenSampler sampler,
      SamplingRule rule,
      RolloutSettings settings,
      List<PromptRollout> prompts,
      PromptBeginnings beginnings,
      RolloutProgress progress) {
    this.decoder = decoder;
    this.sampler = sampler;
    this.rule = rule;
    this.prompts = prompts;
    this.beginnings = beginnings;
    this.progress = progress;
    waiting = new ArrayDeque<>(prompts);
    maxRows = settings.maxBatchPaths();
    sharesPrompts = settings.sharesPrompts();
    rowsWanted = (int) Math.min(maxRows, (long) prompts.size() * settings.maxWidth());
  }

  RolloutBatch run() {
    long begin = System.nanoTime();
    startPrompts();
    while (!running.isEmpty()) {
      advance(append());
      running.removeIf(PromptRollout::isDone);
      startPrompts();
      tellProgress();
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    List<RolloutStatistics> each = prompts.stream().map(PromptRollout::statistics).toList();
    RolloutStatistics all =
        each.stream()
            .reduce(RolloutStatistics.NONE, RolloutStatistics::plus)
            .withBatches(steps, rowsUsed, steps * rowsWanted, seconds);
    return new RolloutBatch(
        prompts.stream().map(PromptRollout::tree).toList(),
        prompts.stream().map(PromptRollout::responses).toList(),
        all,
        each);
  }

  /** Releases what the prompts still hold of the decoder. */
  @Override
  public void close() {
    RuntimeException failure = null;
    for (PromptRollout prompt : prompts) {
      try {
        prompt.release();
      } catch (RuntimeException e) {
        failure = failure == null ? e : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Starts as many prompts as rows are free, their prompts computed together. */
  private void startPrompts() {
    int rows = running.stream().mapToInt(prompt -> prompt.rows().size()).sum();
    boolean together = sharesPrompts;
    while (!waiting.isEmpty() && rows < maxRows && running.size() < maxRunning) {
      int most = together ? Math.min(maxRows - rows, maxRunning - running.size()) : 1;
      List<PromptRollout> next = waiting.stream().limit(most).toList();
      try {
        naming(next, () -> start(next));
      } catch (CacheFullException e) {
        next.forEach(PromptRollout::reset);
        if (next.size() > 1) {
          together = false; // as many as there is room for
          continue;
        }
        if (!running.isEmpty()) {
          maxRunning = running.size();
          return;
        }
        if (!beginnings.stopSharing()) {
          throw failure(next, e);
        }
        continue;
      }
      waiting.removeAll(next);
      running.addAll(next);
      rows += next.stream().mapToInt(prompt -> prompt.rows().size()).sum();
    }
  }

  private void start(List<PromptRollout> next) {
    List<BranchingDecoder.Path> paths =
        beginnings.compute(next.stream().map(PromptRollout::place).toList());
    for (int i = 0; i < paths.size(); i++) {
      next.get(i).take(paths.get(i));
    }
    next.forEach(PromptRollout::start);
  }

  /** Computes the pending tokens of the next rows and returns these. */
  private List<Row> append() {
    while (true) {
      List<Row> rows = nextRows();
      List<Row> pending = rows.stream().filter(row -> row.pending() != Row.NOTHING).toList();
      try {
        if (!pending.isEmpty()) {
          naming(
              owners(pending),
              () ->
                  decoder.append(
                      pending.stream().map(Row::keys).toList(),
                      pending.stream().mapToInt(Row::pending).toArray()));
          pending.forEach(row -> row.owner().computed());
        }
        return rows;
      } catch (CacheFullException e) {
        if (beginnings.makeRoom()) {
          continue;
        }
        if (running.size() == 1) {
          throw failure(running, e);
        }
        PromptRollout last = running.remove(running.size() - 1);
        last.reset();
        waiting.push(last);
        maxRunning = running.size();
      }
    }
  }

  private List<Row> nextRows() {
    List<Row> rows = new ArrayList<>();
    for (PromptRollout prompt : running) {
      for (Row row : prompt.rows()) {
        if (rows.size() == maxRows) {
          return rows;
        }
        rows.add(row);
      }
    }
    return rows;
  }

  /** Lets every path of the rows sample its next token. */
  private void advance(List<Row> rows) {
    DrawnTokens drawn = naming(owners(rows), () -> draw(rows));
    int draw = 0;
    for (Row row : rows) {
      int first = draw;
      naming(List.of(row.owner()), () -> take(row, drawn, first));
      draw += row.paths().size();
    }
    for (Row row : rows) {
      naming(List.of(row.owner()), () -> row.owner().advanced(row));
    }
    steps++;
    rowsUsed += rows.size();
  }

  private DrawnTokens draw(List<Row> rows) {
    draws.clear();
    for (int i = 0; i < rows.size(); i++) {
      for (ActivePath path : rows.get(i).paths()) {
        draws.add(i, path.uniform(), rule);
      }
    }
    try {
      return sampler.draw(rows.stream().map(Row::keys).toList(), draws);
    } catch (TokenSampler.NotFiniteException e) {
      throw failure(List.of(rows.get(e.path()).owner()), e);
    }
  }

  private static void take(Row row, DrawnTokens drawn, int first) {
    for (int i = 0; i < row.paths().size(); i++) {
      row.paths().get(i).take(drawn, first + i);
    }
  }

  private void tellProgress() {
    int finishedPrompts = prompts.size() - waiting.size() - running.size();
    long trajectories = 0;
    long tokens = 0;
    for (PromptRollout prompt : prompts) {
      trajectories += prompt.counts().trajectories();
      tokens += prompt.counts().sampledTokens();
    }
    progress.update(finishedPrompts, trajectories, tokens);
  }

  private static List<PromptRollout> owners(List<Row> rows) {
    return rows.stream().map(Row::owner).distinct().toList();
  }

  private static void naming(List<PromptRollout> concerned, Runnable work) {
    naming(
        concerned,
        () -> {
          work.run();
          return null;
        });
  }

  /**
   * Runs the work; a failure names the prompts concerned, if it does not yet and the cache is not
   * full.
   */
  private static <T> T naming(List<PromptRollout> concerned, Supplier<T> work) {
    try {
      return work.get();
    } catch (CacheFullException | RolloutException e) {
      throw e;
    } catch (RuntimeException e) {
      throw failure(concerned, e);
    }
  }

  private static RolloutException failure(List<PromptRollout> concerned, RuntimeException cause) {
    String names =
        concerned.stream()
            .limit(MAX_NAMES)
            .map(prompt -> prompt.prompt().id())
            .collect(Collectors.joining(", "));
    String more =
        concerned.size() > MAX_NAMES ? " and " + (concerned.size() - MAX_NAMES) + " more" : "";
    String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    return new RolloutException(
        "sampling failed for prompt " + names + more + ": " + reason, cause);
  }
}
