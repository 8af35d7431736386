package org.treepo4j.rl.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.rl.supervised.PretrainSettings;

class RunInputsTest {
  @TempDir Path folder;

  @Test
  void ofATokenizersFolderNothingElseIsRead() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    RunInputs alone = inputs();
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"of another family\"}");
    Files.writeString(folder.resolve("model.safetensors"), "no weights that we read");
    assertThat(alone.changed(inputs())).isEmpty();
    Files.writeString(folder.resolve("tokenizer.json"), "{ }");
    assertThat(alone.changed(inputs())).containsExactly("tokenizer");
  }

  private RunInputs inputs() throws IOException {
    return RunInputs.of(
        Settings.of(PretrainSettings.defaults())
            .set("tokenizer", folder)
            .set("output", folder.resolve("run"))
            .build());
  }
}
