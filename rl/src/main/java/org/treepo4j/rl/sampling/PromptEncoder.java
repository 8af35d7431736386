package org.treepo4j.rl.sampling;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.rl.data.ChatMessage;
import org.treepo4j.rl.data.Lengths;
import org.treepo4j.rl.data.ModelTokenizer;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.rl.data.Task;
import org.treepo4j.tokenizer.ChatTemplate;
import org.treepo4j.tokenizer.DroppedCharacters;
import org.treepo4j.tokenizer.Tokenizer;
import org.treepo4j.tokenizer.TokenizerException;

/**
 * Prompts as token ids: text with the model's BOS, conversations through its chat template. A
 * prompt is encoded once; data, checks and every epoch get the same array. For one thread.
 */
public final class PromptEncoder {
  /**
   * The time for chat templates that ask for it: a run must not depend on the day it is made on, or
   * resumed on, or on where its executors are.
   */
  public static final LocalDateTime TIME = LocalDateTime.of(2026, 1, 1, 12, 0);

  private static final Pattern OPENING = Pattern.compile("<think>\\s*(</think>\\s*)?$");

  /** Tokens remembered at most: 64 MB. Further prompts are encoded whenever they are asked for. */
  private static final int MOST_REMEMBERED = 1 << 24;

  private final Tokenizer tokenizer;
  private final Optional<ChatFormat> chatFormat;
  private final Optional<ModelTokenizer> ends;
  private final OptionalInt turnEnd;
  private final Map<Prompt, Encoded> encoded = new HashMap<>();
  private long remembered;

  /**
   * A prompt as the model reads it.
   *
   * @param opening what it already says of the answer
   * @param dropped what the tokenizer has no token for
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  private record Encoded(int[] ids, String opening, DroppedCharacters dropped) {}

  /** Writes a conversation as the model wants to read it, ready for its turn. */
  @FunctionalInterface
  public interface ChatFormat {
    String format(List<ChatMessage> messages);
  }

  /**
   * @param chatFormat empty for a model without a chat template
   */
  public PromptEncoder(Tokenizer tokenizer, Optional<ChatFormat> chatFormat) {
    this(tokenizer, chatFormat, Optional.empty());
  }

  private PromptEncoder(
      Tokenizer tokenizer, Optional<ChatFormat> chatFormat, Optional<ModelTokenizer> ends) {
    this.tokenizer = tokenizer;
    this.chatFormat = chatFormat;
    this.ends = ends;
    this.turnEnd = ends.map(ModelTokenizer::turnEnd).orElse(OptionalInt.empty());
  }

  /**
   * The encoder of a model, through its chat template where it has one; the template is told that
   * it is {@link #TIME}.
   */
  public static PromptEncoder of(ModelTokenizer model) {
    return new PromptEncoder(
        model.tokenizer(),
        model.chatTemplate().map(template -> chatFormat(template.at(TIME))),
        Optional.of(model));
  }

  /**
   * The ids that end an answer.
   *
   * @param ofModel those of the model's configuration, to which the tokenizer's are added
   */
  public List<Integer> endTokens(List<Integer> ofModel) {
    return ends.map(model -> model.endTokens(ofModel)).orElse(ofModel);
  }

  /**
   * The id that ends a written answer to a prompt: in a conversation what the chat template puts
   * there, else what the tokenizer names, else the first that the model's configuration names.
   *
   * @param ofModel those of the model's configuration
   * @return −1 where nothing is named
   */
  public int endToken(Prompt prompt, List<Integer> ofModel) {
    if (turnEnd.isPresent() && prompt instanceof Prompt.Conversation) {
      return turnEnd.getAsInt();
    }
    List<Integer> all = endTokens(ofModel);
    return all.isEmpty() ? -1 : all.get(0);
  }

  /**
   * What a prompt already says of the answer: an opening {@code <think>} at its end, with a closing
   * one where the answer is to be given without thoughts. Empty where it says nothing.
   */
  public String opening(Prompt prompt) {
    return encoded(prompt).opening();
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

  /** The characters that a prompt loses when it is encoded. */
  public DroppedCharacters dropped(Prompt prompt) {
    return encoded(prompt).dropped();
  }

  /** One line on prompts that lose characters when they are encoded; empty where none does. */
  public Optional<String> droppedNote(List<Task> tasks) {
    int losing = 0;
    DroppedCharacters all = DroppedCharacters.NONE;
    for (Task task : tasks) {
      DroppedCharacters dropped = dropped(task.prompt());
      if (!dropped.isEmpty()) {
        losing++;
        all = all.and(dropped);
      }
    }
    return losing == 0
        ? Optional.empty()
        : Optional.of(all.note(losing + " of " + tasks.size() + " prompts"));
  }

  /**
   * The token ids of a prompt; not a copy.
   *
   * @throws IllegalArgumentException when a conversation meets a model without a chat template
   */
  public int[] encode(Prompt prompt) {
    return encoded(prompt).ids();
  }

  private Encoded encoded(Prompt prompt) {
    Encoded known = encoded.get(prompt);
    if (known != null) {
      return known;
    }
    String text = text(prompt);
    int[] ids =
        prompt instanceof Prompt.Conversation
            ? tokenizer.encode(text)
            : tokenizer.encode(text, true);
    Matcher thoughts = OPENING.matcher(text);
    Encoded anew =
        new Encoded(ids, thoughts.find() ? thoughts.group() : "", tokenizer.dropped(text));
    if (remembered + ids.length <= MOST_REMEMBERED) {
      encoded.put(prompt, anew);
      remembered += ids.length;
    }
    return anew;
  }

  private String text(Prompt prompt) {
    if (prompt instanceof Prompt.Conversation conversation) {
      ChatFormat format =
          chatFormat.orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "prompts are conversations, but the model has no chat template"));
      return format.format(conversation.messages());
    }
    return prompt.text();
  }
}
