package org.treepo4j.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.treepo4j.base.InputException;
import org.treepo4j.base.settings.Setting;
import org.treepo4j.rl.data.DataSettings;
import org.treepo4j.rl.data.DataSummary;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.sampling.PromptEncoder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    description = "What was understood of a file of tasks, with length statistics, as JSON.")
final class DataCommand implements Callable<Integer> {
  /** What {@code --set} and {@code --config} may say, here and to {@code split}. */
  record Settings(@Setting("how rows are read") DataSettings data) {
    public static Settings defaults() {
      return new Settings(DataSettings.defaults());
    }
  }

  @Spec private CommandSpec spec;
  @Mixin private ConfigMixin config;

  @Parameters(paramLabel = "FILE", description = "JSON lines, JSON array or Parquet.")
  private Path file;

  @Option(
      names = "--tokenizer",
      paramLabel = "DIR",
      description = "Also counts the prompts' tokens.")
  private Path tokenizerFolder;

  @Override
  public Integer call() throws Exception {
    DataSettings settings = config.read(Settings.class).data();
    InputException.requireFile(file);
    Optional<ToIntFunction<Prompt>> promptTokens = Optional.empty();
    if (tokenizerFolder != null) {
      PromptEncoder prompts = PromptEncoder.of(ModelTokenizer.open(tokenizerFolder));
      promptTokens = Optional.of(prompt -> prompts.encode(prompt).length);
    }
    DataSummary summary = DataSummary.of(file, settings.fields(), promptTokens);
    ObjectMapper json =
        JsonLines.JSON
            .copy()
            .registerModule(new com.fasterxml.jackson.datatype.jdk8.Jdk8Module())
            .setSerializationInclusion(JsonInclude.Include.NON_ABSENT)
            .enable(SerializationFeature.INDENT_OUTPUT);
    spec.commandLine().getOut().println(json.writeValueAsString(summary));
    return summary.badRows().isEmpty() ? 0 : 2;
  }
}
