package org.treepo4j.testsupport;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A stand-in for the CUDA driver whose device is the CPU, for tests of the {@code cuda} engine on
 * machines without a GPU. It is made by g++ of the engine's kernel sources and of {@code
 * engines/cuda/src/test/cuda}, once for all tests of a checkout, and the engine finds it by a
 * system property. Where there is a GPU nothing is done: the tests run on that.
 */
public final class CudaEmulator {
  /** Names the library to the engine. */
  private static final String LIBRARY = "treepo4j.cuda.library";

  /** Set in a JVM in which AddressSanitizer is preloaded. */
  private static final boolean SANITIZED = Boolean.getBoolean("treepo4j.cuda.sanitize");

  private static final Path MODULE =
      Path.of(System.getProperty("treepo.root", "."), "engines", "cuda").toAbsolutePath();

  private static Optional<String> problem;

  private CudaEmulator() {}

  /** Has the engine find a device, or skips the calling test with a message. */
  public static void require() {
    problem().ifPresent(why -> Assumptions.abort("skipped: " + why));
  }

  /** Has the engine find a device, or says why it cannot. */
  public static synchronized Optional<String> problem() {
    if (problem == null) {
      problem = find();
    }
    return problem;
  }

  /** Whether the device is the CPU; after {@link #problem} or {@link #require}. */
  public static boolean isEmulated() {
    return System.getProperty(LIBRARY) != null;
  }

  private static Optional<String> find() {
    boolean real = Files.exists(Path.of("/proc/driver/nvidia/version"));
    if (isEmulated() || real && !SANITIZED) {
      return Optional.empty();
    }
    if (!Files.exists(Path.of("/usr/bin/g++"))) {
      return Optional.of("tests of the CUDA engine need g++, or a GPU");
    }
    try {
      System.setProperty(LIBRARY, build().toString());
      return Optional.empty();
    } catch (IOException e) {
      throw new IllegalStateException("the stand-in for the CUDA driver could not be built", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the stand-in was built", e);
    }
  }

  /** The library, which is built again when a source has changed. */
  private static Path build() throws IOException, InterruptedException {
    Path folder = Files.createDirectories(MODULE.resolve("target/emulator"));
    Path library = folder.resolve((SANITIZED ? "asan-" : "") + fingerprint() + ".so");
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) { // tests of two modules may begin at once
      if (!Files.exists(library)) {
        Path made = folder.resolve("making.so");
        compile(made, folder.resolve("g++.log"));
        Files.move(made, library, StandardCopyOption.ATOMIC_MOVE);
      }
    }
    return library;
  }

  private static void compile(Path to, Path log) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("g++", "-std=c++17", "-fPIC", "-shared"));
    // No fused operations: the sampler's float64 is to be that of the JVM.
    command.addAll(List.of("-ffp-contract=off", "-Wall", "-Werror", "-Wno-unknown-pragmas"));
    command.addAll(List.of("-Wno-unused", "-Wno-sign-compare", "-Wno-unknown-warning-option"));
    command.addAll(SANITIZED ? List.of("-O1", "-g1", "-fsanitize=address") : List.of("-O2"));
    Path standIn = MODULE.resolve("src/test/cuda");
    command.addAll(List.of("-I" + MODULE.resolve("src/main/cuda"), "-I" + standIn));
    command.addAll(List.of(standIn.resolve("fakecuda.cpp").toString(), "-o", to.toString()));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (process.waitFor() != 0) {
      throw new IOException("g++ fails:\n" + Files.readString(log, StandardCharsets.UTF_8));
    }
  }

  private static String fingerprint() throws IOException {
    try (Stream<Path> main = Files.list(MODULE.resolve("src/main/cuda"));
        Stream<Path> standIn = Files.list(MODULE.resolve("src/test/cuda"))) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path source : Stream.concat(main, standIn).sorted().toList()) {
        digest.update(Files.readAllBytes(source));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
