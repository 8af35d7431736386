package org.treepo4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.testsupport.SharedData;

class WeightsLoaderTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "stories260K",
        "arithmetic-sequence-hf",
        "models/qwen2-tiny-sharded",
        "models/llama3-tiny-ropescaled"
      })
  void readsRealFolders(String name) throws IOException {
    try (HfFolder folder = HfFolder.open(SharedData.require(name))) {
      Weights weights = WeightsLoader.load(folder);
      assertThat(weights.parameters())
          .extracting(Parameter::name)
          .containsExactlyElementsOf(TensorNames.shapes(folder.config()).keySet());
    }
  }
}
