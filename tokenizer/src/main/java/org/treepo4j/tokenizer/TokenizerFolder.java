package org.treepo4j.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.treepo4j.base.files.InputFile;

/** Finds out what kind of tokenizer a folder holds. */
final class TokenizerFolder {
  private TokenizerFolder() {}

  static Tokenizer load(Path folder) throws IOException {
    Optional<String> notAFolder = InputFile.notAFolder(folder);
    if (notAFolder.isPresent()) {
      throw new TokenizerException(folder, notAFolder.get());
    }
    TokenizerConfig config = TokenizerConfig.read(folder);
    Path json = folder.resolve("tokenizer.json");
    Path vocabulary = folder.resolve("vocab.json");
    Path merges = folder.resolve("merges.txt");
    TokenizerParts parts;
    if (Files.exists(json)) {
      parts = TokenizerJson.read(json);
    } else if (Files.exists(vocabulary) && Files.exists(merges)) {
      parts = VocabularyAndMerges.read(vocabulary, merges, config);
    } else {
      Path pieces = folder.resolve("tokenizer.model");
      if (Files.exists(pieces)) {
        Optional<String> problem = InputFile.problem(pieces, "SentencePiece");
        if (problem.isPresent()) {
          throw new TokenizerException(pieces, problem.get());
        }
      }
      String found =
          Files.exists(pieces)
              ? "; tokenizer.model (SentencePiece) is unsupported, convert it to tokenizer.json"
              : "";
      throw new TokenizerException(
          folder, "holds neither tokenizer.json nor vocab.json with merges.txt" + found);
    }
    return new PipelineTokenizer(config.apply(parts));
  }
}
