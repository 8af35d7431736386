package org.treepo4j.rl.data;

import java.util.List;

/** What the policy is asked: plain text, or a conversation for the model's chat template. */
public sealed interface Prompt {

  /** The prompt as one text, for templates, length filters and people. */
  String text();

  /** Text that goes to the tokenizer as it stands. */
  record Text(String text) implements Prompt {
    public Text {
      if (text == null) {
        throw new IllegalArgumentException("text must be given");
      }
    }
  }

  /** Messages that go through the model's chat template. */
  record Conversation(List<ChatMessage> messages) implements Prompt {
    public Conversation {
      messages = List.copyOf(messages);
      if (messages.isEmpty()) {
        throw new IllegalArgumentException("messages must hold at least one message");
      }
    }

    @Override
    public String text() {
      StringBuilder joined = new StringBuilder();
      for (ChatMessage message : messages) {
        joined.append(joined.isEmpty() ? "" : "\n").append(message.content());
      }
      return joined.toString();
    }
  }
}
