package org.treepo4j.checkpoints;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.treepo4j.base.files.DurableFiles;
import org.treepo4j.base.files.WholeFolder;

/**
 * Training checkpoints in one folder, each a folder {@code step-000050} that is there as a whole or
 * not at all, whenever the process is killed or the disk fills up.
 *
 * <p>A checkpoint is written aside, listed in {@code manifest.json} with sizes and checksums,
 * synced, renamed, and the rename synced; only then are older ones removed, so the newest complete
 * one never is. One process writes; others may read meanwhile.
 */
public final class CheckpointStore {
  private static final Pattern NAME = Pattern.compile("step-([0-9]{6,18})");
  private static final String DELETING = ".deleting";
  private static final Pattern LEFTOVER =
      Pattern.compile("\\." + NAME.pattern() + "(\\.[0-9-]+)?\\.(writing|deleting)");

  /**
   * A complete checkpoint.
   *
   * @param step training steps done
   * @param folder its files
   */
  public record Checkpoint(long step, Path folder) {}

  private final Path folder;
  private final int keepLast;
  private final Consumer<String> messages;

  /**
   * @param folder holds the checkpoints; made when the first is written
   * @param keepLast newest checkpoints kept, besides the best
   * @param messages told, a line each, which checkpoints are ignored and why
   */
  public CheckpointStore(Path folder, int keepLast, Consumer<String> messages) {
    if (keepLast <= 0) {
      throw new IllegalArgumentException("keepLast must be positive, was " + keepLast);
    }
    this.folder = folder;
    this.keepLast = keepLast;
    this.messages = messages;
  }

  /**
   * Writes a checkpoint and removes those beyond the last K. When this fails, the earlier ones are
   * untouched and nothing is left of the new one.
   *
   * @param step training steps done; no complete checkpoint of it may exist
   * @param best whether this is the best so far, which is kept until the next best
   * @param content writes the checkpoint's files
   * @return the checkpoint's folder
   */
  public Checkpoint write(long step, boolean best, WholeFolder.Content content)
      throws CheckpointException {
    if (step < 0) {
      throw new IllegalArgumentException("step must not be negative, was " + step);
    }
    Path target = folder.resolve(String.format(Locale.ROOT, "step-%06d", step));
    try {
      for (Path leftover : leftovers()) {
        DurableFiles.deleteTree(leftover);
      }
      if (Files.exists(target)) {
        replaceIfTorn(target);
      }
    } catch (IOException e) {
      throw CheckpointException.of(folder, "cannot be written", e);
    }
    try {
      WholeFolder.write(
          target,
          aside -> {
            content.writeTo(aside);
            Manifest.of(aside, step, best).write(aside);
          });
    } catch (IOException e) {
      throw CheckpointException.of(target, "cannot be written", e);
    }
    try {
      prune(step);
    } catch (IOException e) {
      messages.accept("old checkpoints cannot be removed: " + e.getMessage());
    }
    return new Checkpoint(step, target);
  }

  /**
   * Refuses a folder that is given for a model, an adapter or a tokenizer and holds checkpoints, as
   * a run's folder does.
   *
   * @throws CheckpointException that names the newest of them
   */
  public static void requireNoRun(Path given) throws CheckpointException {
    for (Path folder : List.of(given.resolve("checkpoints"), given)) {
      List<Checkpoint> found = new CheckpointStore(folder, 1, message -> {}).newestFirst();
      if (!found.isEmpty()) {
        throw new CheckpointException(
            given,
            "is a folder of a run: give one of its checkpoints, such as " + found.get(0).folder());
      }
    }
  }

  /** The newest checkpoint whose files are those of its manifest; torn ones are passed over. */
  public Optional<Checkpoint> latestComplete() throws CheckpointException {
    for (Path path : leftovers()) {
      messages.accept("ignoring an unfinished checkpoint: " + path);
    }
    return newest(false);
  }

  /** The newest complete checkpoint that was the best when it was written. */
  public Optional<Checkpoint> best() throws CheckpointException {
    return newest(true);
  }

  private Optional<Checkpoint> newest(boolean best) throws CheckpointException {
    for (Checkpoint candidate : newestFirst()) {
      try {
        if (!best || Manifest.read(candidate.folder()).best()) {
          complete(candidate, true);
          return Optional.of(candidate);
        }
      } catch (CheckpointException e) {
        messages.accept("ignoring a torn checkpoint: " + e.getMessage());
      }
    }
    return Optional.empty();
  }

  private static Manifest complete(Checkpoint candidate, boolean checksums)
      throws CheckpointException {
    Manifest manifest = Manifest.read(candidate.folder());
    if (manifest.step() != candidate.step()) {
      throw new CheckpointException(
          candidate.folder(), "the manifest is of step " + manifest.step());
    }
    manifest.verify(candidate.folder(), checksums);
    return manifest;
  }

  private List<Checkpoint> newestFirst() throws CheckpointException {
    List<Checkpoint> found = new ArrayList<>();
    for (Path path : entries()) {
      checkpoint(path).ifPresent(found::add);
    }
    found.sort(Comparator.comparingLong(Checkpoint::step).reversed());
    return found;
  }

  private static Optional<Checkpoint> checkpoint(Path path) {
    Matcher name = NAME.matcher(String.valueOf(path.getFileName()));
    return name.matches() && Files.isDirectory(path)
        ? Optional.of(new Checkpoint(Long.parseLong(name.group(1)), path))
        : Optional.empty();
  }

  private void replaceIfTorn(Path target) throws IOException {
    Optional<Checkpoint> existing = checkpoint(target);
    try {
      if (existing.isPresent()) {
        complete(existing.get(), true);
      }
    } catch (CheckpointException e) {
      messages.accept("replacing a torn checkpoint: " + e.getMessage());
      delete(target);
      return;
    }
    throw new CheckpointException(target, "exists already");
  }

  /** What a killed process was writing or deleting. */
  private List<Path> leftovers() throws CheckpointException {
    List<Path> leftovers = new ArrayList<>();
    for (Path path : entries()) {
      if (LEFTOVER.matcher(path.getFileName().toString()).matches()) {
        leftovers.add(path);
      }
    }
    return leftovers;
  }

  /** Torn checkpoints do not count as kept, and go with the complete ones of their age. */
  private void prune(long newestStep) throws IOException {
    int complete = 0;
    boolean bestSeen = false;
    for (Checkpoint candidate : newestFirst()) {
      boolean keep = complete < keepLast || candidate.step() == newestStep;
      try {
        boolean best = complete(candidate, false).best() && !bestSeen;
        bestSeen |= best;
        keep |= best;
        complete++;
      } catch (CheckpointException e) {
        // Torn, and latestComplete() tells why.
      }
      if (!keep) {
        delete(candidate.folder());
      }
    }
  }

  /** Renames first, so that a kill in the middle leaves no torn checkpoint. */
  private void delete(Path checkpoint) throws IOException {
    Path dying = checkpoint.resolveSibling("." + checkpoint.getFileName() + DELETING);
    DurableFiles.rename(checkpoint, dying);
    DurableFiles.deleteTree(dying);
  }

  private List<Path> entries() throws CheckpointException {
    List<Path> entries = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
        stream.forEach(entries::add);
      } catch (DirectoryIteratorException e) {
        throw CheckpointException.of(folder, "cannot be read", e.getCause());
      } catch (IOException e) {
        throw CheckpointException.of(folder, "cannot be read", e);
      }
    }
    return entries;
  }
}
