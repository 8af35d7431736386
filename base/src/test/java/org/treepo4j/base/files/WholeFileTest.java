package org.treepo4j.base.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  @TempDir Path folder;

  @Test
  void theFileIsTheOldOneUntilItIsCommitted() throws IOException {
    Path file = folder.resolve("file");
    WholeFile.write(file, "old");
    try (WholeFile whole = WholeFile.create(file)) {
      whole.output().write("new".getBytes(StandardCharsets.UTF_8));
      assertThat(file).hasContent("old");
      whole.commit();
      assertThat(file).hasContent("new");
    }
    assertThat(names()).containsExactly("file");
  }

  @Test
  void whatIsNotCommittedLeavesNothing() throws IOException {
    Path file = folder.resolve("file");
    WholeFile.write(file, "old");
    try (WholeFile whole = WholeFile.create(file)) {
      whole.output().write(1);
    }
    assertThat(file).hasContent("old");
    assertThat(names()).containsExactly("file");
  }

  @Test
  void twoWritersOfOneFileDoNotMix() throws IOException {
    Path file = folder.resolve("file");
    try (WholeFile one = WholeFile.create(file);
        WholeFile other = WholeFile.create(file)) {
      one.output().write("one".getBytes(StandardCharsets.UTF_8));
      other.output().write("other".getBytes(StandardCharsets.UTF_8));
      one.commit();
      assertThat(file).hasContent("one");
      other.commit();
      assertThat(file).hasContent("other");
    }
    assertThat(names()).containsExactly("file");
  }

  @Test
  void foldersAreMade() throws IOException {
    WholeFile.write(folder.resolve("a/b/file"), "x");
    assertThat(folder.resolve("a/b/file")).hasContent("x");
  }

  @Test
  void whatAKilledProcessLeftIsRemovedAndWhatALivingOneWritesIsNot() throws Exception {
    Process ended = new ProcessBuilder(java(), "-version").redirectErrorStream(true).start();
    ended.getInputStream().readAllBytes();
    ended.waitFor();
    Path left = folder.resolve(".file.%d-3.writing".formatted(ended.pid()));
    Path ours = folder.resolve(".file.%d-0.writing".formatted(ProcessHandle.current().pid()));
    long parent = ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(1L);
    Path living = folder.resolve(".file.%d-3.writing".formatted(parent));
    Path another = folder.resolve(".files.%d-3.writing".formatted(ended.pid()));
    for (Path path : List.of(left, ours, living, another)) {
      Files.writeString(path, "half");
    }
    WholeFile.write(folder.resolve("file"), "x");
    assertThat(names())
        .containsExactlyInAnyOrder(
            "file", living.getFileName().toString(), another.getFileName().toString());
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void linksStayAndLeadToTheNewContent() throws IOException {
    Path file = folder.resolve("elsewhere/file");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("elsewhere/file"));
    Path toLink = Files.createSymbolicLink(folder.resolve("to-link"), link);
    Path toNothing = Files.createSymbolicLink(folder.resolve("to-nothing"), Path.of("elsewhere/n"));
    WholeFile.write(toLink, "new");
    WholeFile.write(toNothing, "made");
    assertThat(link).isSymbolicLink();
    assertThat(toLink).isSymbolicLink();
    assertThat(toNothing).isSymbolicLink();
    assertThat(file).isRegularFile().hasContent("new");
    assertThat(folder.resolve("elsewhere/n")).hasContent("made");
    assertThat(names()).containsExactlyInAnyOrder("elsewhere", "link", "to-link", "to-nothing");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void linksThatLeadInACircleAreRefused() throws IOException {
    Path one = folder.resolve("one");
    Files.createSymbolicLink(one, Path.of("two"));
    Files.createSymbolicLink(folder.resolve("two"), Path.of("one"));
    assertThatThrownBy(() -> WholeFile.write(one, "x"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(one.toString());
  }

  /** A pipe stands for every special file: to try it on devices takes rights and endangers them. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void pipesAreWrittenToAndStayPipes() throws Exception {
    Path pipe = pipe("pipe");
    Path link = Files.createSymbolicLink(folder.resolve("link"), pipe);
    for (Path path : List.of(pipe, link)) {
      CompletableFuture<String> read = CompletableFuture.supplyAsync(() -> content(pipe));
      WholeFile.write(path, "through");
      assertThat(read.get()).isEqualTo("through");
    }
    assertThat(Files.readAttributes(pipe, "isOther")).containsEntry("isOther", true);
    assertThat(names()).containsExactlyInAnyOrder("pipe", "link");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void whatIsNotCommittedNeverReachesAPipe() throws Exception {
    Path pipe = pipe("pipe");
    try (WholeFile whole = WholeFile.create(pipe)) {
      whole.output().write(1); // would block on a pipe that nobody reads
    }
    assertThat(names()).containsExactly("pipe");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void theNullDeviceTakesEverythingAtAnyPosition() throws IOException {
    Path device = Path.of("/dev/null");
    try (WholeFile whole = WholeFile.create(device)) {
      whole.channel().write(java.nio.ByteBuffer.wrap(new byte[3]), 1000);
      whole.commit();
    }
    try (AppendedFile appended = AppendedFile.open(device)) {
      appended.append("line\n");
    }
    assertThat(Files.readAttributes(device, "isOther")).containsEntry("isOther", true);
  }

  /** Whoever wrote to standard output before, and writes after, shares its position. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void standardOutputIsWrittenToWhereItStandsAlsoWhenItIsAFile() throws Exception {
    for (String name : List.of("/dev/stdout", "/dev/fd/1")) {
      Path log = folder.resolve("log");
      Process process =
          new ProcessBuilder(
                  java(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  ToStream.class.getName(),
                  name)
              .redirectOutput(log.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      assertThat(process.waitFor()).isZero();
      assertThat(log).hasContent("before\nwhole\nappended\nafter\n");
    }
  }

  /** Writes to the stream of this name between lines on standard output. */
  static final class ToStream {
    public static void main(String[] arguments) throws IOException {
      Path stream = Path.of(arguments[0]);
      System.out.println("before");
      System.out.flush();
      WholeFile.write(stream, "whole\n");
      try (AppendedFile appended = AppendedFile.open(stream)) {
        appended.append("appended\n");
      }
      System.out.println("after");
    }
  }

  @Test
  void foldersAndUnwritablePlacesAreRefusedByName() throws IOException {
    assertThatThrownBy(() -> WholeFile.write(folder, "x")).hasMessage(folder + ": is a folder");
    assertThatThrownBy(() -> WholeFile.requireWritable(folder))
        .hasMessage(folder + ": is a folder");
    Path file = folder.resolve("file");
    Files.writeString(file, "x");
    Path below = file.resolve("below");
    assertThatThrownBy(() -> WholeFile.requireWritable(below))
        .hasMessage(below + ": " + file + " is no folder");
    WholeFile.requireWritable(file);
    assertThat(file).hasContent("x");
  }

  private Path pipe(String name) throws Exception {
    Path pipe = folder.resolve(name);
    Process made = new ProcessBuilder("mkfifo", pipe.toString()).start();
    assumeTrue(made.waitFor() == 0, "needs mkfifo");
    return pipe;
  }

  private static String content(Path pipe) {
    try (InputStream in = Files.newInputStream(pipe)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
