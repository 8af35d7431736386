package org.treepo4j.rl.train;

import java.util.List;
import java.util.Optional;
import org.treepo4j.rl.data.ChatMessage;
import org.treepo4j.rl.data.Prompt;
import org.treepo4j.tokenizer.Tokenizer;

/** Prompts as token ids: text with the model's BOS, conversations through its chat template. */
public final class PromptEncoder {
  private final Tokenizer tokenizer;
  private final Optional<ChatFormat> chatFormat;

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

  /**
   * @throws IllegalArgumentException when a conversation meets a model without a chat template
   */
  public int[] encode(Prompt prompt) {
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
