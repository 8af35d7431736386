package org.treepo4j.base.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What tells contents apart wherever they are stored: SHA-256 over parts, each with its name, as
 * they are read; nothing is held in memory.
 */
public final class Fingerprint {
  private static final int CHUNK = 1 << 16;

  private final MessageDigest digest = sha256();

  /** SHA-256 of a file's content in hexadecimal. */
  public static String of(Path file) throws IOException {
    MessageDigest digest = sha256();
    read(file, digest);
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Begins a part; the same bytes in parts of other names give another fingerprint. */
  public Fingerprint part(String name, long bytes) {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(text.length).flip());
    digest.update(text);
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(bytes).flip());
    return this;
  }

  /** Bytes of the part that was begun; {@code bytes} is read to its limit. */
  public Fingerprint add(ByteBuffer bytes) {
    digest.update(bytes);
    return this;
  }

  /** A whole file as a part. */
  public Fingerprint file(String name, Path file) throws IOException {
    part(name, Files.size(file));
    read(file, digest);
    return this;
  }

  /** The fingerprint of all parts in hexadecimal; nothing can be added afterwards. */
  public String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void read(Path file, MessageDigest digest) throws IOException {
    byte[] chunk = new byte[CHUNK];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        digest.update(chunk, 0, n);
      }
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
