package org.treepo4j.serve.openai;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.treepo4j.base.InputException;
import org.treepo4j.serve.http.Exchange;

/** The keys that requests may carry; comparing takes the same time whatever a key is. */
public final class ApiKeys {
  private static final String BEARER = "Bearer ";

  private final List<byte[]> digests;

  private ApiKeys(List<byte[]> digests) {
    this.digests = digests;
  }

  /** Requests need no key. */
  public static ApiKeys none() {
    return new ApiKeys(List.of());
  }

  /**
   * Keys one a line; empty lines and those that begin with {@code #} say nothing.
   *
   * @throws InputException when the file holds no key, or one that no header can bring
   */
  public static ApiKeys read(Path file) throws IOException {
    InputException.requireFile(file);
    List<byte[]> digests = new ArrayList<>();
    int number = 0;
    for (String line : lines(file)) {
      number++;
      String key = line.strip();
      if (key.isEmpty() || key.startsWith("#")) {
        continue;
      }
      if (!key.chars().allMatch(c -> c > ' ' && c < 127)) {
        throw new InputException(
            "%s: line %d: a key must be of letters, digits and signs of ASCII, without spaces"
                .formatted(file, number));
      }
      digests.add(digest(key));
    }
    if (digests.isEmpty()) {
      throw new InputException(file + ": expected at least one key");
    }
    return new ApiKeys(digests);
  }

  private static List<String> lines(Path file) throws IOException {
    try {
      return Files.readAllLines(file);
    } catch (CharacterCodingException e) {
      throw new InputException(file + ": expected UTF-8 text");
    }
  }

  void check(Exchange exchange) throws ApiException {
    if (digests.isEmpty()) {
      return;
    }
    Optional<String> header = exchange.header("Authorization");
    if (header.isEmpty() || !header.get().startsWith(BEARER)) {
      throw ApiException.unauthorized("the header Authorization must be: Bearer KEY");
    }
    byte[] given = digest(header.get().substring(BEARER.length()).strip());
    boolean known = false;
    for (byte[] key : digests) {
      known |= MessageDigest.isEqual(key, given);
    }
    if (!known) {
      throw ApiException.unauthorized("the API key is not known");
    }
  }

  /** Of one length for all keys. */
  private static byte[] digest(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
