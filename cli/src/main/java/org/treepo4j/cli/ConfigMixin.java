package org.treepo4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.treepo4j.base.settings.SettingsReader;
import picocli.CommandLine.Option;

/** Settings of a command that also does without: a file, overrides, both or neither. */
final class ConfigMixin {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML with the sections of a run's settings that this command has.")
  private Path file;

  @Option(
      names = "--set",
      paramLabel = "a.b=c",
      description =
          "A setting, such as rollout.maxWidth=8 or data.fields.prompt=question; may be given many"
              + " times. docs/settings.md lists them.")
  private List<String> overrides = new ArrayList<>();

  /**
   * @param type its components are the sections the command has
   */
  <R extends Record> R read(Class<R> type) {
    return SettingsReader.read(type, file, overrides);
  }
}
