package org.treepo4j.laws;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.treepo4j.tokenizer.SpecialTokenNames;
import org.treepo4j.tokenizer.Tokenizer;
import org.treepo4j.tokenizer.TokenizerTrainer;

/** A tokenizer for tests, learned when it is first asked for. */
final class TrainedTokenizer {
  static final Tokenizer BYTE_LEVEL = byteLevel();

  private TrainedTokenizer() {}

  private static Tokenizer byteLevel() {
    try {
      Path folder = Files.createTempDirectory("laws-tokenizer");
      try {
        new TokenizerTrainer(SpecialTokenNames.BYTE_LEVEL)
            .trainByteLevel(
                List.of("the cat sat on the mat", "the dog don't sit", "日本語 日本"), 300, folder);
        return Tokenizer.load(folder);
      } finally {
        try (var files = Files.list(folder)) {
          for (Path file : files.toList()) {
            Files.delete(file);
          }
        }
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
