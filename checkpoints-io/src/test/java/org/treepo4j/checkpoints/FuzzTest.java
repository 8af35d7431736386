package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.checkpoints.gguf.GgufModel;
import org.treepo4j.checkpoints.gguf.GgufVocabulary;
import org.treepo4j.checkpoints.gguf.TinyGguf;
import org.treepo4j.testsupport.OpenHandles;

/**
 * Damaged files are read or refused with one line that names the file and the cause: nothing else
 * is thrown, no handle stays open, and no more is allocated than a small multiple of the file.
 */
class FuzzTest {
  private static final long SEED = 20_260_101;
  private static final int CASES_PER_FILE = 1_200;

  /** For parsers' buffers and the exception, whatever the size of the file. */
  private static final long ALLOCATION_AT_LEAST = 512 << 10;

  private static final int ALLOCATION_PER_BYTE = 24;

  private final com.sun.management.ThreadMXBean threads =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  @TempDir Path folder;

  private interface Reader {
    void read() throws IOException;
  }

  private record Target(Path file, Reader reader) {}

  private int cases;
  private int refused;
  private long mostAllocated;
  private double mostPerByte;
  private long slowestNanos;

  @Test
  void damagedFilesAreReadOrRefused() throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    long start = System.nanoTime();
    for (Target target : targets()) {
      byte[] intact = Files.readAllBytes(target.file());
      target.reader().read();
      boolean headed = target.file().toString().endsWith(".safetensors");
      Mutator mutator = new Mutator(random.split());
      for (int i = 0; i < CASES_PER_FILE; i++) {
        byte[] damaged = mutator.mutate(intact, headed);
        // A new file each time: some file systems wait for the disk when one is overwritten.
        Files.delete(target.file());
        Files.write(target.file(), damaged);
        attempt(target, damaged.length);
      }
      Files.write(target.file(), intact);
      target.reader().read();
      assertThat(OpenHandles.below(folder)).as("handles open below %s", folder).isZero();
    }
    System.out.printf(
        "fuzz: seed %d, %d damaged files, %d refused, %d read as valid, %.1f s (slowest %.1f ms),"
            + " at most %d KiB and %.1f bytes per byte of file beyond %d KiB allocated, 0 handles left%n",
        SEED,
        cases,
        refused,
        cases - refused,
        (System.nanoTime() - start) / 1e9,
        slowestNanos / 1e6,
        mostAllocated >> 10,
        mostPerByte,
        ALLOCATION_AT_LEAST >> 10);
    assertThat(cases).isGreaterThanOrEqualTo(10_000);
  }

  private void attempt(Target target, int bytes) throws IOException {
    long thread = Thread.currentThread().getId();
    long before = threads.getThreadAllocatedBytes(thread);
    long start = System.nanoTime();
    CheckpointException refusal = null;
    try {
      target.reader().read();
    } catch (CheckpointException e) {
      refusal = e;
    }
    slowestNanos = Math.max(slowestNanos, System.nanoTime() - start);
    long allocated = threads.getThreadAllocatedBytes(thread) - before;
    mostAllocated = Math.max(mostAllocated, allocated);
    long beyond = Math.max(0, allocated - ALLOCATION_AT_LEAST);
    mostPerByte = Math.max(mostPerByte, (double) beyond / Math.max(1, bytes));
    assertThat(beyond).isLessThanOrEqualTo((long) ALLOCATION_PER_BYTE * bytes);
    cases++;
    if (refusal != null) {
      refused++;
      assertThat(refusal.getMessage())
          .startsWith(folder.toString())
          .contains(": ")
          .doesNotContain("\n", "\r", "com.fasterxml", "Exception")
          .hasSizeLessThan(1_000);
    }
  }

  private List<Target> targets() throws IOException {
    Path types = folder.resolve("types.safetensors");
    writeAllTypes(types, 1);
    Path many = folder.resolve("many.safetensors");
    writeAllTypes(many, 60);
    Path shards = folder.resolve("shards");
    export(shards, 40);
    Path single = folder.resolve("single");
    export(single, Long.MAX_VALUE);
    Path adapter = Files.createDirectory(folder.resolve("adapter"));
    new PeftAdapter(
            new AdapterConfig(1, 2, List.of("q_proj")),
            List.of(new PeftAdapter.Pair("q_proj.weight", 2, 3, new float[3], new float[2], 2)))
        .writeInto(adapter, "base");
    Path checkpoint =
        new CheckpointStore(folder.resolve("checkpoints"), 1, message -> {})
            .write(1, true, aside -> Files.writeString(aside.resolve("x"), "x"))
            .folder();
    Path gguf = Files.write(folder.resolve("model.gguf"), TinyGguf.bytes());
    return List.of(
        new Target(types, () -> readAll(types)),
        new Target(many, () -> readAll(many)),
        new Target(single.resolve("model.safetensors"), () -> readAllOfFolder(single)),
        new Target(single.resolve("config.json"), () -> readAllOfFolder(single)),
        new Target(single.resolve("generation_config.json"), () -> readAllOfFolder(single)),
        new Target(shards.resolve("model.safetensors.index.json"), () -> readAllOfFolder(shards)),
        new Target(shards.resolve("config.json"), () -> readAllOfFolder(shards)),
        new Target(gguf, () -> readAllOfGguf(gguf)),
        new Target(adapter.resolve("adapter_config.json"), () -> PeftAdapter.read(adapter)),
        new Target(adapter.resolve("adapter_model.safetensors"), () -> PeftAdapter.read(adapter)),
        new Target(
            checkpoint.resolve("manifest.json"),
            () -> Manifest.read(checkpoint).verify(checkpoint, true)));
  }

  private static void readAll(Path path) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      for (TensorInfo tensor : file.tensors().values()) {
        switch (tensor.dtype()) {
          case F64 -> file.readDoubles(tensor.name());
          case BF16 -> file.readBf16(tensor.name());
          case F32, F16 -> file.readFloats(tensor.name());
          default -> file.readLongs(tensor.name());
        }
      }
    }
  }

  private static void readAllOfFolder(Path path) throws IOException {
    try (HfFolder read = HfFolder.open(path)) {
      for (String name : read.tensorNames()) {
        if (read.tensor(name).dtype().isFloat()) {
          read.readFloats(name);
        }
      }
    }
  }

  private static void readAllOfGguf(Path path) throws IOException {
    try (GgufModel model = GgufModel.open(path)) {
      GgufVocabulary.read(model.metadata());
      for (String name : model.tensorNames()) {
        model.readFloats(name);
      }
    }
  }

  private static void writeAllTypes(Path path, int copies) throws IOException {
    Map<String, TensorSpec> specs = new LinkedHashMap<>();
    for (int copy = 0; copy < copies; copy++) {
      for (DType dtype : DType.values()) {
        String name = "tensor." + dtype + '.' + copy;
        specs.put(name, TensorSpec.of(name, dtype, 2, 3));
      }
    }
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(path, List.copyOf(specs.values()), Map.of("format", "pt"))) {
      for (TensorSpec spec : specs.values()) {
        if (spec.dtype().isFloat()) {
          writer.writeFloats(spec.name(), new float[] {1, 2, 3, -1, -2, -3});
        } else {
          writer.writeLongs(spec.name(), new long[] {1, 0, 1, 0, 1, 1});
        }
      }
      writer.finish();
    }
  }

  private static void export(Path path, long shardBytes) throws IOException {
    ModelConfig config =
        new ModelConfig(
            Architecture.QWEN3,
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
            new RopeScaling.Llama3(8, 1, 4, 64),
            false,
            false,
            true,
            true,
            1,
            List.of(2, 3));
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new int[] {8, 4});
    shapes.put("model.layers.0.mlp.up_proj.weight", new int[] {6, 4});
    shapes.put("model.norm.weight", new int[] {4});
    HfExport.write(
        path,
        config,
        shapes,
        name -> new float[shapes.get(name)[0] * (shapes.get(name).length == 2 ? 4 : 1)],
        new ExportOptions(DType.F32, shardBytes, Optional.empty()));
  }
}
