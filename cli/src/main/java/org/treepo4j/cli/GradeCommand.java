package org.treepo4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.concurrent.Callable;
import org.treepo4j.grading.AnswerGrader;
import org.treepo4j.grading.Grade;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
    name = "grade",
    mixinStandardHelpOptions = true,
    description =
        "JSON lines {\"prediction\": text, \"answer\": text} from stdin to {\"correct\": …,"
            + " \"extracted\": …} on stdout.")
final class GradeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    AnswerGrader grader = new AnswerGrader();
    JsonLines.answer(
        System.in,
        spec.commandLine().getOut(),
        request -> {
          Grade grade =
              grader.grade(
                  JsonLines.text(request, "prediction"), JsonLines.text(request, "answer"));
          ObjectNode answer = JsonLines.JSON.createObjectNode();
          answer.put("correct", grade.correct());
          answer.put("extracted", grade.extracted().orElse(null));
          if (grade.limited()) {
            answer.put("limited", true);
          }
          return answer;
        });
    return 0;
  }
}
