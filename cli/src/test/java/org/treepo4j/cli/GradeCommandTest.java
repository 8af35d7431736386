package org.treepo4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.treepo4j.base.InputException;
import org.treepo4j.grading.Grade;
import org.treepo4j.grading.GradingException;
import picocli.CommandLine;

class GradeCommandTest {

  @Test
  void aPairTheGraderFailedOnIsToldApartFromAWrongOne() {
    GradeCommand command =
        new GradeCommand(
            (prediction, answer) -> {
              if (prediction.equals("bad")) {
                throw new GradingException(prediction, answer, new IllegalStateException("oops"));
              }
              return new Grade(prediction.equals(answer), Optional.of(prediction), false);
            });
    StringWriter out = new StringWriter();
    int code =
        run(
            command,
            out,
            "{\"prediction\":\"bad\",\"answer\":\"1\"}\n{\"prediction\":\"1\",\"answer\":\"1\"}\n");
    assertThat(code).isEqualTo(1);
    assertThat(out.toString().lines())
        .containsExactly(
            "{\"correct\":false,\"extracted\":null,\"failed\":\"the grader failed on \\\"bad\\\""
                + " against \\\"1\\\": java.lang.IllegalStateException: oops\"}",
            "{\"correct\":true,\"extracted\":\"1\"}");
  }

  @Test
  void halfOfASurrogatePairIsRefusedWithItsLine() {
    StringWriter out = new StringWriter();
    String good = "{\"prediction\":\"1\",\"answer\":\"1\"}\n";
    assertThatThrownBy(() -> answer(good + "{\"prediction\":\"1\\ud800\",\"answer\":\"1\"}\n", out))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("stdin line 2: prediction: expected Unicode text");
  }

  private static void answer(String lines, StringWriter out) throws IOException {
    JsonLines.answer(
        new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8)),
        new PrintWriter(out),
        request -> request);
  }

  private static int run(GradeCommand command, StringWriter out, String lines) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8)));
    try {
      return new CommandLine(command).setOut(new PrintWriter(out, true)).execute();
    } finally {
      System.setIn(before);
    }
  }
}
