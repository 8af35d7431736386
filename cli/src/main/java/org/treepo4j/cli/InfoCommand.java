package org.treepo4j.cli;

import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.concurrent.Callable;
import org.treepo4j.model.engine.EngineReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description = "Engines and hardware found, as JSON.")
final class InfoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    spec.commandLine()
        .getOut()
        .println(
            JsonLines.JSON
                .writer(SerializationFeature.INDENT_OUTPUT)
                .writeValueAsString(EngineReport.ofThisMachine()));
    return 0;
  }
}
