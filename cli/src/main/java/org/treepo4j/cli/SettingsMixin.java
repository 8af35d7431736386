package org.treepo4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.treepo4j.base.settings.SettingsReader;
import org.treepo4j.rl.run.RunFolder;
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

  boolean resume() {
    return resume;
  }

  <R extends Record> R read(Class<R> type) {
    return SettingsReader.read(type, file, overrides);
  }

  /**
   * The folder the run goes to, or goes on in, locked until it is closed.
   *
   * @param settings of the run
   * @param output the folder they name
   * @throws InputException for settings that a run in that folder cannot go on with
   */
  RunFolder runFolder(Record settings, Path output, RunConsole console) throws IOException {
    return RunFolder.open(settings, output, resume, console);
  }
}
