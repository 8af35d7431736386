package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.treepo4j.base.files.DurableFiles;
import org.treepo4j.testsupport.SharedData;

class HfExportTest {
  private static final ModelConfig TINY =
      new ModelConfig(
          Architecture.LLAMA,
          8,
          4,
          1,
          2,
          1,
          2,
          6,
          16,
          1e-5,
          10_000,
          RopeScaling.NONE,
          false,
          false,
          false,
          true,
          1,
          List.of(2));

  private static final Map<String, int[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("model.embed_tokens.weight", new int[] {8, 4});
    SHAPES.put("model.layers.0.mlp.up_proj.weight", new int[] {6, 4});
    SHAPES.put("model.norm.weight", new int[] {4});
  }

  @TempDir Path temporary;

  @Property(tries = 200)
  void everyModelComesBackFromItsConfigJson(@ForAll("models") ModelConfig model)
      throws IOException {
    Path file = Path.of("config.json");
    byte[] json = HfConfigWriter.bytes(HfConfigWriter.config(file, model, DType.BF16));
    Path folder = Files.createTempDirectory("config");
    try {
      Files.write(folder.resolve("config.json"), json);
      assertThat(HfFolder.readConfig(folder)).isEqualTo(model);
    } finally {
      DurableFiles.deleteTree(folder);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aNewModelOfEveryFamilyCanBeExported(Architecture family) throws CheckpointException {
    NewModel model = new NewModel(family, 24, 4, 3, 1, 40, 64, 10_000, false);
    ModelConfig config = model.config(50, -1, List.of(3, 4));
    assertThat(config.headDim()).isEqualTo(8);
    assertThat(config.attentionScale()).isCloseTo(Math.pow(8, -0.5), within(1e-15));
    HfConfigWriter.config(Path.of("config.json"), config, DType.F32);
  }

  @Test
  void factorsOfEveryFrequencyComeBackAsLongrope() throws IOException {
    ModelConfig model = withRope(new RopeScaling.Factors(List.of(1.0, 2.5)));
    Path file = temporary.resolve("config.json");
    Files.write(file, HfConfigWriter.bytes(HfConfigWriter.config(file, model, DType.F32)));
    assertThat(Files.readString(file)).contains("longrope");
    assertThat(HfFolder.readConfig(temporary)).isEqualTo(model);
  }

  /** Transformers 5 has no default for these fields and fails without them. */
  @Test
  void ministral3SaysThatItsQueriesDoNotGrow() throws CheckpointException {
    for (RopeScaling scaling : List.of(RopeScaling.NONE, new RopeScaling.Llama3(8, 1, 4, 2))) {
      ModelConfig model = withRope(scaling).withArchitecture(Architecture.MINISTRAL3);
      JsonNode rope =
          HfConfigWriter.config(Path.of("config.json"), model, DType.F32).get("rope_parameters");
      assertThat(rope.path("llama_4_scaling_beta").asDouble(-1)).isZero();
      assertThat(rope.path("original_max_position_embeddings").asInt())
          .isEqualTo(scaling instanceof RopeScaling.Llama3 ? 2 : model.maxPositions());
    }
  }

  private static ModelConfig withRope(RopeScaling scaling) {
    return new ModelConfig(
        TINY.architecture(),
        TINY.vocabSize(),
        TINY.hiddenSize(),
        TINY.layers(),
        TINY.heads(),
        TINY.kvHeads(),
        4,
        TINY.ffnSize(),
        TINY.maxPositions(),
        TINY.normEps(),
        TINY.ropeTheta(),
        scaling,
        false,
        false,
        false,
        true,
        TINY.bosTokenId(),
        TINY.eosTokenIds());
  }

  @Test
  void refusesAModelTheFamilyCannotExpress() {
    ModelConfig biased =
        new ModelConfig(
            Architecture.MISTRAL,
            8,
            4,
            1,
            2,
            1,
            2,
            6,
            16,
            1e-5,
            10_000,
            RopeScaling.NONE,
            true,
            false,
            false,
            true,
            1,
            List.of(2));
    assertThatThrownBy(
            () ->
                HfExport.write(
                    temporary.resolve("out"),
                    biased,
                    SHAPES,
                    HfExportTest::values,
                    ExportOptions.of(DType.F32, Optional.empty())))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("a mistral configuration cannot express");
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void writesOneFileOrShardsThatReadTheSame() throws IOException {
    for (long shardBytes : new long[] {1_000, 100, 1}) {
      Path folder = temporary.resolve("shards-of-" + shardBytes);
      HfExport.write(
          folder,
          TINY,
          SHAPES,
          HfExportTest::values,
          new ExportOptions(DType.F32, shardBytes, Optional.empty()));
      assertThat(folder.resolve("model.safetensors.index.json").toFile().exists())
          .isEqualTo(shardBytes < 1_000);
      try (HfFolder read = HfFolder.open(folder)) {
        assertThat(read.config()).isEqualTo(TINY);
        assertThat(read.tensorNames()).containsExactlyElementsOf(SHAPES.keySet());
        for (String name : SHAPES.keySet()) {
          assertThat(read.tensor(name).hasShape(SHAPES.get(name))).isTrue();
          assertThat(read.readFloats(name)).isEqualTo(values(name));
        }
      }
    }
  }

  @Test
  void aRealFolderComesBackByteForByte() throws IOException {
    for (String data : List.of("stories260K", "arithmetic-sequence-hf")) {
      Path source = SharedData.require(data);
      Path folder = temporary.resolve(data);
      try (HfFolder read = HfFolder.open(source)) {
        Map<String, int[]> shapes = new LinkedHashMap<>();
        for (String name : read.tensorNames()) {
          shapes.put(name, read.tensor(name).shape().stream().mapToInt(Math::toIntExact).toArray());
        }
        DType dtype = read.tensor("model.norm.weight").dtype();
        HfExport.write(
            folder,
            read.config(),
            shapes,
            read::readFloats,
            ExportOptions.of(dtype, Optional.of(source)));
        for (String name :
            List.of("tokenizer.json", "tokenizer_config.json", "generation_config.json")) {
          assertThat(folder.resolve(name)).hasSameBinaryContentAs(source.resolve(name));
        }
        try (HfFolder again = HfFolder.open(folder)) {
          assertThat(again.config()).isEqualTo(read.config());
          for (String name : read.tensorNames()) {
            assertThat(again.readBf16(name)).isEqualTo(read.readBf16(name));
            assertThat(again.readFloats(name)).isEqualTo(read.readFloats(name));
          }
        }
      }
    }
  }

  @Test
  void aFailureLeavesNothingAndAFullFolderIsNotTouched() throws IOException {
    Path folder = temporary.resolve("out");
    TensorValues failing =
        name -> {
          throw new IOException("No space left on device");
        };
    ExportOptions options = ExportOptions.of(DType.F16, Optional.empty());
    assertThatThrownBy(() -> HfExport.write(folder, TINY, SHAPES, failing, options))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(folder + ": cannot be written: No space left on device");
    assertThat(temporary).isEmptyDirectory();

    Files.createDirectory(folder);
    Files.writeString(folder.resolve("precious"), "x");
    assertThatThrownBy(() -> HfExport.write(folder, TINY, SHAPES, HfExportTest::values, options))
        .hasMessage(folder + ": cannot be written: exists already and is not empty");
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left).containsExactly(folder);
    }
  }

  @Provide
  Arbitrary<ModelConfig> models() {
    Arbitrary<RopeScaling> scalings =
        Arbitraries.of(
            RopeScaling.NONE,
            new RopeScaling.Linear(2.5),
            new RopeScaling.Llama3(8, 1, 4, 8192),
            new RopeScaling.Llama3(32, 1.5, 3.25, 64),
            new RopeScaling.Yarn(16, 32, 1, 64, 1.25, false));
    Arbitrary<List<Integer>> eos =
        Arbitraries.integers().between(0, 99).list().ofMaxSize(3).uniqueElements();
    return Combinators.combine(
            Arbitraries.of(Architecture.class),
            Arbitraries.integers().between(1, 4),
            Arbitraries.integers().between(1, 200),
            Arbitraries.doubles().between(0, 1),
            Arbitraries.doubles().between(1, 1e8),
            scalings,
            Arbitraries.integers().between(0, 255),
            eos)
        .as(HfExportTest::model);
  }

  private static ModelConfig model(
      Architecture architecture,
      int kvHeads,
      int size,
      double eps,
      double theta,
      RopeScaling scaling,
      int flags,
      List<Integer> eos) {
    boolean optionalBias =
        (flags & 1) == 1
            && switch (architecture) {
              case MISTRAL, MINISTRAL3, QWEN2, PHI3, QWEN3_5 -> false;
              default -> true;
            };
    // Phi 3 has none; Ministral's scaling and growth of queries share their original length.
    boolean otherScaling =
        architecture == Architecture.PHI3
            || architecture == Architecture.MINISTRAL3 && scaling instanceof RopeScaling.Llama3;
    // By layer type, transformers knows no borders of YaRN but whole ones.
    boolean byLayer = architecture == Architecture.GEMMA3 || architecture == Architecture.OLMO3;
    boolean wholeBorders = byLayer && scaling instanceof RopeScaling.Yarn;
    RopeScaling allowed =
        otherScaling
            ? RopeScaling.NONE
            : wholeBorders ? new RopeScaling.Yarn(16, 32, 1, 64, 1.25, true) : scaling;
    Design design = FamilyDesigns.of(architecture, size + 2, size + 1, size + 4, flags >> 3);
    return new ModelConfig(
        architecture,
        size + 99,
        size + 1,
        size + 2,
        kvHeads * 3,
        kvHeads,
        size * 2,
        size + 3,
        size + 4,
        eps,
        theta,
        allowed,
        architecture == Architecture.QWEN2 || optionalBias,
        optionalBias,
        switch (architecture) {
          case QWEN3, GEMMA3, OLMO2, OLMO3, QWEN3_5, QWEN3_MOE, OLMOE -> true;
          default -> false;
        },
        (flags & 2) == 2,
        (flags & 4) - 1,
        eos,
        architecture == Architecture.PHI3 || architecture == Architecture.QWEN3_5
            ? design.withRotaryWidth(2 * ((size + 1) / 2))
            : design);
  }

  private static float[] values(String name) {
    int n = 1;
    for (int dimension : SHAPES.get(name)) {
      n *= dimension;
    }
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = name.length() + i;
    }
    return values;
  }
}
