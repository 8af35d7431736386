package org.treepo4j.laws;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The wrong estimator of docs/laws.md is the one that is caught here. */
class LawsPageTest {
  private static final Path ROOT = Path.of(System.getProperty("treepo.root", ".."));

  @TempDir Path folder;

  @Test
  void thePageShowsTheSourceThatIsRun() throws IOException {
    String source =
        Files.readString(ROOT.resolve("laws/src/test/java/org/treepo4j/laws/WrongEstimator.java"));
    String shown =
        source
            .substring(source.indexOf("  // begin\n") + 11, source.indexOf("  // end\n"))
            .stripTrailing()
            .indent(-2);
    assertThat(Files.readString(ROOT.resolve("docs/laws.md"))).contains("```java\n" + shown);
  }

  @Test
  void theWrongEstimatorIsCaughtByTheLawThatThePageNames() throws IOException {
    assertThat(MutationTest.brokenLaws(WrongEstimator.LeaveOneOutTest.class, folder))
        .containsExactly("advantagesKeepWhatTheEstimatorClaims");
    assertThat(Files.readString(ROOT.resolve("docs/laws.md")))
        .contains("LeaveOneOutTest:advantagesKeepWhatTheEstimatorClaims");
  }
}
