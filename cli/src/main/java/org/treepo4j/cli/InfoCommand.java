package org.treepo4j.cli;

import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.treepo4j.model.engine.EngineReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description = "Engines and hardware found, as JSON; with --model, what a model is and needs.")
final class InfoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Hugging Face folder or GGUF file to tell of.")
  private Path model;

  @Option(names = "--json", description = "With --model: JSON instead of lines for people.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    if (model == null || json) {
      Object report = model == null ? EngineReport.ofThisMachine() : ModelInfo.of(model).json();
      out.println(
          JsonLines.JSON.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(report));
    } else {
      ModelInfo.of(model).lines().forEach(out::println);
    }
    return 0;
  }
}
