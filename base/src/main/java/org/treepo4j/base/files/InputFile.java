package org.treepo4j.base.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What lies where a file to read should be: nothing, a folder, a pipe, or the content of another
 * thing, as a download leaves it that failed, was cut off or was never made.
 */
public final class InputFile {
  private static final int HEAD = 512;
  private static final int TAR_MAGIC = 257;
  private static final int SHOWN = 60;
  private static final int LEAST_ZEROS = 64;

  /** How contents begin that are often found under another's name, and what to say of them. */
  private record Beginning(String what, byte... bytes) {
    static Beginning text(String what, String text) {
      return new Beginning(what, text.getBytes(StandardCharsets.ISO_8859_1));
    }
  }

  private static final List<Beginning> BEGINNINGS =
      List.of(
          Beginning.text(
              "is a Git LFS pointer, not the file itself: run git lfs pull",
              "version https://git-lfs.github.com/spec/"),
          Beginning.text(
              "is a Git LFS pointer, not the file itself: run git lfs pull",
              "version https://hawser.github.com/spec/"),
          Beginning.text(
              "is a git-annex pointer, not the file itself: run git annex get", "/annex/objects/"),
          Beginning.text("is a zip archive: unpack it", "PK\u0003\u0004"),
          Beginning.text("is an empty zip archive", "PK\u0005\u0006"),
          Beginning.text("is compressed with gzip: unpack it", "\u001f\u008b"),
          Beginning.text("is compressed with zstd: unpack it", "\u0028\u00b5\u002f\u00fd"),
          Beginning.text("is compressed with xz: unpack it", "\u00fd7zXZ\0"),
          Beginning.text("is compressed with bzip2: unpack it", "BZh"),
          Beginning.text("is a 7z archive: unpack it", "7z\u00bc\u00af\u0027\u001c"),
          Beginning.text("is a pickle of Python: convert it to safetensors", "\u0080\u0002"),
          Beginning.text("is a pickle of Python: convert it to safetensors", "\u0080\u0004"),
          Beginning.text("is a GGUF file", "GGUF"),
          Beginning.text("is a Parquet file", "PAR1"),
          Beginning.text("is text in UTF-16, expected UTF-8", "\u00ff\u00fe"),
          Beginning.text("is text in UTF-16, expected UTF-8", "\u00fe\u00ff"));

  private InputFile() {}

  /** Why a path cannot be read as a file; empty for a regular file and for links to one. */
  public static Optional<String> notAFile(Path path) {
    if (Files.isRegularFile(path)) {
      return Optional.empty();
    }
    if (Files.isDirectory(path)) {
      return Optional.of("is a folder, expected a file");
    }
    if (Files.exists(path)) {
      return Optional.of(
          "is a pipe or a device, expected a file: write what it gives to a file first");
    }
    return Optional.of(
        Files.isSymbolicLink(path) ? "is a link that leads nowhere" : "no such file");
  }

  /** Why a path cannot be read as a folder; empty for a folder and for links to one. */
  public static Optional<String> notAFolder(Path path) {
    if (Files.isDirectory(path)) {
      return Optional.empty();
    }
    if (Files.isRegularFile(path)) {
      return Optional.of("is a file, expected a folder");
    }
    if (Files.exists(path)) {
      return Optional.of("is a pipe or a device, expected a folder");
    }
    return Optional.of(
        Files.isSymbolicLink(path) ? "is a link that leads nowhere" : "no such folder");
  }

  /**
   * Why a path cannot be read as a file of some kind: it is no file, or its content is plainly that
   * of something else. Empty does not mean that it is of that kind.
   *
   * @param expected names the kind: "GGUF", "Parquet", "safetensors", "JSON"
   */
  public static Optional<String> problem(Path path, String expected) throws IOException {
    Optional<String> notAFile = notAFile(path);
    if (notAFile.isPresent()) {
      return notAFile;
    }
    byte[] head;
    try (InputStream in = Files.newInputStream(path)) {
      head = in.readNBytes(HEAD);
    }
    return content(head, expected);
  }

  /** As {@link #problem}, of the first bytes of a content. */
  static Optional<String> content(byte[] head, String expected) {
    if (head.length == 0) {
      return Optional.of("is empty");
    }
    for (Beginning beginning : BEGINNINGS) {
      if (startsWith(head, 0, beginning.bytes) && !beginning.what.contains(expected + " file")) {
        return Optional.of(beginning.what);
      }
    }
    if (startsWith(head, TAR_MAGIC, "ustar".getBytes(StandardCharsets.US_ASCII))) {
      return Optional.of("is a tar archive: unpack it");
    }
    if (head.length >= LEAST_ZEROS && allZero(head)) {
      return Optional.of("begins with zeros, as unfinished downloads do: download it again");
    }
    return markup(head);
  }

  /** Pages that servers send in place of a file. */
  private static Optional<String> markup(byte[] head) {
    String text =
        new String(head, StandardCharsets.UTF_8)
            .replace("\uFEFF", "")
            .strip()
            .toLowerCase(Locale.ROOT);
    boolean page = text.startsWith("<!doctype html") || text.startsWith("<html");
    if (page || text.startsWith("<head") || text.startsWith("<!--") && text.contains("<html")) {
      return Optional.of(
          "is an HTML page, as servers send it in place of a file: download it again");
    }
    return text.startsWith("<?xml")
        ? Optional.of("is an XML document, as servers send it in place of a file")
        : Optional.empty();
  }

  /**
   * The text that a file of bytes holds instead: messages of servers, such as "Entry not found".
   * Empty where it does not look like text.
   *
   * @param expected the kind of file
   */
  public static Optional<String> textInstead(Path path, String expected) throws IOException {
    byte[] head;
    try (InputStream in = Files.newInputStream(path)) {
      head = in.readNBytes(HEAD);
    }
    for (byte b : head) {
      boolean white = b == '\n' || b == '\r' || b == '\t';
      if (b >= 0 && b < ' ' && !white || b == 0x7f) {
        return Optional.empty();
      }
    }
    String text = new String(head, StandardCharsets.UTF_8).strip().replaceAll("\\s+", " ");
    String shown = text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    return Optional.of("is text (“" + shown + "”), no " + expected + " file");
  }

  private static boolean allZero(byte[] bytes) {
    return Arrays.equals(bytes, new byte[bytes.length]);
  }

  private static boolean startsWith(byte[] bytes, int at, byte[] beginning) {
    return bytes.length >= at + beginning.length
        && Arrays.equals(bytes, at, at + beginning.length, beginning, 0, beginning.length);
  }
}
