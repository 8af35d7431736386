package org.treepo4j.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.engines.contract.TinyModels;
import org.treepo4j.engines.samediff.Nd4jBackends;
import org.treepo4j.engines.samediff.SameDiffCausalLm;
import org.treepo4j.engines.vector.VectorCausalLm;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.EngineUnavailableException;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.EngineReport;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.model.engine.WeightStorage;
import org.treepo4j.testsupport.SharedData;

class EnginesTest {

  @Test
  void opensTheEngineAskedFor() {
    EngineOptions options = EngineOptions.defaults();
    try (CausalLm auto = Engines.open(TinyModels.QWEN2.weights(1), options);
        CausalLm samediff =
            Engines.open(TinyModels.QWEN2.weights(1), options.withEngine("samediff"))) {
      assertThat(auto).isInstanceOf(VectorCausalLm.class);
      assertThat(samediff).isInstanceOf(SameDiffCausalLm.class);
    }
  }

  @Test
  void anEngineWithoutLinearLayersRefusesThemByName() {
    EngineOptions options = EngineOptions.defaults();
    assertThatThrownBy(
            () -> Engines.open(TinyModels.QWEN3_5.weights(1), options.withEngine("samediff")))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageContaining("samediff")
        .hasMessageContaining("linear_attention")
        .hasMessageContaining("qwen3_5_text");
    try (CausalLm auto = Engines.open(TinyModels.QWEN3_5.weights(1), options)) {
      assertThat(auto).isInstanceOf(VectorCausalLm.class);
    }
  }

  @Test
  void opensARealFolder() throws IOException {
    Path folder = SharedData.require("stories260K");
    EngineOptions options = EngineOptions.defaults().withEngine("samediff");
    try (CausalLm model = Engines.open(folder, options);
        ForwardPass pass =
            model.forward(List.of(TokenTree.chain(1, 403, 407)), ForwardOptions.SCORE)) {
      assertThat(pass.logprobs(0)[1]).isBetween(-5f, 0f);
    }
  }

  @Test
  void refusesAFolderThatIsNone() {
    assertThatThrownBy(() -> Engines.open(Path.of("no-such-folder"), EngineOptions.defaults()))
        .isInstanceOfAny(CheckpointException.class, NoSuchFileException.class)
        .hasMessageContaining("no-such-folder");
  }

  @Test
  void refusesOptionsThatDoNotGoTogether() {
    EngineOptions bf16 = new EngineOptions("samediff", WeightStorage.BF16, 0);
    assertThatThrownBy(() -> Engines.choose(bf16))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageStartingWith("weights must be f32 with the samediff engine");
    assertThatThrownBy(() -> Engines.choose(EngineOptions.defaults().withEngine("abacus")))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageMatching(
            "engine: expected auto(, counting)?, cuda, samediff, vector, was abacus; docs/install.md tells how"
                + " an engine is added");
    assertThatThrownBy(() -> new EngineOptions(EngineOptions.AUTO, WeightStorage.F32, -1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("threads");
  }

  @Test
  void reportsWhatIsThere() {
    EngineReport report = EngineReport.ofThisMachine();
    assertThat(report.processors()).isPositive();
    assertThat(report.engines()).containsEntry("vector", "ready").containsKey("samediff");
    assertThat(report.facts()).containsEntry("nd4jBackend", Nd4jBackends.present());
    assertThat(report.auto()).isIn("vector", "cuda", "samediff");
  }
}
