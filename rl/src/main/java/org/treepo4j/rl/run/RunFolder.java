package org.treepo4j.rl.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.base.InputException;
import org.treepo4j.base.files.DurableFiles;
import org.treepo4j.base.files.InputFile;
import org.treepo4j.base.files.ProcessLock;
import org.treepo4j.base.files.WholeFile;
import org.treepo4j.base.settings.SettingsComparison;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.base.settings.SettingsWriter;
import org.treepo4j.checkpoints.CheckpointStore.Checkpoint;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.TensorNames;
import org.treepo4j.rl.metrics.MetricsLog;

/**
 * The folder of a run. A run never writes over another: where one is already, a new run takes the
 * next free name, {@code runs/demo-2} after {@code runs/demo}.
 *
 * <p>It is locked until it is closed: two runs never write to one folder.
 *
 * @param path the folder
 * @param checkpoint where to go on; empty for a new run
 * @param lock keeps others from writing to the folder
 * @param inputs what the run reads now
 */
public record RunFolder(
    Path path, Optional<Checkpoint> checkpoint, ProcessLock lock, RunInputs inputs)
    implements AutoCloseable {

  private static final String SETTINGS = "settings.yaml";
  private static final String SUMMARY = "summary.json";

  /**
   * The folder a run goes to, or goes on in, locked until it is closed.
   *
   * @param settings of the run
   * @param wanted the folder they name
   * @param resume whether it goes on where one was
   * @throws InputException for settings that a run in that folder cannot go on with
   * @throws IOException naming the process where the run to resume is still going on
   */
  public static RunFolder open(
      Record settings, Path wanted, boolean resume, TrainingListener listener) throws IOException {
    requirePlace(wanted);
    if (!resume) {
      return fresh(wanted, RunInputs.of(settings), listener);
    }
    RunFolder run = resumed(wanted, RunInputs.of(settings), listener);
    boolean done = false;
    try {
      Optional<List<String>> changed = run.changedInputs();
      run.requireSettings(settings, changed.isPresent() && changed.get().isEmpty());
      run.requireUnchanged(changed.orElse(List.of()));
      done = true;
      return run;
    } finally {
      if (!done) {
        run.close();
      }
    }
  }

  /**
   * Refuses what a run's files have no place in.
   *
   * @throws InputException for a file, and for the folder of a model: its readers take every file
   *     there for the model's
   */
  public static void requirePlace(Path wanted) {
    Optional<String> notAFolder = InputFile.notAFolder(wanted);
    if (notAFolder.isPresent() && Files.exists(wanted)) {
      throw new InputException("output: " + wanted + " " + notAFolder.get());
    }
    if (Files.exists(wanted.resolve("config.json")) && !isBegun(wanted)) {
      throw new InputException(
          "output: " + wanted + " holds a model, expected a folder of the run's own");
    }
  }

  /** A folder for a new run. */
  private static RunFolder fresh(Path wanted, RunInputs inputs, TrainingListener listener)
      throws IOException {
    Path path = wanted;
    Optional<ProcessLock> lock = lockedIfFree(path);
    for (int n = 2; lock.isEmpty(); n++) {
      path = wanted.resolveSibling(wanted.getFileName() + "-" + n);
      lock = lockedIfFree(path);
    }
    if (!path.equals(wanted)) {
      listener.note(wanted + " holds a run already; this one goes to " + path);
      listener.writesElsewhere(path);
    }
    return new RunFolder(path, Optional.empty(), lock.get(), inputs);
  }

  /** The lock of a folder that holds no run and that no other command has chosen for its own. */
  private static Optional<ProcessLock> lockedIfFree(Path path) throws IOException {
    if (isTaken(path)) {
      return Optional.empty();
    }
    DurableFiles.createDirectories(path);
    ProcessLock lock;
    try {
      lock = ProcessLock.ofFolder(path);
    } catch (ProcessLock.HeldException e) {
      return Optional.empty();
    }
    if (isTaken(path)) { // by one that has ended since
      lock.close();
      return Optional.empty();
    }
    return Optional.of(lock);
  }

  /**
   * The run of this place, where it has not ended; else the newest of those beside it, which went
   * there since it was taken; a new one where there is none.
   *
   * @throws IOException naming the process where the run is still going on
   */
  private static RunFolder resumed(Path wanted, RunInputs inputs, TrainingListener listener)
      throws IOException {
    Path path = toResume(wanted);
    if (!path.equals(wanted)) {
      listener.writesElsewhere(path);
    }
    DurableFiles.createDirectories(path);
    ProcessLock lock = ProcessLock.ofFolder(path);
    boolean done = false;
    try {
      Optional<Checkpoint> checkpoint = new RunCheckpoints(path, 1, listener::note).latest();
      if (checkpoint.isPresent()) {
        listener.note("going on from " + checkpoint.get().folder());
      } else if (isBegun(path)) {
        listener.note(path + " has no complete checkpoint; beginning again");
      } else {
        listener.note(path + " holds no run to resume; beginning one");
      }
      done = true;
      return new RunFolder(path, checkpoint, lock, inputs);
    } finally {
      if (!done) {
        lock.close();
      }
    }
  }

  private static Path toResume(Path wanted) {
    Path path = wanted;
    if (isBegun(wanted) && !Files.exists(wanted.resolve(SUMMARY))) {
      return wanted;
    }
    for (int n = 2; ; n++) {
      Path next = wanted.resolveSibling(wanted.getFileName() + "-" + n);
      if (!isBegun(next)) {
        return path;
      }
      path = next;
    }
  }

  /**
   * Data, weights and tokenizers that are others than those the run began with; empty where the
   * folder, of an earlier version, does not say what it began with.
   */
  private Optional<List<String>> changedInputs() throws IOException {
    Path file = path.resolve(RunInputs.FILE);
    return checkpoint.isEmpty() || !Files.exists(file)
        ? Optional.empty()
        : Optional.of(RunInputs.read(file).changed(inputs));
  }

  private void requireUnchanged(List<String> changed) {
    if (!changed.isEmpty()) {
      throw new InputException(
          "%s: the run began with other contents of: %s; put the old ones back, or give another output folder"
              .formatted(path, String.join(", ", changed)));
    }
  }

  /**
   * Refuses settings other than those the run began with, where they change what it is.
   *
   * @param settings to go on with
   * @param anywhere whether files may be at other places, since their contents are the same
   */
  private void requireSettings(Record settings, boolean anywhere) {
    Path file = path.resolve(SETTINGS);
    if (checkpoint.isEmpty() || !Files.exists(file)) {
      return;
    }
    List<String> changes =
        SettingsComparison.changes(
            SettingsReader.read(settings.getClass(), file, List.of()), settings, anywhere);
    if (!changes.isEmpty()) {
      throw new InputException(
          "%s: the run began with other settings: %s; give the old ones, or another output folder"
              .formatted(file, String.join(", ", changes)));
    }
  }

  /**
   * Refuses a checkpoint of another model before it is loaded.
   *
   * @param config of the model that is to go on
   * @param lora whether it goes on with adapters
   */
  public void requireCheckpointOf(ModelConfig config, LoraSettings lora) throws IOException {
    if (checkpoint.isEmpty()) {
      return;
    }
    Path folder = checkpoint.get().folder();
    boolean adapters = Files.exists(folder.resolve("adapter_config.json"));
    if (adapters != lora.enabled()) {
      throw new InputException(
          "%s: is of a run %s adapters, but lora.rank is %d; give another output folder"
              .formatted(folder, adapters ? "with" : "without", lora.rank()));
    }
    if (adapters) {
      return; // their shapes are compared when they are read
    }
    try (HfFolder opened = HfFolder.open(folder)) {
      Map<String, int[]> expected = TensorNames.shapes(config);
      Map<String, int[]> found = TensorNames.shapes(opened.config());
      for (String name : expected.keySet()) {
        if (!Arrays.equals(expected.get(name), found.get(name))) {
          throw new InputException(
              "%s: is of another model (%s has shape %s, the settings' model %s); give another output folder"
                  .formatted(
                      folder,
                      name,
                      found.containsKey(name) ? Arrays.toString(found.get(name)) : "none",
                      Arrays.toString(expected.get(name))));
        }
      }
    }
  }

  /** What trains and writes into the folder. */
  public interface Training<T> {
    T run() throws IOException;
  }

  /**
   * Trains. A failure of the file system that does not name its place, such as a full disk, gets
   * the folder's name.
   */
  public <T> T train(Training<T> training) throws IOException {
    try {
      return training.run();
    } catch (IOException e) {
      if (e.getClass() == IOException.class) {
        throw new IOException(path + ": cannot be written: " + e.getMessage(), e);
      }
      throw e;
    }
  }

  /** Also a run that was killed before its first step. */
  private static boolean isBegun(Path path) {
    return isTaken(path) || Files.exists(path.resolve(SETTINGS));
  }

  private static boolean isTaken(Path path) {
    return Files.exists(path.resolve(MetricsLog.FILE)) || Files.exists(path.resolve("checkpoints"));
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }

  /** Keeps the settings the run was made with, and the fingerprints of what it reads. */
  public void writeSettings(Record settings) throws IOException {
    inputs.write(path.resolve(RunInputs.FILE));
    WholeFile.write(path.resolve(SETTINGS), SettingsWriter.yaml(settings));
  }

  /** Keeps the line the command ends with. */
  public void writeSummary(String json) throws IOException {
    DurableFiles.requireStillThere(path);
    WholeFile.write(path.resolve(SUMMARY), json + "\n");
  }
}
