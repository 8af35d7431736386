package org.treepo4j.rl.sampling;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.rl.data.ChatMessage;
import org.treepo4j.rl.data.Lengths;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.Task;
import org.treepo4j.tokenizer.ChatTemplate;
import org.treepo4j.tokenizer.Tokenizer;
import org.treepo4j.tokenizer.TokenizerException;

/**
 * Prompts as token ids: text with the model's BOS, conversations through its chat template. A
 * prompt is encoded once; data, checks and every epoch get the same array. For one thread.
 */
public final class PromptEncoder {
  /** Tokens remembered at most: 64 MB. Further prompts are encoded whenever they are asked for. */
  private static final int MOST_REMEMBERED = 1 << 24;

  private final Tokenizer tokenizer;
  private final Optional<ChatFormat> chatFormat;
  private final Map<Prompt, int[]> encoded = new HashMap<>();
  private long remembered;

  /** Writes a conversation as the model wants to read it, ready for its turn. */
  @FunctionalInterface
  public interface ChatFormat {
    String format(List<ChatMessage> messages);
  }

  /**
   * @param chatFormat empty for a model without a chat template
   */
  public PromptEncoder(Tokenizer tokenizer, Optional<ChatFormat> chatFormat) {
    this.tokenizer = tokenizer;
    this.chatFormat = chatFormat;
  }

  /** The encoder of a model folder, through its chat template where it has one. */
  public static PromptEncoder of(Path folder, Tokenizer tokenizer) throws IOException {
    return new PromptEncoder(
        tokenizer, ModelTokenizer.chatTemplate(folder).map(PromptEncoder::chatFormat));
  }

  private static ChatFormat chatFormat(ChatTemplate template) {
    return messages -> {
      ArrayNode json = JsonNodeFactory.instance.arrayNode();
      for (ChatMessage message : messages) {
        json.addObject().put("role", message.role()).put("content", message.content());
      }
      try {
        return template.render(json, true);
      } catch (TokenizerException e) {
        throw new IllegalArgumentException(e.getMessage(), e);
      }
    };
  }

  /**
   * Holds the prompts of tasks against the model, before anything expensive is done with one.
   *
   * @return their lengths in tokens
   * @throws IllegalArgumentException naming the first task whose prompt is empty, leaves no room
   *     for a response, or cannot be written as the model wants it
   */
  public Lengths check(List<Task> tasks, ModelConfig model) {
    IntStream.Builder lengths = IntStream.builder();
    for (Task task : tasks) {
      int[] ids;
      try {
        ids = encode(task.prompt());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("task " + task.id() + ": " + e.getMessage(), e);
      }
      if (ids.length == 0) {
        throw new IllegalArgumentException("task " + task.id() + ": the prompt has no tokens");
      }
      if (ids.length >= model.maxPositions()) {
        throw new IllegalArgumentException(
            "task %s: the prompt has %d tokens, the model holds %d with the response"
                .formatted(task.id(), ids.length, model.maxPositions()));
      }
      int highest = Arrays.stream(ids).max().getAsInt();
      if (highest >= model.vocabSize()) {
        throw new IllegalArgumentException(
            "task %s: the tokenizer gives token %d, the model has %d; they do not belong together"
                .formatted(task.id(), highest, model.vocabSize()));
      }
      lengths.add(ids.length);
    }
    return Lengths.of(lengths.build());
  }

  /**
   * The token ids of a prompt; not a copy.
   *
   * @throws IllegalArgumentException when a conversation meets a model without a chat template
   */
  public int[] encode(Prompt prompt) {
    int[] known = encoded.get(prompt);
    if (known != null) {
      return known;
    }
    int[] ids = encodeAnew(prompt);
    if (remembered + ids.length <= MOST_REMEMBERED) {
      encoded.put(prompt, ids);
      remembered += ids.length;
    }
    return ids;
  }

  private int[] encodeAnew(Prompt prompt) {
    if (prompt instanceof Prompt.Conversation conversation) {
      ChatFormat format =
          chatFormat.orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "prompts are conversations, but the model has no chat template"));
      return tokenizer.encode(format.format(conversation.messages()));
    }
    return tokenizer.encode(prompt.text(), true);
  }
}
