package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.treepo4j.base.files.Fingerprint;
import org.treepo4j.base.files.WholeFile;

/**
 * The list of files that make a checkpoint complete, with their sizes and SHA-256 checksums, as
 * {@code manifest.json} beside them.
 *
 * @param step the training step
 * @param best whether it was the best when it was written
 * @param files every file but the manifest
 */
record Manifest(long step, boolean best, List<Entry> files) {
  static final String FILE = "manifest.json";

  private static final int VERSION = 1;
  private static final int MAX_BYTES = 4 << 20;

  /**
   * One file.
   *
   * @param name its path inside the checkpoint, with slashes
   * @param bytes its size
   * @param sha256 its checksum in hexadecimal
   */
  record Entry(String name, long bytes, String sha256) {}

  Manifest {
    files = List.copyOf(files);
  }

  /** Takes stock of a folder. */
  static Manifest of(Path folder, long step, boolean best) throws IOException {
    List<Entry> entries = new ArrayList<>();
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.filter(Files::isRegularFile).sorted().toList()) {
        String name = folder.relativize(path).toString().replace('\\', '/');
        if (!name.equals(FILE)) {
          entries.add(new Entry(name, Files.size(path), Fingerprint.of(path)));
        }
      }
    }
    return new Manifest(step, best, entries);
  }

  static Manifest read(Path folder) throws CheckpointException {
    Path file = folder.resolve(FILE);
    JsonFields json = new JsonFields(file, "", HostileJson.readObject(file, MAX_BYTES));
    if (json.number("version") != VERSION) {
      throw json.unexpected("version", "version " + VERSION);
    }
    List<Entry> entries = new ArrayList<>();
    for (JsonNode node : json.object().path("files")) {
      JsonFields entry = new JsonFields(file, "files.", node);
      String name = entry.text("name");
      Path path = folder.resolve(name).normalize();
      if (Path.of(name).isAbsolute()
          || !path.startsWith(folder.normalize())
          || path.equals(folder)) {
        throw entry.unexpected("name", "a file inside the checkpoint");
      }
      entries.add(new Entry(name, entry.natural("bytes"), entry.text("sha256")));
    }
    return new Manifest(json.natural("step"), json.flag("best", false), entries);
  }

  void write(Path folder) throws IOException {
    ObjectNode json = HfConfigWriter.JSON.createObjectNode();
    json.put("version", VERSION);
    json.put("step", step);
    json.put("best", best);
    ArrayNode list = json.putArray("files");
    for (Entry entry : files) {
      list.addObject()
          .put("name", entry.name())
          .put("bytes", entry.bytes())
          .put("sha256", entry.sha256());
    }
    WholeFile.write(folder.resolve(FILE), HfConfigWriter.bytes(json));
  }

  /**
   * Holds the files of a folder to this list.
   *
   * @param checksums also by content; otherwise by size alone
   * @throws CheckpointException naming the first file that differs
   */
  void verify(Path folder, boolean checksums) throws CheckpointException {
    for (Entry entry : files) {
      Path file = folder.resolve(entry.name());
      try {
        long size = Files.size(file);
        if (size != entry.bytes()) {
          throw new CheckpointException(
              file, "has " + size + " bytes, the manifest says " + entry.bytes());
        }
        if (checksums && !Fingerprint.of(file).equals(entry.sha256())) {
          throw new CheckpointException(
              file, "differs from the checksum " + quoted(entry.sha256()) + " of the manifest");
        }
      } catch (IOException e) {
        throw CheckpointException.of(file, "cannot be read", e);
      }
    }
  }
}
