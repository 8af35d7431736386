package org.treepo4j.tokenizer.regex;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.PatternSyntaxException;

/** A pattern as instructions for {@link Matching}, each an operation with three operands. */
final class Program {
  static final int MATCH = 0;

  /** One code point of set {@code a}. */
  static final int ONE = 1;

  /** From {@code b} to {@code c} code points of set {@code a}, giving back as needed. */
  static final int LOOP = 2;

  /** As {@link #LOOP}, giving nothing back. */
  static final int LOOP_KEEP = 3;

  /** Go on at {@code a}; should that fail, at {@code b}. */
  static final int SPLIT = 4;

  /** Go on at {@code a}. */
  static final int JUMP = 5;

  /**
   * Ahead: the body after this instruction must ({@code b}=0) or must not match; on at {@code a}.
   */
  static final int AHEAD = 6;

  /** As {@link #AHEAD} for a body that ends here and begins {@code c} code points before. */
  static final int BEHIND = 7;

  /** The first match of the body after this instruction; go on at {@code a}. */
  static final int ATOMIC = 8;

  /** Position {@code a}, an ordinal of {@link Node.Position}. */
  static final int POSITION = 9;

  /** Remember in register {@code a} where a round of a loop begins. */
  static final int MARK = 10;

  /** Leave the loop for {@code b} when the round since mark {@code a} took nothing. */
  static final int LEAVE_IF_EMPTY = 11;

  private static final int MAX_INSTRUCTIONS = 4_000;

  private final String pattern;
  private final Map<CodePointSet, Integer> setIndex = new HashMap<>();
  private final List<CodePointSet> setList = new ArrayList<>();

  int[] code = new int[256];
  private int size;
  int registers;
  CodePointSet[] sets;

  Program(String pattern, Node root) {
    this.pattern = pattern;
    emit(root);
    add(MATCH, 0, 0, 0);
    keepLoopsThatCannotGiveBack();
    sets = setList.toArray(CodePointSet[]::new);
    code = Arrays.copyOf(code, 4 * size);
  }

  private int add(int operation, int a, int b, int c) {
    if (size >= MAX_INSTRUCTIONS) {
      throw new PatternSyntaxException("too large when its counts are spelt out", pattern, -1);
    }
    if (4 * size + 4 > code.length) {
      code = Arrays.copyOf(code, 2 * code.length);
    }
    code[4 * size] = operation;
    code[4 * size + 1] = a;
    code[4 * size + 2] = b;
    code[4 * size + 3] = c;
    return size++;
  }

  private void setOperand(int instruction, int operand, int value) {
    code[4 * instruction + operand] = value;
  }

  private int set(CodePointSet set) {
    return setIndex.computeIfAbsent(
        set,
        s -> {
          setList.add(s);
          return setList.size() - 1;
        });
  }

  private void emit(Node node) {
    if (node instanceof Node.One one) {
      add(ONE, set(one.set()), 0, 0);
    } else if (node instanceof Node.Sequence sequence) {
      sequence.parts().forEach(this::emit);
    } else if (node instanceof Node.Choice choice) {
      emitChoice(choice.choices());
    } else if (node instanceof Node.Repeat repeat) {
      emitRepeat(repeat);
    } else if (node instanceof Node.Look look) {
      int length = look.ahead() ? 0 : look.body().fixedLength();
      emitBody(look.ahead() ? AHEAD : BEHIND, look.body(), look.negative() ? 1 : 0, length);
    } else if (node instanceof Node.Atomic atomic) {
      emitBody(ATOMIC, atomic.body(), 0, 0);
    } else if (node instanceof Node.Position position) {
      add(POSITION, position.ordinal(), 0, 0);
    }
  }

  private void emitBody(int operation, Node body, int b, int c) {
    int head = add(operation, 0, b, c);
    emit(body);
    add(MATCH, 0, 0, 0);
    setOperand(head, 1, size);
  }

  private void emitChoice(List<Node> choices) {
    List<Integer> exits = new ArrayList<>();
    for (int i = 0; i < choices.size() - 1; i++) {
      int split = add(SPLIT, size + 1, 0, 0);
      emit(choices.get(i));
      exits.add(add(JUMP, 0, 0, 0));
      setOperand(split, 2, size);
    }
    emit(choices.get(choices.size() - 1));
    exits.forEach(exit -> setOperand(exit, 1, size));
  }

  private void emitRepeat(Node.Repeat repeat) {
    if (repeat.greed() == Node.Greed.POSSESSIVE) {
      Node greedy = new Node.Repeat(repeat.body(), repeat.min(), repeat.max(), Node.Greed.GREEDY);
      emitBody(ATOMIC, greedy, 0, 0);
      return;
    }
    if (repeat.body() instanceof Node.One one && repeat.greed() == Node.Greed.GREEDY) {
      add(LOOP, set(one.set()), repeat.min(), repeat.max());
      return;
    }
    for (int i = 0; i < repeat.min(); i++) {
      emit(repeat.body());
    }
    boolean lazy = repeat.greed() == Node.Greed.LAZY;
    if (repeat.max() == Node.UNBOUNDED) {
      int split = split(lazy);
      int register = repeat.body().canBeEmpty() ? registers++ : -1;
      if (register >= 0) {
        add(MARK, register, 0, 0);
      }
      emit(repeat.body());
      int check = register >= 0 ? add(LEAVE_IF_EMPTY, register, 0, 0) : -1;
      add(JUMP, split, 0, 0);
      setOperand(split, lazy ? 1 : 2, size);
      if (check >= 0) {
        setOperand(check, 2, size);
      }
    } else {
      List<Integer> splits = new ArrayList<>();
      for (int i = repeat.min(); i < repeat.max(); i++) {
        splits.add(split(lazy));
        emit(repeat.body());
      }
      splits.forEach(split -> setOperand(split, lazy ? 1 : 2, size));
    }
  }

  /** A split whose body follows; the other way is filled in later. */
  private int split(boolean lazy) {
    return lazy ? add(SPLIT, 0, size + 1, 0) : add(SPLIT, size + 1, 0, 0);
  }

  /** A loop followed by something that begins outside its set gains nothing by giving back. */
  private void keepLoopsThatCannotGiveBack() {
    for (int i = 0; i < size; i++) {
      if (code[4 * i] != LOOP) {
        continue;
      }
      int next = i + 1;
      while (code[4 * next] == JUMP) {
        next = code[4 * next + 1];
      }
      int operation = code[4 * next];
      boolean apart =
          operation == ONE
              || ((operation == LOOP || operation == LOOP_KEEP) && code[4 * next + 2] > 0);
      if (operation == MATCH
          || (apart && setList.get(code[4 * i + 1]).isDisjoint(setList.get(code[4 * next + 1])))) {
        code[4 * i] = LOOP_KEEP;
      }
    }
  }
}
