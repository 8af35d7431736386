package org.treepo4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.treepo4j.model.engine.EngineReport;
import org.treepo4j.rl.cluster.Cluster;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description =
        "Engines and hardware found, as JSON; with --model, what a model is and needs; with"
            + " --master, the executors of a cluster.")
final class InfoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Hugging Face folder or GGUF file to tell of.")
  private Path model;

  @Mixin private ClusterMixin clusterMixin;

  @Option(names = "--json", description = "With --model: JSON instead of lines for people.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Optional<Cluster.Connection> connection =
        clusterMixin.connection(spec.commandLine().getErr()::println);
    if (connection.isPresent()) {
      try (Cluster cluster = connection.get().open()) {
        out.println(pretty(cluster.report()));
      }
      return 0;
    }
    if (model == null || json) {
      Object report = model == null ? EngineReport.ofThisMachine() : ModelInfo.of(model).json();
      out.println(pretty(report));
    } else {
      ModelInfo.of(model).lines().forEach(out::println);
    }
    return 0;
  }

  private static String pretty(Object report) throws JsonProcessingException {
    return JsonLines.JSON.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(report);
  }
}
