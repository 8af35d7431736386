package org.treepo4j.cli;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
    EngineReport report = EngineReport.ofThisMachine();
    ObjectNode json = JsonLines.JSON.createObjectNode();
    json.put("java", report.java());
    json.put("os", report.os());
    json.put("processors", report.processors());
    json.put("maxHeapBytes", report.maxHeapBytes());
    json.put("physicalMemoryBytes", report.physicalMemoryBytes());
    report.engines().forEach(json::put);
    report.facts().forEach(json::putPOJO);
    json.put("auto", report.auto());
    spec.commandLine()
        .getOut()
        .println(
            JsonLines.JSON.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(json));
    return 0;
  }
}
