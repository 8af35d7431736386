package org.treepo4j.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.treepo4j.base.InputException;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.rl.data.ChatMessage;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.sampling.TaskSampler;
import org.treepo4j.rollout.PathSampler;
import org.treepo4j.rollout.SamplingSettings;
import org.treepo4j.tokenizer.DroppedCharacters;
import org.treepo4j.tokenizer.StreamingDecoder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = "Streams a model's continuation of a prompt.")
final class GenerateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private ModelMixin modelMixin;
  @Mixin private AdapterMixin adapter;
  @Mixin private SeedMixin seed;

  @Option(
      names = "--prompt",
      required = true,
      paramLabel = "TEXT",
      description = "What to continue; an empty text starts from BOS.")
  private String prompt;

  @Option(
      names = "--chat",
      description = "The prompt is a user's message, put in the chat template.")
  private boolean chat;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Divides the logits; 0 takes the likeliest token. Default ${DEFAULT-VALUE}.")
  private double temperature = 1;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Keep the likeliest tokens up to this share. Default ${DEFAULT-VALUE}, all.")
  private double topP = 1;

  @Option(names = "--top-k", paramLabel = "K", description = "Keep the K likeliest tokens; 0: all.")
  private int topK;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Most tokens to sample. Default ${DEFAULT-VALUE}.")
  private int maxTokens = 256;

  @Override
  public Integer call() throws Exception {
    SamplingSettings sampling = sampling();
    if (maxTokens <= 0) {
      throw new InputException("--max-tokens must be positive, was " + maxTokens);
    }
    try (OpenModel model = modelMixin.open(adapter)) {
      DroppedCharacters dropped = model.tokenizer().dropped(prompt);
      if (!dropped.isEmpty()) {
        throw new InputException(
            "--prompt holds " + dropped + ", for which the model's tokenizer has no token");
      }
      int[] ids =
          model.encode(
              chat
                  ? new Prompt.Conversation(List.of(new ChatMessage("user", prompt)))
                  : new Prompt.Text(prompt));
      int room = model.lm().config().maxPositions() - ids.length;
      if (room < 1) {
        throw new InputException(
            "--prompt has %d tokens, the model holds %d"
                .formatted(ids.length, model.lm().config().maxPositions()));
      }
      PrintWriter out = spec.commandLine().getOut();
      StreamingDecoder text = model.tokenizer().streamingDecoder(false);
      PathSampler sampler =
          new PathSampler(
              sampling,
              TaskSampler.tokenText(model.tokenizer()),
              model.tokenizer()::hasToken,
              model.eosTokenIds());
      try (BranchingDecoder decoder = model.lm().decoder(DecoderOptions.defaults())) {
        sampler.sample(
            decoder,
            ids,
            seed.value(),
            Math.min(maxTokens, room),
            token -> {
              out.print(text.append(token));
              out.flush();
            });
      }
      out.println(text.finish());
      out.flush();
    }
    return 0;
  }

  private SamplingSettings sampling() {
    try {
      return new SamplingSettings(temperature, topK, topP, 0, List.of(), List.of());
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
  }
}
