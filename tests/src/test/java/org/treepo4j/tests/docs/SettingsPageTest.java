package org.treepo4j.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.treepo4j.cli.settings.SettingsReference;
import org.treepo4j.rl.train.PretrainSettings;
import org.treepo4j.rl.train.SftSettings;
import org.treepo4j.rl.train.TrainSettings;

/** docs/settings.md is made from the settings records; {@code -Dtreepo.write=true} writes it. */
class SettingsPageTest {
  private static final Path PAGE = Page.ROOT.resolve("docs/settings.md");

  @Test
  void thePageIsMadeFromTheRecords() throws IOException {
    if (Boolean.getBoolean("treepo.write")) {
      Files.writeString(PAGE, page());
    }
    assertThat(PAGE)
        .as("mvn -pl tests -am test -Dtest=SettingsPageTest -Dtreepo.write=true writes it anew")
        .hasContent(page());
  }

  private static String page() {
    return """
        # Settings

        Made from the settings records by `SettingsPageTest`; do not edit. Bold rows are groups. A file sets what differs from the default:

        ```
        rollout:
          maxWidth: 8
        ```

        and `--set rollout.maxWidth=8` does the same on the command line. Unknown names and wrong values are refused before anything starts. Paths in a file are relative to the file, those of `--set` to
        where you are. Names of choices may be written in any case.

        ## `./treepo train`
        """
        + SettingsReference.markdown(TrainSettings.class)
        + "\n## `./treepo pretrain`\n"
        + SettingsReference.markdown(PretrainSettings.class)
        + "\n## `./treepo sft`\n"
        + SettingsReference.markdown(SftSettings.class);
  }
}
