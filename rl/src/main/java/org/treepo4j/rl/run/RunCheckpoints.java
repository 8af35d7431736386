package org.treepo4j.rl.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.treepo4j.base.files.DurableFiles;
import org.treepo4j.base.json.StrictJson;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.CheckpointStore;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.SafetensorsFile;
import org.treepo4j.checkpoints.SafetensorsWriter;
import org.treepo4j.checkpoints.TensorSpec;
import org.treepo4j.rl.data.DifficultyPools;

/**
 * The checkpoints of a run: the policy as a folder other tools read, beside it the optimiser's
 * moments and where the run stands in a folder of their own, all in float32, so that a resumed run
 * is the same run.
 */
public final class RunCheckpoints {
  /**
   * The folder of all that is not the model's: most programs read every {@code *.safetensors} of a
   * model folder as weights.
   */
  private static final String TRAINER = "trainer";

  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final String STATE = "trainer_state.json";
  private static final String SUCCESS_RATES = "success_rates.json";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final Path runFolder;
  private final CheckpointStore store;

  /**
   * @param runFolder whose folder {@code checkpoints} holds them
   * @param messages told which checkpoints are ignored and why
   */
  public RunCheckpoints(Path runFolder, int keepLast, Consumer<String> messages) {
    this.runFolder = runFolder;
    this.store = new CheckpointStore(runFolder.resolve("checkpoints"), keepLast, messages);
  }

  /**
   * Where a run stands, as {@code trainer_state.json} has it.
   *
   * @param training counters of the run
   * @param optimizerSteps steps AdamW has taken
   * @param skippedInARow gradients thrown away in a row
   * @param plannedUpdates how many updates the run was to have, by which its learning rate falls; 0
   *     in checkpoints of earlier versions
   */
  record Saved(
      TrainingState training, long optimizerSteps, int skippedInARow, long plannedUpdates) {}

  /** The newest complete checkpoint, if any. */
  public Optional<CheckpointStore.Checkpoint> latest() throws CheckpointException {
    return store.latestComplete();
  }

  /** The checkpoint with the best evaluation, if any. */
  public Optional<CheckpointStore.Checkpoint> best() throws CheckpointException {
    return store.best();
  }

  /** Writes a checkpoint of a run that draws its tasks without pools. */
  public CheckpointStore.Checkpoint write(
      TrainingState state, boolean best, Policy policy, WeightUpdate update)
      throws CheckpointException {
    return write(state, best, policy, update, DifficultyPools.off());
  }

  /** Writes a checkpoint. */
  public CheckpointStore.Checkpoint write(
      TrainingState state, boolean best, Policy policy, WeightUpdate update, DifficultyPools pools)
      throws CheckpointException {
    try {
      DurableFiles.requireStillThere(runFolder);
    } catch (FileSystemException e) {
      throw new CheckpointException(runFolder, e.getReason(), e);
    }
    Saved saved =
        new Saved(state, update.optimizerSteps(), update.skippedInARow(), update.plannedUpdates());
    return store.write(
        state.step(),
        best,
        folder -> {
          policy.writeInto(folder);
          Path trainer = Files.createDirectory(folder.resolve(TRAINER));
          writeMoments(trainer.resolve(OPTIMIZER), update.state());
          Files.write(trainer.resolve(STATE), JSON.writeValueAsBytes(saved));
          if (pools.enabled()) {
            Files.write(trainer.resolve(SUCCESS_RATES), JSON.writeValueAsBytes(pools.rates()));
          }
        });
  }

  /**
   * Brings the optimiser to where a checkpoint was written and returns where the run stood.
   *
   * @param messages told where the learning rate goes on differently, since the run got another
   *     length
   */
  public static TrainingState restore(
      Path checkpoint, WeightUpdate update, Consumer<String> messages) throws IOException {
    Path file = file(checkpoint, STATE);
    Saved saved;
    try {
      saved = JSON.readValue(file.toFile(), Saved.class);
    } catch (JsonProcessingException e) {
      throw new CheckpointException(file, "is no trainer state: " + StrictJson.problem(e));
    }
    if (saved == null || saved.training() == null) {
      throw new CheckpointException(file, "is no trainer state: it has no counters");
    }
    try {
      update.restore(
          saved.skippedInARow(), saved.optimizerSteps(), readMoments(file(checkpoint, OPTIMIZER)));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(
          file(checkpoint, OPTIMIZER), "is of another model: " + e.getMessage());
    }
    update.changedPlan(saved.plannedUpdates()).ifPresent(messages);
    return saved.training();
  }

  /** Brings the pools, where tasks are drawn by them, to where a checkpoint was written. */
  public static void restore(Path checkpoint, DifficultyPools pools) throws IOException {
    if (!pools.enabled()) {
      return;
    }
    Path file = file(checkpoint, SUCCESS_RATES);
    if (!Files.exists(file)) {
      throw new CheckpointException(file, "is missing; data.pools needs it to go on");
    }
    try {
      pools.restore(
          JSON.readValue(
              file.toFile(), new TypeReference<Map<String, DifficultyPools.SuccessRate>>() {}));
    } catch (JsonProcessingException e) {
      throw new CheckpointException(file, "holds no success rates: " + StrictJson.problem(e));
    }
  }

  /** Where a file of the trainer is; earlier versions had them among the model's. */
  private static Path file(Path checkpoint, String name) {
    Path trainer = checkpoint.resolve(TRAINER);
    return Files.isDirectory(trainer) ? trainer.resolve(name) : checkpoint.resolve(name);
  }

  private static void writeMoments(Path file, Map<String, float[]> moments) throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    moments.forEach((name, values) -> specs.add(TensorSpec.of(name, DType.F32, values.length)));
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
      for (Map.Entry<String, float[]> moment : moments.entrySet()) {
        writer.writeFloats(moment.getKey(), moment.getValue());
      }
      writer.finish();
    }
  }

  private static Map<String, float[]> readMoments(Path file) throws IOException {
    Map<String, float[]> moments = new HashMap<>();
    try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
      for (String name : tensors.tensors().keySet()) {
        moments.put(name, tensors.readFloats(name));
      }
    }
    return moments;
  }
}
