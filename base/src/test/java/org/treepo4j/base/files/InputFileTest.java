package org.treepo4j.base.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InputFileTest {
  @TempDir Path folder;

  @Test
  void whatIsNoFolderIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("nowhere"));
    assertThat(InputFile.notAFolder(folder)).isEmpty();
    assertThat(InputFile.notAFolder(file)).contains("is a file, expected a folder");
    assertThat(InputFile.notAFolder(link)).contains("is a link that leads nowhere");
    assertThat(InputFile.notAFolder(folder.resolve("x"))).contains("no such folder");
    assertThat(InputFile.notAFolder(Path.of("/dev/null")))
        .contains("is a pipe or a device, expected a folder");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          version https://git-lfs.github.com/spec/v1~oid sha256:1~size 9 | Git LFS pointer
          /annex/objects/SHA256E-s1--ab                                  | git annex get
          <!DOCTYPE html><html>                                          | HTML page
          ~  <HTML lang=en>                                              | HTML page
          <!-- x --><html>                                               | HTML page
          <?xml version='1.0'?><Error><Code>AccessDenied</Code>          | XML document
          GGUF....                                                       | a GGUF file
          PAR1....                                                       | a Parquet file
          BZh91AY                                                        | bzip2
          """)
  void namesWhatAFileReallyIs(String content, String said) throws IOException {
    assertThat(problem(content.replace('~', '\n').getBytes(StandardCharsets.UTF_8))).contains(said);
  }

  @Test
  void namesArchivesAndUnfinishedDownloads() throws IOException {
    ByteArrayOutputStream zip = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(zip)) {
      out.putNextEntry(new ZipEntry("model.safetensors"));
    }
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
      out.write(1);
    }
    byte[] tar = new byte[512];
    System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
    tar[0] = 'x';
    assertThat(problem(zip.toByteArray())).contains("zip archive");
    assertThat(problem(gzip.toByteArray())).contains("gzip");
    assertThat(problem(tar)).contains("tar archive");
    assertThat(problem(new byte[4096])).contains("download it again");
    assertThat(problem(new byte[0])).isEqualTo("is empty");
    assertThat(problem("{}".getBytes(StandardCharsets.UTF_16LE), (byte) 0xff, (byte) 0xfe))
        .contains("UTF-16");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\": 1}", "[", "text", "\uFEFF{}", "<p>", "version 1", "P", "7"})
  void leavesOtherContentsToWhoeverReadsThem(String content) throws IOException {
    Path file = Files.writeString(folder.resolve("file"), content);
    assertThat(InputFile.problem(file, "JSON")).isEmpty();
  }

  @Test
  void whatIsExpectedIsNoProblem() throws IOException {
    Path gguf = Files.writeString(folder.resolve("x.gguf"), "GGUF....");
    assertThat(InputFile.problem(gguf, "GGUF")).isEmpty();
    Path parquet = Files.writeString(folder.resolve("x.parquet"), "PAR1....");
    assertThat(InputFile.problem(parquet, "Parquet")).isEmpty();
  }

  @Test
  void tellsAFolderAPipeAndNothingApart() throws Exception {
    assertThat(InputFile.notAFile(folder)).hasValue("is a folder, expected a file");
    assertThat(InputFile.notAFile(folder.resolve("none"))).hasValue("no such file");
    assertThat(InputFile.notAFile(Path.of("/dev/null"))).get().asString().contains("device");
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("none"));
    assertThat(InputFile.notAFile(link)).get().asString().contains("leads nowhere");
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertThat(InputFile.notAFile(file)).isEmpty();
  }

  @Test
  void showsTheTextOfAServerInPlaceOfBytes() throws IOException {
    Path file = Files.writeString(folder.resolve("model.safetensors"), "Entry not found\n");
    assertThat(InputFile.textInstead(file, "safetensors"))
        .hasValue("is text (“Entry not found”), no safetensors file");
    Files.write(file, new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
    assertThat(InputFile.textInstead(file, "safetensors")).isEmpty();
  }

  @Test
  void findsTheFirstLineThatIsNoUtf8() throws IOException {
    Path file = folder.resolve("text");
    Files.write(file, new byte[] {'a', '\n', (byte) 0xc3, (byte) 0xa9, '\n', (byte) 0xc3, '\n'});
    assertThat(Utf8Lines.firstBroken(file)).isEqualTo(3);
    Files.write(file, new byte[] {'a', '\n', 'b', (byte) 0xe2, (byte) 0x82});
    assertThat(Utf8Lines.firstBroken(file)).isEqualTo(2);
  }

  private String problem(byte[] content, byte... before) throws IOException {
    byte[] all = new byte[before.length + content.length];
    System.arraycopy(before, 0, all, 0, before.length);
    System.arraycopy(content, 0, all, before.length, content.length);
    Path file = Files.write(folder.resolve("file"), all);
    return InputFile.problem(file, "JSON").orElse("");
  }
}
