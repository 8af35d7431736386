package org.treepo4j.testsupport;

import java.util.ArrayDeque;
import java.util.SplittableRandom;

/**
 * A policy in the middle of a response. It works a sum out step by step ({@code 7+58=65;}) and now
 * and then writes a wrong digit, and goes on with what it wrote.
 */
final class SampleWriter {
  /** A sampled token with its log-probability and the entropy of the step, in nats. */
  record Token(String piece, double logprob, double entropy) {}

  private final SampleSum sum;
  private final ArrayDeque<String> due = new ArrayDeque<>();
  private int stepsWritten;
  private int total;
  private int written;
  private boolean inResult;
  private boolean boxed;
  private boolean stopped;
  private boolean looping;

  SampleWriter(SampleSum sum) {
    this.sum = sum;
    this.total = sum.first();
  }

  SampleWriter copy() {
    SampleWriter copy = new SampleWriter(sum);
    copy.due.addAll(due);
    copy.stepsWritten = stepsWritten;
    copy.total = total;
    copy.written = written;
    copy.inResult = inResult;
    copy.boxed = boxed;
    copy.stopped = stopped;
    copy.looping = looping;
    return copy;
  }

  boolean ended() {
    return boxed || stopped;
  }

  /** Why the path ends here, or null where it goes on. */
  String finish(boolean deepest) {
    return boxed
        ? "ANSWERED"
        : stopped ? "EOS" : deepest ? (looping ? "REPETITION" : "MAX_DEPTH") : null;
  }

  boolean correct() {
    return boxed && written == sum.answer();
  }

  Token next(double mistakes, SplittableRandom random) {
    if (due.isEmpty()) {
      plan(mistakes, random);
    }
    String piece = due.remove();
    double wrong = 0.002 + 0.01 * random.nextDouble();
    boolean slip = false;
    if (inResult && Character.isDigit(piece.charAt(0))) {
      wrong = mistakes * (0.4 + 1.2 * random.nextDouble());
      slip = random.nextDouble() < wrong;
    }
    if (slip) {
      piece = Integer.toString((piece.charAt(0) - '0' + random.nextInt(1, 10)) % 10);
    }
    note(piece);
    double entropy = -(1 - wrong) * Math.log(1 - wrong) - wrong * Math.log(wrong / 9);
    return new Token(piece, slip ? Math.log(wrong / 9) : Math.log(1 - wrong), entropy);
  }

  private void plan(double mistakes, SplittableRandom random) {
    if (random.nextDouble() < mistakes * 0.12) {
      due.add("<eos>");
      return;
    }
    looping |= random.nextDouble() < mistakes * 0.08;
    if (stepsWritten < sum.others().size()) {
      int other = sum.others().get(stepsWritten);
      if (!looping) {
        stepsWritten++;
      }
      String text = total + (other < 0 ? "" : "+") + other + "=" + Math.abs(total + other) + ";";
      due.addAll(java.util.List.of(text.split("")));
    } else {
      due.add("\\boxed{");
      due.addAll(java.util.List.of(Integer.toString(total).split("")));
      due.add("}");
    }
  }

  private void note(String piece) {
    switch (piece) {
      case "=", "\\boxed{" -> {
        inResult = true;
        written = 0;
      }
      case ";" -> {
        inResult = false;
        total = written;
      }
      case "}" -> boxed = true;
      case "<eos>" -> stopped = true;
      default -> {
        if (inResult) {
          written = Math.min(written * 10 + (piece.charAt(0) - '0'), 9999);
        }
      }
    }
  }
}
