package org.treepo4j.checkpoints;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A process that writes checkpoints until it is killed, and says so after each. */
final class CheckpointLoop {
  private static final int ELEMENTS = 40_000;

  private CheckpointLoop() {}

  public static void main(String[] arguments) throws IOException {
    CheckpointStore store =
        new CheckpointStore(
            Path.of(arguments[0]), 2, message -> System.out.println("# " + message));
    long step = store.latestComplete().map(CheckpointStore.Checkpoint::step).orElse(0L);
    while (true) {
      step++;
      long now = step;
      store.write(step, step % 7 == 0, aside -> writeFiles(aside, now));
      System.out.println(step);
    }
  }

  private static void writeFiles(Path aside, long step) throws IOException {
    float[] values = new float[ELEMENTS];
    Arrays.fill(values, (float) step);
    TensorSpec tensor = TensorSpec.of("step", DType.F32, ELEMENTS);
    for (String name : List.of("model.safetensors", "optimizer.safetensors")) {
      try (SafetensorsWriter writer =
          SafetensorsWriter.create(aside.resolve(name), List.of(tensor), Map.of())) {
        writer.writeFloats("step", values);
        writer.finish();
      }
    }
    Files.writeString(aside.resolve("trainer.json"), "{\"step\":" + step + "}");
  }
}
