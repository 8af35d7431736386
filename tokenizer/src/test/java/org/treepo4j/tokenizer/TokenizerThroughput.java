package org.treepo4j.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * Measures one core on real files: {@code TokenizerThroughput TOKENIZER_FOLDER TEXT_FILE}. Prints
 * the time to load, the speed on the text line by line, and the time for hard lines of a megabyte.
 */
final class TokenizerThroughput {
  private static final int ROUNDS = 5;
  private static final int MEGABYTE = 1 << 20;

  private TokenizerThroughput() {}

  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    for (int i = 0; i < 3; i++) {
      long begin = System.nanoTime();
      Tokenizer.load(folder);
      System.out.printf("load, time %d: %.0f ms%n", i + 1, milliseconds(begin));
    }
    Tokenizer tokenizer = Tokenizer.load(folder);
    List<String> lines = Files.readAllLines(Path.of(arguments[1]));
    long bytes = Files.size(Path.of(arguments[1]));
    for (int i = 0; i < ROUNDS; i++) {
      long begin = System.nanoTime();
      long ids = 0;
      for (String line : lines) {
        ids += tokenizer.encode(line).length;
      }
      report("encode", bytes, begin, ids);
    }
    int[] all = tokenizer.encode(String.join("\n", lines));
    for (int i = 0; i < ROUNDS; i++) {
      long begin = System.nanoTime();
      int length = tokenizer.decode(all, true).length();
      report("decode", bytes, begin, length);
    }
    hard(tokenizer, "one letter", "a".repeat(MEGABYTE));
    hard(tokenizer, "spaces", " ".repeat(MEGABYTE));
    hard(tokenizer, "random letters", random('a', 26));
    hard(tokenizer, "Chinese", random('一', 5000));
    hard(tokenizer, "newlines", "\n".repeat(MEGABYTE));
    hard(tokenizer, "punctuation", "=-".repeat(MEGABYTE / 2));
  }

  private static String random(char first, int count) {
    Random random = new Random(1);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < MEGABYTE; i++) {
      text.append((char) (first + random.nextInt(count)));
    }
    return text.toString();
  }

  private static void hard(Tokenizer tokenizer, String name, String text) {
    long begin = System.nanoTime();
    int ids = tokenizer.encode(text).length;
    report("encode a line of " + name, text.getBytes(StandardCharsets.UTF_8).length, begin, ids);
  }

  private static void report(String what, long bytes, long begin, long result) {
    double milliseconds = milliseconds(begin);
    System.out.printf(
        "%s: %.1f MB in %.0f ms, %.1f MB/s (%d)%n",
        what, bytes / 1e6, milliseconds, bytes / 1e3 / milliseconds, result);
  }

  private static double milliseconds(long begin) {
    return (System.nanoTime() - begin) / 1e6;
  }
}
