package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
import org.junit.jupiter.params.provider.ValueSource;
import org.treepo4j.base.files.DurableFiles;

class SafetensorsRoundTripTest {

  @Property(tries = 150)
  void writeThenReadIsIdentity(
      @ForAll("specs") List<TensorSpec> specs,
      @ForAll("metadata") Map<String, String> metadata,
      @ForAll long seed)
      throws IOException {
    Path folder = Files.createTempDirectory("round-trip");
    Path file = folder.resolve("x.safetensors");
    try {
      Random random = new Random(seed);
      List<TensorSpec> order = new ArrayList<>(specs);
      Collections.shuffle(order, random);
      Map<String, Object> written = new HashMap<>();
      try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, metadata)) {
        for (TensorSpec spec : order) {
          written.put(spec.name(), writeRandom(writer, spec, random));
        }
        assertThat(file).doesNotExist();
        writer.finish();
      }
      try (SafetensorsFile read = SafetensorsFile.open(file)) {
        assertThat(read.metadata()).isEqualTo(metadata);
        assertThat(read.tensors()).hasSize(specs.size());
        for (TensorSpec spec : specs) {
          TensorInfo info = read.tensors().get(spec.name());
          assertThat(info.dtype()).isEqualTo(spec.dtype());
          assertThat(info.shape()).isEqualTo(spec.shape().stream().map(d -> (long) d).toList());
          assertThat(info.begin() % spec.dtype().bytes()).isZero();
          assertThat(read(read, spec)).isEqualTo(written.get(spec.name()));
        }
      }
      try (Stream<Path> left = Files.list(folder)) {
        assertThat(left).containsExactly(file);
      }
    } finally {
      DurableFiles.deleteTree(folder);
    }
  }

  /** 640 and 1024 + 128 are the lengths whose bytes are those of a pickle. */
  @ParameterizedTest
  @ValueSource(ints = {640, 1152, 0x8b1f})
  void aHeaderOfAnyLengthIsRead(int length, @TempDir Path folder) throws IOException {
    String json = "{\"__metadata__\":{\"a\":\"b\"}}";
    byte[] header = (json + " ".repeat(length - json.length())).getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
    Path file = folder.resolve("x.safetensors");
    Files.write(file, bytes.putLong(length).put(header).array());
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.metadata()).isEqualTo(Map.of("a", "b"));
    }
  }

  @Test
  void readsTensorsBeyondTwoGigabytesWithoutLoadingTheRest(@TempDir Path folder)
      throws IOException {
    Path file = folder.resolve("sparse.safetensors");
    long large = 5_000_000_000L;
    String header =
        "{\"big\":{\"dtype\":\"U8\",\"shape\":[5000000000],\"data_offsets\":[0,%d]},"
                .formatted(large)
            + "\"small\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%d,%d]}}"
                .formatted(large, large + 8);
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
      out.write(json);
      out.seek(8 + json.length + large);
      out.write(
          ByteBuffer.allocate(8)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putFloat(1.5f)
              .putFloat(-2f)
              .array());
    }
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      assertThat(read.readFloats("small")).containsExactly(1.5f, -2f);
      assertThatThrownBy(() -> read.readLongs("big"))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("more than the");
    }
  }

  @Test
  void tensorsLongerThanTheBufferComeBack(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("long.safetensors");
    float[] values = new float[700_001];
    Random random = new Random(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = Bf16.toFloat(Bf16.fromFloat((float) random.nextGaussian()));
    }
    List<TensorSpec> specs =
        List.of(
            TensorSpec.of("f32", DType.F32, values.length),
            TensorSpec.of("f64", DType.F64, values.length),
            TensorSpec.of("bf16", DType.BF16, values.length));
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
      for (TensorSpec spec : specs) {
        writer.writeFloats(spec.name(), values);
      }
      writer.finish();
    }
    try (SafetensorsFile read = SafetensorsFile.open(file)) {
      for (TensorSpec spec : specs) {
        assertThat(read.readFloats(spec.name())).isEqualTo(values);
      }
      assertThat(read.readBf16("f32")).isEqualTo(read.readBf16("bf16"));
    }
  }

  @Test
  void anUnfinishedFileLeavesTheFormerOne(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("x.safetensors");
    Files.writeString(file, "former");
    List<TensorSpec> specs = List.of(TensorSpec.of("x", DType.F16, 1));
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
      assertThatThrownBy(() -> writer.writeFloats("x", new float[] {70_000}))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("too large for F16");
    }
    assertThat(file).hasContent("former");
    assertThat(folder.toFile().list()).hasSize(1);
  }

  @Provide
  Arbitrary<List<TensorSpec>> specs() {
    Arbitrary<String> names =
        Arbitraries.strings()
            .ofMinLength(1)
            .ofMaxLength(20)
            .filter(name -> StandardCharsets.UTF_8.newEncoder().canEncode(name));
    Arbitrary<List<Integer>> shapes =
        Arbitraries.integers().between(0, 7).list().ofMaxSize(4).map(List::copyOf);
    return Combinators.combine(names, Arbitraries.of(DType.class), shapes)
        .as(TensorSpec::new)
        .list()
        .uniqueElements(TensorSpec::name)
        .ofMaxSize(6);
  }

  @Provide
  Arbitrary<Map<String, String>> metadata() {
    Arbitrary<String> texts =
        Arbitraries.strings()
            .ofMaxLength(12)
            .filter(text -> StandardCharsets.UTF_8.newEncoder().canEncode(text));
    return Arbitraries.maps(texts, texts).ofMaxSize(3);
  }

  private static Object writeRandom(SafetensorsWriter writer, TensorSpec spec, Random random)
      throws IOException {
    int n = (int) spec.elements();
    switch (spec.dtype()) {
      case F64 -> {
        double[] values = random.doubles(n).toArray();
        writer.writeDoubles(spec.name(), values);
        return values;
      }
      case BF16 -> {
        short[] bits = new short[n];
        for (int i = 0; i < n; i++) {
          bits[i] = (short) random.nextInt();
        }
        writer.writeBf16(spec.name(), bits);
        return bits;
      }
      case F32, F16 -> {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
          float any = (float) random.nextGaussian();
          values[i] = spec.dtype() == DType.F32 ? any : Fp16.toFloat(Fp16.fromFloat(any));
        }
        writer.writeFloats(spec.name(), values);
        return values;
      }
      default -> {
        long[] values = new long[n];
        for (int i = 0; i < n; i++) {
          long any = random.nextLong();
          values[i] =
              switch (spec.dtype()) {
                case I32 -> (int) any;
                case U8 -> any & 0xff;
                case BOOL -> any & 1;
                default -> any;
              };
        }
        writer.writeLongs(spec.name(), values);
        return values;
      }
    }
  }

  private static Object read(SafetensorsFile file, TensorSpec spec) throws IOException {
    return switch (spec.dtype()) {
      case F64 -> file.readDoubles(spec.name());
      case BF16 -> file.readBf16(spec.name());
      case F32, F16 -> file.readFloats(spec.name());
      default -> file.readLongs(spec.name());
    };
  }

  @Test
  void aTensorIsTheSameToItsLastByteInTypeAndShape(@TempDir Path folder) throws IOException {
    int size = 600_001; // of several chunks
    float[] values = new float[size];
    float[] other = new float[size];
    other[size - 1] = 1;
    Path file = folder.resolve("x.safetensors");
    List<TensorSpec> specs =
        List.of(
            TensorSpec.of("a", DType.F32, size),
            TensorSpec.of("b", DType.F32, size),
            TensorSpec.of("c", DType.F32, size),
            TensorSpec.of("d", DType.F32, 1, size),
            TensorSpec.of("e", DType.F16, size));
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
      writer.writeFloats("a", values);
      writer.writeFloats("b", values);
      writer.writeFloats("c", other);
      writer.writeFloats("d", values);
      writer.writeFloats("e", values);
      writer.finish();
    }
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      assertThat(opened.holdsSame("a", opened, "b")).isTrue();
      assertThat(opened.holdsSame("a", opened, "c")).isFalse();
      assertThat(opened.holdsSame("a", opened, "d")).isFalse();
      assertThat(opened.holdsSame("a", opened, "e")).isFalse();
    }
  }
}
