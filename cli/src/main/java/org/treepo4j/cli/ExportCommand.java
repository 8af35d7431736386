package org.treepo4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.ExportOptions;
import org.treepo4j.checkpoints.HfExport;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.ModelSource;
import org.treepo4j.checkpoints.PeftAdapter;
import org.treepo4j.model.LoraAdapters;
import org.treepo4j.model.LoraSettings;
import org.treepo4j.model.Weights;
import org.treepo4j.model.WeightsLoader;
import org.treepo4j.rl.data.ModelTokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description =
        "Writes a model as a folder that Hugging Face readers accept, with adapters merged.")
final class ExportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Hugging Face folder, checkpoint or GGUF file; with --adapter, the base model.")
  private Path folder;

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = "LoRA adapter in PEFT's layout, or a checkpoint of one, to merge.")
  private Path adapter;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "New folder.")
  private Path out;

  @Option(
      names = "--dtype",
      paramLabel = "T",
      description = "f32, f16 or bf16; default ${DEFAULT-VALUE}.")
  private DType dtype = DType.BF16;

  @Option(
      names = "--max-shard-gb",
      paramLabel = "GB",
      description = "Most gigabytes in one file; default ${DEFAULT-VALUE}.")
  private double maxShardGb = 5;

  @Override
  public Integer call() throws Exception {
    ExportOptions options = options();
    if (Files.exists(out)) {
      throw new InputException(out + ": exists already");
    }
    Weights weights;
    try (ModelSource opened = ModelSource.open(folder)) {
      weights = WeightsLoader.load(opened);
      nameLoss(opened);
    }
    if (adapter != null) {
      weights = merged(weights);
    }
    Weights written = weights;
    HfExport.write(
        out,
        written.config(),
        written.shapes(),
        name -> written.parameter(name).values(),
        options,
        aside -> ModelTokenizer.writeConverted(folder, aside));
    spec.commandLine().getOut().println(out);
    return 0;
  }

  /** The export is a text model: says what of the folder is not in it. */
  private void nameLoss(ModelSource source) {
    if (source instanceof HfFolder model && !model.passedOver().isEmpty()) {
      spec.commandLine()
          .getErr()
          .println(
              "%s: %d tensors are not in the export, which is the text model alone (vision, multi-token prediction): %s"
                  .formatted(
                      folder,
                      model.passedOver().size(),
                      model.passedOver().stream().limit(3).collect(Collectors.joining(", "))
                          + (model.passedOver().size() > 3 ? ", …" : "")));
    }
  }

  private ExportOptions options() {
    try {
      return new ExportOptions(dtype, (long) (maxShardGb * 1e9), Optional.of(folder));
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
  }

  private Weights merged(Weights base) throws CheckpointException {
    PeftAdapter stored = PeftAdapter.read(adapter);
    try {
      LoraAdapters adapters = LoraAdapters.attach(base, LoraSettings.of(stored.config()), 0);
      adapters.load(stored);
      adapters.mergeIntoWeights();
      return adapters.modelWeights();
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(adapter, e.getMessage());
    }
  }
}
