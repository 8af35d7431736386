package org.treepo4j.tokenizer.regex;

import java.util.Arrays;

/** One thread's run of a program over one text: backtracking on an explicit stack. */
final class Matching {
  private static final Node.Position[] POSITIONS = Node.Position.values();

  private final Program program;
  private final int[] code;
  private final String text;
  private final int start;
  private final int end;
  private final int[] registers;
  private long stepsLeft;

  /**
   * Frames of three: where to go on, the position there, and the least position of a loop or -1.
   */
  private int[] stack = new int[96];

  private int top;

  /** The text is what lies from {@code start} to {@code end}; the pattern sees nothing beyond. */
  Matching(Program program, String text, int start, int end, long maxSteps) {
    this.program = program;
    this.code = program.code;
    this.text = text;
    this.start = start;
    this.end = end;
    this.registers = new int[program.registers];
    this.stepsLeft = maxSteps;
  }

  /** The end of the match that begins at {@code from}, or -1. */
  int matchAt(int from) {
    top = 0;
    return run(0, from);
  }

  private int run(int entry, int from) {
    int base = top;
    int pc = entry;
    int at = from;
    while (true) {
      int i = 4 * pc;
      boolean failed = false;
      switch (code[i]) {
        case Program.MATCH -> {
          top = base;
          return at;
        }
        case Program.ONE -> {
          int c = at < end ? codePointAt(at) : -1;
          if (c >= 0 && program.sets[code[i + 1]].contains(c)) {
            at += Character.charCount(c);
            pc++;
          } else {
            failed = true;
          }
        }
        case Program.LOOP, Program.LOOP_KEEP -> {
          int after = loop(i, at, pc + 1);
          failed = after < 0;
          at = after;
          pc++;
        }
        case Program.SPLIT -> {
          push(code[i + 2], at, -1);
          pc = code[i + 1];
        }
        case Program.JUMP -> pc = code[i + 1];
        case Program.AHEAD -> {
          failed = (run(pc + 1, at) < 0) == (code[i + 2] == 0);
          pc = code[i + 1];
        }
        case Program.BEHIND -> {
          int back = back(at, code[i + 3]);
          boolean found = back >= 0 && run(pc + 1, back) == at;
          failed = found == (code[i + 2] != 0);
          pc = code[i + 1];
        }
        case Program.ATOMIC -> {
          at = run(pc + 1, at);
          failed = at < 0;
          pc = code[i + 1];
        }
        case Program.POSITION -> {
          failed = !holds(POSITIONS[code[i + 1]], at);
          pc++;
        }
        case Program.MARK -> {
          push(-1 - code[i + 1], registers[code[i + 1]], -1);
          registers[code[i + 1]] = at;
          pc++;
        }
        case Program.LEAVE_IF_EMPTY -> pc = registers[code[i + 1]] == at ? code[i + 2] : pc + 1;
        default -> throw new AssertionError(code[i]);
      }
      if (failed) {
        if (!backtrack(base)) {
          return -1;
        }
        pc = stack[top];
        at = stack[top + 1];
      }
    }
  }

  /** The end of the longest run of a loop's set, or -1; leaves a frame where it can give back. */
  private int loop(int i, int from, int next) {
    CodePointSet set = program.sets[code[i + 1]];
    int min = code[i + 2];
    int max = code[i + 3];
    int at = from;
    int least = min == 0 ? from : -1;
    for (int count = 0; count < max && at < end; ) {
      int c = codePointAt(at);
      if (!set.contains(c)) {
        break;
      }
      at += Character.charCount(c);
      count++;
      if (count == min) {
        least = at;
      }
    }
    // Backtracking checks the budget, so that a loop tried from everywhere runs out of it.
    stepsLeft -= at - from;
    if (least < 0) {
      return -1;
    }
    if (code[i] == Program.LOOP && at > least) {
      push(next, at, least);
    }
    return at;
  }

  /** Pops to the last choice; its place and position are then just above the top. */
  private boolean backtrack(int base) {
    while (top > base) {
      if (--stepsLeft < 0) {
        throw new IllegalArgumentException(
            "a pattern of the tokenizer needs too many steps on this text");
      }
      top -= 3;
      if (stack[top] < 0) {
        registers[-1 - stack[top]] = stack[top + 1];
      } else if (stack[top + 2] >= 0) {
        int shorter = text.offsetByCodePoints(stack[top + 1], -1);
        stack[top + 1] = shorter;
        if (shorter > stack[top + 2]) {
          // The frame stays for the next time; what stands above the top is read by the caller.
          int pc = stack[top];
          push(pc, shorter, stack[top + 2]);
          ensureFrame();
          stack[top] = pc;
          stack[top + 1] = shorter;
        }
        return true;
      } else {
        return true;
      }
    }
    return false;
  }

  private void push(int pc, int at, int least) {
    ensureFrame();
    stack[top] = pc;
    stack[top + 1] = at;
    stack[top + 2] = least;
    top += 3;
  }

  private void ensureFrame() {
    if (top + 3 > stack.length) {
      stack = Arrays.copyOf(stack, 2 * stack.length);
    }
  }

  private int back(int at, int codePoints) {
    int back = at;
    for (int i = 0; i < codePoints; i++) {
      if (back <= start) {
        return -1;
      }
      back -= Character.charCount(text.codePointBefore(back));
    }
    return back < start ? -1 : back;
  }

  private int codePointAt(int at) {
    char high = text.charAt(at);
    if (Character.isHighSurrogate(high) && at + 1 < end) {
      char low = text.charAt(at + 1);
      if (Character.isLowSurrogate(low)) {
        return Character.toCodePoint(high, low);
      }
    }
    return high;
  }

  private boolean holds(Node.Position position, int at) {
    return switch (position) {
      case TEXT_START -> at == start;
      case TEXT_END -> at == end;
      case TEXT_END_OR_LAST_NEWLINE -> at == end || (at == end - 1 && text.charAt(at) == '\n');
      case LINE_START -> at == start || (text.charAt(at - 1) == '\n' && at < end);
      case LINE_END -> at == end || text.charAt(at) == '\n';
      case WORD_BORDER -> wordBefore(at) != wordAt(at);
      case NO_WORD_BORDER -> wordBefore(at) == wordAt(at);
    };
  }

  private boolean wordAt(int at) {
    return at < end && UnicodeSets.ONIGURUMA_WORD.contains(codePointAt(at));
  }

  private boolean wordBefore(int at) {
    return at > start && UnicodeSets.ONIGURUMA_WORD.contains(text.codePointBefore(at));
  }
}
