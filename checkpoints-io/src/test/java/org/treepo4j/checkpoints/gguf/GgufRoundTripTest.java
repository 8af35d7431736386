package org.treepo4j.checkpoints.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.Design;
import org.treepo4j.checkpoints.Fp16;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.checkpoints.RopeScaling;
import org.treepo4j.testsupport.SharedData;

/** What is written is read again. */
class GgufRoundTripTest {

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"all-value-types", "alignment", "reversed"})
  void metadataAndTensorsOfAFileAreWrittenAsTheyWereRead(String name) throws IOException {
    Path copy = folder.resolve("copy.gguf");
    try (GgufFile original = GgufFile.open(SharedData.require("gguf/valid/" + name + ".gguf"))) {
      List<GgufTensor> tensors = List.copyOf(original.tensors().values());
      GgufWriter.write(copy, original.metadata().values(), tensors, original::readFloats);
      try (GgufFile written = GgufFile.open(copy)) {
        assertThat(written.metadata().values())
            .usingRecursiveComparison()
            .isEqualTo(original.metadata().values());
        assertThat(List.copyOf(written.tensors().keySet()))
            .isEqualTo(tensors.stream().map(GgufTensor::name).toList());
        for (GgufTensor tensor : tensors) {
          assertThat(written.readFloats(tensor.name()))
              .isEqualTo(original.readFloats(tensor.name()));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama-spm",
        "qwen2-bpe",
        "qwen3-bpe",
        "gemma2-bpe",
        "gemma3-bpe",
        "llama3-ropescaled"
      })
  void writeThenReadIsTheIdentityForModelsOfEveryFamily(String name) throws IOException {
    Path copy = folder.resolve(name + ".gguf");
    try (GgufModel model = GgufModel.open(SharedData.require("gguf/" + name + ".gguf"))) {
      GgufVocabulary vocabulary = GgufVocabulary.read(model.metadata());
      GgufExport.write(
          copy, model.config(), shapes(model), model::readFloats, GgmlType.F32, name, vocabulary);
      try (GgufModel written = GgufModel.open(copy)) {
        assertThat(written.config()).isEqualTo(model.config());
        assertThat(GgufVocabulary.read(written.metadata()))
            .usingRecursiveComparison()
            .isEqualTo(vocabulary);
        assertThat(written.tensorNames()).isEqualTo(model.tensorNames());
        for (String tensor : model.tensorNames()) {
          assertThat(written.readFloats(tensor)).isEqualTo(model.readFloats(tensor));
        }
      }
    }
  }

  private static Map<String, int[]> shapes(ModelSource model) throws CheckpointException {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    for (String name : model.tensorNames()) {
      shapes.put(name, model.shape(name).stream().mapToInt(Long::intValue).toArray());
    }
    return shapes;
  }

  @Property(tries = 200)
  void q8IsWithinHalfAQuantum(
      @ForAll @Size(64) List<@FloatRange(min = -1, max = 1) Float> mantissas,
      @ForAll @IntRange(min = -40, max = 20) int exponent)
      throws IOException {
    float[] values = new float[64];
    for (int i = 0; i < 64; i++) {
      values[i] = (float) Math.scalb(mantissas.get(i), exponent);
    }
    float[] read = writtenAndRead(values, GgmlType.Q8_0);
    for (int block = 0; block < 64; block += 32) {
      float most = 0;
      for (int i = block; i < block + 32; i++) {
        most = Math.max(most, Math.abs(values[i]));
      }
      double quantum = quantum(values, block);
      assertThat(quantum).isLessThanOrEqualTo(most / 127.0 * (1 + 0x1p-10) + 0x1p-24);
      for (int i = block; i < block + 32; i++) {
        assertThat(Math.abs((double) read[i] - values[i])).isLessThanOrEqualTo(quantum / 2);
      }
    }
  }

  /** The scale that the block's bytes hold. */
  private static double quantum(float[] values, int block) {
    ByteBuffer bytes = ByteBuffer.allocate(34).order(ByteOrder.LITTLE_ENDIAN);
    SimpleBlocks.toQ8Zero(values, block, 32, bytes);
    return Fp16.toFloat(bytes.getShort(0));
  }

  @Property(tries = 50)
  void plainTypesRoundToNearest(
      @ForAll @Size(32) List<@FloatRange(min = -6e4f, max = 6e4f) Float> list) throws IOException {
    float[] values = new float[32];
    for (int i = 0; i < 32; i++) {
      values[i] = list.get(i);
    }
    assertThat(writtenAndRead(values, GgmlType.F32)).isEqualTo(values);
    for (GgmlType type : List.of(GgmlType.F16, GgmlType.BF16)) {
      float[] once = writtenAndRead(values, type);
      assertThat(writtenAndRead(once, type)).isEqualTo(once);
      for (int i = 0; i < 32; i++) {
        double bound = type == GgmlType.F16 ? 0x1p-11 : 0x1p-8;
        assertThat(Math.abs((double) once[i] - values[i]))
            .isLessThanOrEqualTo(bound * Math.abs(values[i]) + 0x1p-25);
      }
    }
  }

  private static float[] writtenAndRead(float[] values, GgmlType type) throws IOException {
    Path file = Files.createTempFile("numbers", ".gguf");
    try {
      List<GgufTensor> tensors =
          List.of(
              new GgufTensor(
                  "t",
                  type,
                  List.of((long) values.length),
                  0,
                  (long) values.length / type.blockElements() * type.blockBytes()));
      GgufWriter.write(file, Map.of(), tensors, name -> values);
      try (GgufFile written = GgufFile.open(file)) {
        return written.readFloats("t");
      }
    } finally {
      Files.delete(file);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = GgmlType.class,
      names = {"F32", "F16", "BF16", "Q8_0"})
  void numbersThatATypeCannotHoldAreRefusedAndNothingIsLeft(GgmlType type) throws IOException {
    Path file = folder.resolve("large.gguf");
    float[] values = new float[32];
    values[7] = type == GgmlType.F32 ? Float.NaN : Float.MAX_VALUE;
    List<GgufTensor> tensors =
        List.of(
            new GgufTensor(
                "t", type, List.of(32L), 0, 32 / type.blockElements() * type.blockBytes()));
    assertThatThrownBy(() -> GgufWriter.write(file, Map.of(), tensors, name -> values))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            file + ": tensor \"t\" holds " + values[7] + ", which " + type + " cannot hold");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void whatTheFormatCannotSayIsRefused() throws IOException {
    ModelConfig llama = tiny(Architecture.LLAMA, RopeScaling.NONE);
    refused(
        tiny(Architecture.LLAMA, new RopeScaling.Yarn(4, 32, 1, 64, 1.1, true)),
        "ropeScaling Yarn");
    refused(
        llama.withDesign(Design.PLAIN.withScales(new Design.Scales(12, 0, 1, 1))), "design Design");
    refused(tiny(Architecture.PHI3, RopeScaling.NONE), "models of the family phi3");
    refused(tiny(Architecture.GEMMA2, RopeScaling.NONE), "design Design");
    assertThat(folder).isEmptyDirectory();
  }

  private void refused(ModelConfig config, String problem) {
    Path file = folder.resolve("no.gguf");
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new int[] {6, 32});
    shapes.put("model.layers.0.input_layernorm.weight", new int[] {32});
    assertThatThrownBy(
            () ->
                GgufExport.write(
                    file, config, shapes, name -> new float[0], GgmlType.F32, "no", vocabulary()))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(problem);
  }

  private static ModelConfig tiny(Architecture architecture, RopeScaling scaling) {
    return new ModelConfig(
        architecture,
        6,
        32,
        1,
        2,
        2,
        16,
        64,
        64,
        1e-5,
        10_000,
        scaling,
        false,
        false,
        false,
        true,
        1,
        List.of(2));
  }

  private static GgufVocabulary vocabulary() {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>", "a", "b", "ab"));
    return new GgufVocabulary(
        "llama",
        "default",
        tokens,
        Optional.of(new double[6]),
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }
}
