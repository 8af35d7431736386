package org.treepo4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.treepo4j.base.Printable;
import org.treepo4j.rl.run.TrainingListener;

/**
 * Tells people on stderr how a run goes on: a progress bar on a terminal, plain lines elsewhere,
 * nothing when quiet.
 */
final class RunConsole implements TrainingListener, AutoCloseable {
  /** The launcher tells whether stderr is a terminal; Java cannot see it. */
  private static final boolean TERMINAL = Boolean.getBoolean("treepo.terminal");

  private static final long PLAIN_LINE_NANOS = 2_000_000_000L;

  private final PrintWriter err;
  private final OutputOptions output;
  private ProgressBar bar;
  private volatile Optional<Path> elsewhere = Optional.empty();
  private long lastLine;
  private final long began = System.nanoTime();
  private long firstStep;

  static boolean isTerminal() {
    return TERMINAL;
  }

  RunConsole(PrintWriter err, OutputOptions output) {
    this.err = err;
    this.output = output;
  }

  @Override
  public void writesElsewhere(Path folder) {
    elsewhere = Optional.of(folder);
  }

  /** The run's folder where it is another than the settings name. */
  Optional<Path> elsewhere() {
    return elsewhere;
  }

  @Override
  public void stepped(long step, long steps, Map<String, Number> metrics) {
    if (output.quiet()) {
      return;
    }
    if (firstStep == 0) {
      firstStep = step;
    }
    String line = line(metrics);
    if (TERMINAL) {
      if (bar == null) {
        bar =
            new ProgressBarBuilder()
                .setTaskName("step")
                .setInitialMax(steps)
                .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
                .startsFrom(step - 1, java.time.Duration.ZERO)
                .build();
      }
      bar.maxHint(steps);
      bar.stepTo(step);
      bar.setExtraMessage(" " + line);
    } else if (output.verbose()
        || step == steps
        || metrics.containsKey("eval_accuracy")
        || System.nanoTime() - lastLine > PLAIN_LINE_NANOS) {
      lastLine = System.nanoTime();
      err.println("step " + step + "/" + steps + ": " + line + left(step, steps));
      err.flush();
    }
  }

  /** Time to the end, if steps go on to take what they took since the run began or went on. */
  private String left(long step, long steps) {
    if (step >= steps) {
      return "";
    }
    double perStep = (System.nanoTime() - began) / 1e9 / (step - firstStep + 1);
    long seconds = Math.round(perStep * (steps - step));
    return seconds < 60
        ? ", %d s left".formatted(seconds)
        : ", %d:%02d min left".formatted(seconds / 60, seconds % 60);
  }

  /** What matters most comes first: a terminal of 80 columns shows some 40 characters of it. */
  private static String line(Map<String, Number> metrics) {
    StringBuilder line = new StringBuilder();
    add(line, metrics, "accuracy", "sampled %.1f %%", 100);
    add(line, metrics, "reward_mean", "reward %.2f", 1);
    add(line, metrics, "tokens_per_second", "%,.0f tok/s", 1);
    add(line, metrics, "eval_accuracy", "held-out %.1f %%", 100);
    add(line, metrics, "loss", "loss %.4f", 1);
    add(line, metrics, "validation_loss", "validation %.4f", 1);
    add(line, metrics, "entropy", "entropy %.2f", 1);
    add(line, metrics, "sharing_ratio", "sharing %.2f", 1);
    return line.toString();
  }

  private static void add(
      StringBuilder line, Map<String, Number> metrics, String name, String format, double scale) {
    Number value = metrics.get(name);
    if (value != null && Double.isFinite(value.doubleValue())) {
      line.append(line.isEmpty() ? "" : ", ")
          .append(String.format(Locale.ROOT, format, scale * value.doubleValue()));
    }
  }

  @Override
  public void note(String line) {
    if (!output.quiet()) {
      err.println(Printable.of(line));
      err.flush();
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
