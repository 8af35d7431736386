package org.treepo4j.base.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FingerprintTest {
  @TempDir Path folder;

  /** The value of FIPS 180-2, appendix B.1. */
  @Test
  void ofAFileIsItsSha256() throws IOException {
    Path file = folder.resolve("file");
    Files.writeString(file, "abc");
    assertThat(Fingerprint.of(file))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  @Test
  void partsDifferInNameContentAndWhereOneEnds() throws IOException {
    Path file = folder.resolve("file");
    Files.writeString(file, "abc");
    String parts = parts("x", "abc");
    assertThat(new Fingerprint().file("x", file).hex()).isEqualTo(parts);
    assertThat(parts("y", "abc")).isNotEqualTo(parts);
    assertThat(parts("x", "abd")).isNotEqualTo(parts);
    assertThat(parts("x", "ab", "y", "c")).isNotEqualTo(parts("x", "a", "y", "bc"));
    assertThat(parts("x", "", "y", "")).isNotEqualTo(parts("xy", ""));
  }

  private static String parts(String... namesAndContents) {
    Fingerprint fingerprint = new Fingerprint();
    for (int i = 0; i < namesAndContents.length; i += 2) {
      byte[] content = namesAndContents[i + 1].getBytes();
      fingerprint.part(namesAndContents[i], content.length).add(ByteBuffer.wrap(content));
    }
    return fingerprint.hex();
  }
}
