package org.treepo4j.checkpoints;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsRefusalTest {
  @TempDir Path folder;

  /** Headers in single quotes for double ones; eight bytes of data follow each. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          `[]`                                                                | does not begin with {
          ` {}`                                                               | does not begin with {
          `{`                                                                 | not valid JSON
          `{} x`                                                              | not valid JSON
          `{} {}`                                                             | goes on after
          `{}`                                                                | take 0 bytes, the file holds 8
          `{'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]},'a':{'dtype':'U8','shape':[0],'data_offsets':[8,8]}}` | stands twice
          `{'a':{'dtype':'U8','dtype':'U8','shape':[8],'data_offsets':[0,8]}}` | stands twice
          `{'a':{'dtype':'Q4','shape':[8],'data_offsets':[0,8]}}`             | dtype "Q4" is not supported
          `{'a':{'dtype':'u8','shape':[8],'data_offsets':[0,8]}}`             | dtype "u8" is not supported
          `{'a':{'dtype':3,'shape':[8],'data_offsets':[0,8]}}`                | dtype is not a string
          `{'a':{'shape':[8],'data_offsets':[0,8]}}`                          | has no dtype
          `{'a':{'dtype':'U8','data_offsets':[0,8]}}`                         | has no shape
          `{'a':{'dtype':'U8','shape':[8]}}`                                  | has no data_offsets
          `{'a':{'dtype':'U8','shape':8,'data_offsets':[0,8]}}`               | shape is not a list
          `{'a':{'dtype':'U8','shape':[-8],'data_offsets':[0,8]}}`            | whole numbers
          `{'a':{'dtype':'U8','shape':[8.0],'data_offsets':[0,8]}}`           | whole numbers
          `{'a':{'dtype':'U8','shape':['8'],'data_offsets':[0,8]}}`           | whole numbers
          `{'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8,8]}}`           | no begin ≤ end
          `{'a':{'dtype':'U8','shape':[8],'data_offsets':[8,0]}}`             | no begin ≤ end
          `{'a':{'dtype':'U8','shape':[8],'data_offsets':[0,99999999999999999999]}}` | not valid JSON
          `{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}}`            | need 12 bytes, data_offsets span 8
          `{'a':{'dtype':'U8','shape':[4294967296,4294967296],'data_offsets':[0,8]}}` | overflows
          `{'a':{'dtype':'U8','shape':[9],'data_offsets':[0,9]}}`             | take 9 bytes, the file holds 8
          `{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]}}`             | take 4 bytes, the file holds 8
          `{'a':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}}`             | leaves a hole
          `{'a':{'dtype':'U8','shape':[2],'data_offsets':[0,2]},'b':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}}` | leaves a hole
          `{'a':{'dtype':'U8','shape':[5],'data_offsets':[0,5]},'b':{'dtype':'U8','shape':[4],'data_offsets':[4,8]}}` | overlaps
          `{'a':{'dtype':'U8','shape':[8],'data_offsets':[0,8]},'b':{'dtype':'U8','shape':[8],'data_offsets':[0,8]}}` | overlaps
          `{'a':[8]}`                                                         | is not an object
          `{'__metadata__':{'format':1}}`                                     | is not a string
          `{'__metadata__':'pt'}`                                             | is not an object
          """)
  void refusesAHeaderThatBreaksTheFormat(String header, String problem) throws IOException {
    assertRefused(file(header.replace('\'', '"').getBytes(StandardCharsets.UTF_8), 8), problem);
  }

  @Test
  void refusesANestingBomb() throws IOException {
    String deep = "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
    assertRefused(file(deep.getBytes(StandardCharsets.UTF_8), 0), "is not an object");
    String inside = "{\"a\":{\"x\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}}";
    assertRefused(file(inside.getBytes(StandardCharsets.UTF_8), 0), "nested too deeply");
  }

  @Test
  void refusesWhatIsNotUtf8() throws IOException {
    assertRefused(file(new byte[] {'{', '"', (byte) 0xff, '"', '}'}, 0), "not valid UTF-8");
  }

  @Test
  void refusesImpossibleLengths() throws IOException {
    assertRefused(bytes(new byte[7]), "no header length");
    assertRefused(bytes(length(3).putInt(0).array()), "does not begin with {");
    assertRefused(bytes(length(1_000).array()), "cut off");
    assertRefused(bytes(length(100_000_001).array()), "exceeds the format's 100000000");
    assertRefused(bytes(length(-1).array()), "18446744073709551615 exceeds");
    assertRefused(bytes(length(0).array()), "does not begin with {");
  }

  @Test
  void refusesWhatIsNoFile() {
    assertRefused(folder, "is a folder, expected a file");
    assertRefused(folder.resolve("absent.safetensors"), "no such file");
  }

  @Test
  void hostileNamesStayOnOneLine() throws IOException {
    String header = "{\"a\\n\\u001b[2J" + "x".repeat(5_000) + "\":{\"dtype\":\"U8\"}}";
    Path file = file(header.getBytes(StandardCharsets.UTF_8), 0);
    assertThatThrownBy(() -> SafetensorsFile.open(file))
        .message()
        .hasSizeLessThan(400)
        .contains("a\\u000a\\u001b[2J")
        .doesNotContain("\n", "\u001b");
  }

  private Path file(byte[] header, int dataBytes) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(8 + header.length + dataBytes);
    all.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header);
    return bytes(all.array());
  }

  private Path bytes(byte[] content) throws IOException {
    return Files.write(folder.resolve("bad.safetensors"), content);
  }

  private static ByteBuffer length(long headerLength) {
    return ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(headerLength);
  }

  private static void assertRefused(Path file, String problem) {
    assertThatThrownBy(() -> SafetensorsFile.open(file).close())
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(problem)
        .message()
        .doesNotContain("\n");
  }
}
