package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.testsupport.CudaEmulator;

/**
 * Runs the tests of kernels in a JVM of its own with AddressSanitizer, which ends it at the first
 * number that is read or written beyond an array.
 */
@ExtendWith(TestDevice.class)
class SanitizedTest {
  private static final List<Class<?>> TESTS =
      List.of(
          ProductsTest.class,
          RowKernelsTest.class,
          TreeAttentionTest.class,
          CacheAttentionTest.class,
          StepKernelsTest.class,
          VocabularyHeadTest.class,
          SamplingKernelsTest.class,
          UpdateKernelsTest.class);

  @Test
  void kernelsStayWithinTheirArrays() throws Exception {
    assumeTrue(CudaEmulator.isEmulated(), "skipped on a real device");
    String library = said(new ProcessBuilder("g++", "-print-file-name=libasan.so")).strip();
    assumeTrue(Files.exists(Path.of(library)), "g++ has no AddressSanitizer");
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    ProcessBuilder builder =
        new ProcessBuilder(
            java.toString(),
            "-Xmx512m",
            "-XX:TieredStopAtLevel=1",
            "-Dtreepo4j.cuda.sanitize=true",
            "-Dtreepo.root=" + System.getProperty("treepo.root", "."),
            "-cp",
            System.getProperty("java.class.path"),
            TestRun.class.getName());
    TESTS.forEach(test -> builder.command().add(test.getName()));
    builder.environment().put("LD_PRELOAD", library);
    // The JVM uses faults of its own, and frees at its end what it likes.
    builder
        .environment()
        .put("ASAN_OPTIONS", "handle_segv=0:detect_leaks=0:detect_stack_use_after_return=0");
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(said).isZero();
  }

  private static String said(ProcessBuilder builder) throws Exception {
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return said;
  }
}
