package org.treepo4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.checkpoints.gguf.GgufModel;
import org.treepo4j.model.TensorNames;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.rl.data.ModelTokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    description =
        "Writes the model of a GGUF file as a Hugging Face folder, with its tokenizer and chat"
            + " template.")
final class ImportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private TreepoCommand treepo;

  @Parameters(index = "0", paramLabel = "FILE.gguf", description = "GGUF file.")
  private Path file;

  @Parameters(index = "1", paramLabel = "OUT", description = "New folder.")
  private Path out;

  @Option(
      names = "--dtype",
      paramLabel = "T",
      description =
          "f32, f16 or bf16; by default the first of bf16, f16 and f32 that holds every weight"
              + " exactly.")
  private DType dtype;

  @Override
  public Integer call() throws Exception {
    if (Files.exists(out)) {
      throw new InputException(out + ": exists already");
    }
    ModelTokenizer.open(file); // refused before any weight is read
    try (GgufModel model = GgufModel.open(file)) {
      WeightsLoader.check(model);
      ExportOptions options = options(model);
      if (!treepo.output().quiet()) {
        spec.commandLine()
            .getErr()
            .println(
                "%s: %s, %s; written as %s"
                    .formatted(
                        file,
                        model.config().architecture().modelType(),
                        String.join(", ", model.elementsByType().keySet()),
                        options.dtype()));
      }
      HfExport.write(
          out,
          model.config(),
          TensorNames.shapes(model.config()),
          model::readFloats,
          options,
          aside -> ModelTokenizer.writeConverted(file, aside));
    }
    spec.commandLine().getOut().println(out);
    return 0;
  }

  private ExportOptions options(ModelSource model) throws IOException {
    try {
      return ExportOptions.of(
          dtype == null
              ? ExactType.of(TensorNames.shapes(model.config()).keySet(), model::readFloats)
              : dtype,
          Optional.empty());
    } catch (IllegalArgumentException e) {
      throw new InputException("--" + e.getMessage());
    }
  }
}
