package org.treepo4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.checkpoints.gguf.GgmlType;
import org.treepo4j.checkpoints.gguf.GgufExport;
import org.treepo4j.model.Weights;
import org.treepo4j.rl.data.ModelTokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description =
        "Writes a model, with adapters merged, as a folder that Hugging Face readers accept, or as"
            + " a GGUF file for llama.cpp.")
final class ExportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private TreepoCommand treepo;

  private enum Format {
    HF,
    GGUF
  }

  private enum Type {
    F32,
    F16,
    BF16,
    Q8_0
  }

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Hugging Face folder, checkpoint or GGUF file; with --adapter, the base model.")
  private Path folder;

  @Mixin private AdapterMixin adapter;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "OUT",
      description = "New folder; with --format gguf, new file.")
  private Path out;

  @Option(names = "--format", paramLabel = "F", description = "hf or gguf; default hf.")
  private Format format = Format.HF;

  @Option(
      names = {"--type", "--dtype"},
      paramLabel = "T",
      description =
          "f32, f16, bf16 or, with --format gguf, q8_0; by default the first of bf16, f16 and f32"
              + " that holds every weight exactly.")
  private Type type;

  @Option(
      names = "--max-shard-gb",
      paramLabel = "GB",
      description = "Most gigabytes in one file of a folder; default ${DEFAULT-VALUE}.")
  private double maxShardGb = 5;

  @Override
  public Integer call() throws Exception {
    if (Files.exists(out)) {
      throw new InputException(out + ": exists already");
    }
    if (format == Format.GGUF) {
      writeGguf();
    } else {
      writeFolder();
    }
    spec.commandLine().getOut().println(out);
    return 0;
  }

  private void writeFolder() throws IOException {
    Weights written = weights();
    ExportOptions options = options(written);
    tell(written, options.dtype());
    HfExport.write(
        out,
        written.config(),
        written.shapes(),
        name -> written.parameter(name).values(),
        options,
        aside -> ModelTokenizer.writeConverted(folder, aside));
  }

  private void writeGguf() throws IOException {
    ModelTokenizer.ForGguf tokenizer =
        ModelTokenizer.forGguf(folder, ModelSource.readConfig(folder));
    if (!treepo.output().quiet()) {
      for (String note : tokenizer.notes()) {
        spec.commandLine().getErr().println("note: " + note);
      }
    }
    Weights written = weights();
    GgufExport.write(
        out,
        written.config(),
        written.shapes(),
        name -> written.parameter(name).values(),
        type == null
            ? GgmlType.valueOf(ExactType.of(written).name())
            : GgmlType.valueOf(type.name()),
        folder.toAbsolutePath().normalize().getFileName().toString(),
        tokenizer.vocabulary());
  }

  private Weights weights() throws IOException {
    try (ModelSource opened = ModelSource.open(folder)) {
      Weights weights = adapter.load(opened);
      tellParts(opened);
      return weights;
    }
  }

  /** Says what becomes of the tensors that are no part of the text model. */
  private void tellParts(ModelSource source) {
    if (source instanceof HfFolder model && !model.passedOver().isEmpty()) {
      String fate =
          format == Format.GGUF
              ? "are not in the export, which is the text model alone"
              : "go along as they are";
      spec.commandLine()
          .getErr()
          .println(
              "%s: %d tensors of vision and multi-token prediction %s: %s"
                  .formatted(
                      folder,
                      model.passedOver().size(),
                      fate,
                      model.passedOver().stream().limit(3).collect(Collectors.joining(", "))
                          + (model.passedOver().size() > 3 ? ", …" : "")));
    }
  }

  private ExportOptions options(Weights weights) throws IOException {
    if (type == Type.Q8_0) {
      throw new InputException("--type q8_0 needs --format gguf");
    }
    try {
      return new ExportOptions(
              type == null ? ExactType.of(weights) : DType.valueOf(type.name()),
              (long) (maxShardGb * 1e9),
              Optional.of(folder))
          .withPartsOf(folder);
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
  }

  /** What is written, and what of it is lost where the user asks for a type that rounds. */
  private void tell(Weights weights, DType type) {
    double lost = this.type == null ? 0 : ExactType.rounded(weights, type);
    String loss =
        lost == 0
            ? ""
            : String.format(
                Locale.ROOT,
                ": %.1f %% of the weights are rounded, by which small changes of training are lost; %s keeps all",
                100 * lost,
                "--dtype f32");
    if (!treepo.output().quiet() || lost > 0) {
      PrintWriter err = spec.commandLine().getErr();
      err.println(out + ": written as " + type.name().toLowerCase(Locale.ROOT) + loss);
      err.flush();
    }
  }
}
