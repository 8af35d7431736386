package org.treepo4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.treepo4j.checkpoints.CheckpointStore.Checkpoint;
import org.treepo4j.cli.settings.SettingsWriter;
import org.treepo4j.rl.metrics.MetricsLog;
import org.treepo4j.rl.train.RunCheckpoints;

/**
 * The folder of a run. A run never writes over another: where one is already, a new run takes the
 * next free name, {@code runs/demo-2} after {@code runs/demo}.
 *
 * @param path the folder
 * @param checkpoint where to go on; empty for a new run
 */
record RunFolder(Path path, Optional<Checkpoint> checkpoint) {

  /** A folder for a new run. */
  static RunFolder fresh(Path wanted, RunConsole console) throws IOException {
    Path path = wanted;
    for (int n = 2; isTaken(path); n++) {
      path = wanted.resolveSibling(wanted.getFileName() + "-" + n);
    }
    if (!path.equals(wanted)) {
      console.note(wanted + " holds a run already; this one goes to " + path);
    }
    Files.createDirectories(path);
    return new RunFolder(path, Optional.empty());
  }

  /** The newest of the runs that were written to this place. */
  static RunFolder resumed(Path wanted, RunConsole console) throws IOException {
    Path path = wanted;
    for (int n = 2; ; n++) {
      Path next = wanted.resolveSibling(wanted.getFileName() + "-" + n);
      if (!isTaken(next)) {
        break;
      }
      path = next;
    }
    Optional<Checkpoint> checkpoint = new RunCheckpoints(path, 1, console::note).latest();
    if (checkpoint.isPresent()) {
      console.note("going on from " + checkpoint.get().folder());
    } else if (isTaken(path)) {
      console.note(path + " has no complete checkpoint; beginning again");
    } else {
      throw new InputException(path + ": no run to resume");
    }
    return new RunFolder(path, checkpoint);
  }

  private static boolean isTaken(Path path) {
    return Files.exists(path.resolve(MetricsLog.FILE)) || Files.exists(path.resolve("checkpoints"));
  }

  /** Keeps the settings the run was made with. */
  void writeSettings(Record settings) throws IOException {
    write("settings.yaml", SettingsWriter.yaml(settings));
  }

  /** Keeps the line the command ends with. */
  void writeSummary(String json) throws IOException {
    write("summary.json", json + "\n");
  }

  private void write(String name, String content) throws IOException {
    Path aside = path.resolve(name + ".new");
    Files.writeString(aside, content, StandardCharsets.UTF_8);
    Files.move(
        aside,
        path.resolve(name),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.ATOMIC_MOVE);
  }
}
