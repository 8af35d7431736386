package org.treepo4j.rl.reward;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.treepo4j.base.Printable;

/**
 * One response scored by a copy of its own before a run begins: a program that is there may still
 * end at once, for want of its script or of a library.
 */
final class ProgramTrial {
  private static final int LONGEST_SHOWN = 300;

  private ProgramTrial() {}

  /**
   * Why there is no score, with the last line that the program wrote to its standard error; empty
   * where there is one.
   *
   * @param startLimit what the answer may take longer for starting
   * @param timeLimit for the answer
   */
  static Optional<String> problem(
      List<String> command, Duration startLimit, Duration timeLimit, RewardInput input)
      throws IOException, InterruptedException {
    File said = File.createTempFile("treepo-reward-", ".err");
    try {
      try (ProgramReward reward = new ProgramReward(command, startLimit, timeLimit, 1, said)) {
        reward.score(input, StartingReward.NO_CLOCK);
        return Optional.empty();
      } catch (IOException | RewardException e) {
        return Optional.of(e.getMessage() + lastLine(said.toPath()));
      }
    } finally {
      Files.deleteIfExists(said.toPath());
    }
  }

  private static String lastLine(Path said) throws IOException {
    return new String(Files.readAllBytes(said), StandardCharsets.UTF_8)
        .lines()
        .filter(line -> !line.isBlank())
        .reduce((before, line) -> line)
        .map(line -> "; the last it said was: " + Printable.of(line.strip(), LONGEST_SHOWN))
        .orElse("");
  }
}
