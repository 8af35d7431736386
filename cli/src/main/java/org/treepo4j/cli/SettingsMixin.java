package org.treepo4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.treepo4j.cli.settings.SettingsReader;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A settings file with overrides. */
final class SettingsMixin {
  @Parameters(paramLabel = "CONFIG.yaml", description = "Settings; docs/settings.md lists them.")
  private Path file;

  @Option(
      names = "--set",
      paramLabel = "a.b=c",
      description = "Overrides a setting of the file; may be given many times.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--resume",
      description = "Go on from the newest complete checkpoint of the run in the output folder.")
  private boolean resume;

  <R extends Record> R read(Class<R> type) {
    return SettingsReader.read(type, file, overrides);
  }

  boolean resume() {
    return resume;
  }

  RunFolder runFolder(Path output, RunConsole console) throws java.io.IOException {
    return resume ? RunFolder.resumed(output, console) : RunFolder.fresh(output, console);
  }
}
