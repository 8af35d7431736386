package org.treepo4j.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of docs/library.md. */
class LibraryExampleTest {
  private static final Path SOURCE =
      Page.ROOT.resolve("tests/src/test/java/org/treepo4j/tests/docs/LibraryExample.java");

  @Test
  void theDocumentShowsTheSourceThatIsRun() throws Exception {
    String source = Files.readString(SOURCE);
    String shown =
        source
            .substring(source.indexOf("  // begin\n") + 11, source.indexOf("  // end\n"))
            .stripTrailing()
            .indent(-2);
    Page page = Page.read(Page.ROOT.resolve("docs/library.md"));
    assertThat(page.fences())
        .filteredOn(fence -> fence.language().equals("java"))
        .first()
        .satisfies(fence -> assertThat(String.join("\n", fence.lines()) + "\n").isEqualTo(shown));
  }

  @Test
  void itRuns(@TempDir Path folder) throws Exception {
    Path model = TinyModel.in(folder);
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      LibraryExample.main(new String[] {model.toString()});
    } finally {
      System.setOut(before);
    }
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("17+25-9=", "8 trajectories");
  }
}
