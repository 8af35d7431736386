package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import org.treepo4j.grading.AnswerGrader;
import org.treepo4j.grading.Grade;
import org.treepo4j.grading.GradingException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
    name = "grade",
    mixinStandardHelpOptions = true,
    description =
        "JSON lines {\"prediction\": text, \"answer\": text} from stdin to {\"correct\": …,"
            + " \"extracted\": …} on stdout. A pair the grader failed on has \"failed\": message,"
            + " and the exit code is 1.")
final class GradeCommand implements Callable<Integer> {
  private final BiFunction<String, String, Grade> grader;
  private boolean failed;

  @Spec private CommandSpec spec;

  GradeCommand() {
    this(new AnswerGrader()::grade);
  }

  GradeCommand(BiFunction<String, String, Grade> grader) {
    this.grader = grader;
  }

  @Override
  public Integer call() throws Exception {
    JsonLines.answer(System.in, spec.commandLine().getOut(), this::answer);
    return failed ? ErrorReporting.FAILED : 0;
  }

  ObjectNode answer(ObjectNode request) {
    String prediction = JsonLines.text(request, "prediction");
    String answer = JsonLines.text(request, "answer");
    ObjectNode json = JsonLines.JSON.createObjectNode();
    try {
      Grade grade = grader.apply(prediction, answer);
      json.put("correct", grade.correct());
      json.put("extracted", grade.extracted().orElse(null));
      if (grade.limited()) {
        json.put("limited", true);
      }
    } catch (GradingException e) {
      failed = true;
      json.put("correct", false).putNull("extracted").put("failed", e.getMessage());
    }
    return json;
  }
}
