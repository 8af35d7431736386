package org.treepo4j.laws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Breaks each law's subject and asks which laws notice; none may survive. {@code laws/mutations.sh}
 * puts the table into docs/testing.md.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MutationTest {
  private static final Path ROOT = Path.of(System.getProperty("treepo.root", ".."));

  @TempDir Path folder;
  private final List<String> rows = new ArrayList<>();

  static Stream<Mutants.Mutant> mutants() {
    return Mutants.ALL.stream();
  }

  @ParameterizedTest
  @MethodSource("mutants")
  void isNoticed(Mutants.Mutant mutant) {
    List<String> noticed = brokenLaws(mutant.laws(), folder);
    rows.add(
        "| %s | %s: %s | %s |"
            .formatted(
                mutant.part(),
                mutant.fault().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                mutant.what(),
                String.join(", ", noticed.stream().map(law -> "`" + law + "`").toList())));
    assertThat(noticed).as("laws that notice %s", mutant).isNotEmpty();
  }

  @Test
  void theTableOfTheDocumentHasEveryMutant() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/testing.md"));
    for (Mutants.Mutant mutant : Mutants.ALL) {
      assertThat(page).contains("| " + mutant.part() + " | ").contains(": " + mutant.what() + " |");
    }
  }

  @AfterAll
  void writeTheTable() throws IOException {
    Path target = ROOT.resolve("laws/target");
    Files.createDirectories(target);
    Files.writeString(
        target.resolve("mutations.md"),
        "| part | broken | laws that notice |\n|---|---|---|\n" + String.join("\n", rows) + "\n");
  }

  /** Names of the laws that fail on a test class, in alphabetical order. */
  static List<String> brokenLaws(Class<?> laws, Path folder) {
    List<String> broken = new ArrayList<>();
    TestExecutionListener listener =
        new TestExecutionListener() {
          @Override
          public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest() && result.getStatus() == TestExecutionResult.Status.FAILED) {
              broken.add(test.getDisplayName().replace("()", ""));
            }
          }
        };
    Map<String, String> quietly =
        Map.of(
            "jqwik.shrinking.default", "OFF",
            "jqwik.reporting.usejunitplatform", "true",
            "jqwik.database", folder.resolve("jqwik-database").toString());
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(laws))
                .configurationParameters(quietly)
                .build(),
            listener);
    return broken.stream().sorted().toList();
  }
}
